"""From a table of accounts to the arrays a fit takes, with the evaluation accounts kept out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.distribution import LARGEST_VALUE
from serving.scoring.encoding import encode_column
from serving.scoring.smooth_terms import MAX_DIMENSIONS
from training.axes import fit_axes
from training.definition import Definition
from training.errors import DataError
from training.plan import FitPlan, Plan
from training.split import Split, split_accounts

#: More categories than this are not categories but names.
MAX_CATEGORIES = 200


@dataclass(frozen=True)
class TrainingData:
    """What a fit needs.

    Attributes
    ----------
    plan : Plan
    metrics : mapping
        Name → what the plan knows the metric by.
    categories : mapping of str to tuple of str
        The values of every category input, sorted.
    """

    plan: Plan[Any]
    metrics: Mapping[str, Any]
    categories: Mapping[str, tuple[str, ...]]


def prepare(
    definition: Definition, frame: pd.DataFrame, *, seed: int, scoring_date: dt.date | None
) -> TrainingData:
    """Split the accounts, list the categories, lay the grid; accounts are sorted by id.

    Parameters
    ----------
    frame : DataFrame
        ``acct_id`` and the scorecard's columns, as `read_accounts` gives.

    Raises
    ------
    DataError
        If a split or a dimension is empty, or a category has too many values.
    """
    check_dimensions(definition)
    split = split_accounts(frame["acct_id"])
    if not (split < Split.EVALUATE).any():
        raise DataError(f"{len(frame)} accounts are too few: none is left to fit")
    # Sorted by id, so that the order of rows in the files changes nothing.
    known = frame[split < Split.EVALUATE].sort_values("acct_id")
    columns = [_with_categories(column, known) for column in definition.peer_dimension_inputs]
    dimensions = np.column_stack(
        [encode_column(column, known[column.name], scoring_date) for column in columns]
    )
    names = definition.peer_metric_names
    numbers = [column.name for column in columns if column.type == "number"]
    for name in (*numbers, *names):
        check_size(name, known[name].to_numpy(np.float64))
    plan = FitPlan(
        axes=fit_axes(columns, dimensions),
        dimensions=dimensions,
        split=split_accounts(known["acct_id"]),
        seed=seed,
    )
    return TrainingData(
        plan=plan,
        metrics={name: known[name].to_numpy(np.float64) for name in names},
        categories={column.name: column.categories for column in columns if column.categories},
    )


def list_categories(definition: Definition, frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Give the values of every category among the peer dimensions, sorted; raises DataError."""
    columns = [_with_categories(column, frame) for column in definition.peer_dimension_inputs]
    return {column.name: column.categories for column in columns if column.categories}


def check_dimensions(definition: Definition) -> None:
    """Raise DataError if there are more peer dimensions than are supported."""
    if len(definition.peer_dimension_inputs) > MAX_DIMENSIONS:
        raise DataError(
            f"{len(definition.peer_dimension_inputs)} peer dimensions; "
            f"{MAX_DIMENSIONS} are the most that are supported"
        )


def check_size(name: str, values: NDArray[np.float64]) -> None:
    """Raise DataError if a number is so large that the span of two is none."""
    beyond = np.flatnonzero(np.abs(values) > LARGEST_VALUE)
    if len(beyond):
        raise DataError(
            f"{name} holds {values[beyond[0]]:g}; numbers up to {LARGEST_VALUE:.2g} are supported"
        )


def with_categories(column: Input, values: Collection[str]) -> Input:
    """List a category's values, given sorted; raises DataError if there are too many, or none."""
    if not 0 < len(values) <= MAX_CATEGORIES:
        count = f"more than {MAX_CATEGORIES}" if len(values) > MAX_CATEGORIES else "no"
        raise DataError(
            f"{column.name} has {count} categories; 1 to {MAX_CATEGORIES} are supported"
        )
    return Input(column.name, column.type, tuple(values))


def _with_categories(column: Input, frame: pd.DataFrame) -> Input:
    if column.type != "category":
        return column
    return with_categories(column, sorted(frame[column.name].dropna().unique()))
