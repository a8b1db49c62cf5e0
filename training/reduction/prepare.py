"""From accounts in a store to the plan of a fit: what `training.prepare` does in memory."""

from __future__ import annotations

import datetime as dt

from serving.scoring.column import Input
from training.axes import is_grid, lay_axes
from training.definition import Definition
from training.errors import DataError, TooManyPlaces
from training.peer_models.counting import bins_of
from training.plan import Observed
from training.prepare import (
    MAX_CATEGORIES,
    TrainingData,
    check_dimensions,
    check_size,
    with_categories,
)
from training.reduction.counted_plan import CountedPlan, count_cells
from training.reduction.store import AccountStore, Encoding
from training.reduction.value_counts import count_values
from training.split import Split


def prepare_counted(
    definition: Definition, store: AccountStore, *, seed: int, scoring_date: dt.date | None
) -> TrainingData:
    """List the categories, count all values, lay the grid, count accounts by cell.

    Raises
    ------
    DataError
        As `prepare`.
    TooManyPlaces
        If the peer dimensions are so many, or have so many categories, that accounts cannot be
        counted by cell.
    """
    check_dimensions(definition)
    accounts = int(store.split_counts[: Split.EVALUATE].sum())
    if not accounts:
        raise DataError(
            f"{int(store.split_counts.sum())} accounts are too few: none is left to fit"
        )
    columns = [_listed(column, store) for column in definition.peer_dimension_inputs]
    metrics = [
        column for column in definition.columns() if column.name in definition.peer_metric_names
    ]
    encoding = Encoding({column.name: column for column in (*columns, *metrics)}, scoring_date)
    counts = count_values(store, encoding, list(encoding.inputs))
    for column in (*columns, *metrics):
        if column.type == "number" and (found := counts[column.name]) is not None:
            check_size(column.name, found.values)
    axes = lay_axes(columns, [counts[column.name] for column in columns])
    categories = tuple(len(axis.input.categories) for axis in axes)
    if not is_grid(axes) or bins_of(categories) is None:
        raise TooManyPlaces(
            f"{', '.join(column.name for column in columns)}: these peer dimensions are too many "
            "to count accounts by, and there are too many accounts to do without: leave out a "
            "dimension, make fewer categories of it, or train on fewer accounts"
        )
    observed = {
        name: Observed.of(found, found.of_value(0.0))
        for name in definition.peer_metric_names
        if (found := counts[name]) is not None
    }
    cells = count_cells(axes, observed, categories)
    plan = CountedPlan(
        axes, seed, store, encoding, accounts, observed, cells, store.reduce(cells, encoding)
    )
    return TrainingData(
        plan,
        {name: name for name in definition.peer_metric_names},
        {column.name: column.categories for column in columns if column.categories},
    )


def _listed(column: Input, store: AccountStore) -> Input:
    if column.type != "category":
        return column
    return with_categories(column, store.categories(column.name, MAX_CATEGORIES))
