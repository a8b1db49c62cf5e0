"""Which rows an artifact proves itself with. Made up from it: no real account is stored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.peers import Peers
from serving.scoring.scorecard import Scorecard

#: Rows drawn at random, beside the edge cases.
RANDOM_ROWS = 128

#: Share of the random values of an absolute metric's columns that are not known.
_MISSING_SHARE = 0.05
#: What is tried around a number that a definition names.
_NEAR = (-1.0, -1e-6, 0.0, 1e-6, 1.0)
#: Values that no definition names and every column may have.
_USUAL = (0.0, 0.5, 1.0, 2.0, 10.0, 100.0, 1000.0)


class _Column(NamedTuple):
    """What is tried of a column; `at_random` has shape (RANDOM_ROWS,)."""

    at_random: NDArray[np.float64]
    low: float
    high: float
    #: By how much the edges are exceeded.
    beyond: float
    #: Each of these is tried in a row of its own.
    places: tuple[float, ...] = ()


def golden_accounts(
    scorecard: Scorecard, tables: Peers | None, *, seed: int
) -> NDArray[np.float64]:
    """Make up accounts: random ones, and the edges.

    Edges: every column at its lowest and highest, beyond both, all missing, each column missing
    in turn, zeros, categories that do not exist, and for every number that stands in the
    definition of an absolute metric, its columns just below it, at it and just above it.

    Returns
    -------
    ndarray of shape (n_rows, n_inputs)
        Encoded, columns in the order of the scorecard's inputs.
    """
    rng = np.random.default_rng(seed)
    inputs = scorecard.inputs
    curves = {}
    if tables is not None:
        curves = {axis.input.name: axis.pooled for axis in tables.axes}
        curves |= {name: table.pooled for name, table in tables.metrics.items()}
    named = _numbers_by_column(scorecard)
    columns = []
    for column in inputs:
        if column.name not in curves:
            columns.append(_of_definition(column, named.get(column.name, ()), rng))
        elif (curve := curves[column.name]) is None:
            codes = rng.integers(0, len(column.categories), RANDOM_ROWS).astype(float)
            columns.append(_Column(codes, 0.0, len(column.categories) - 1.0, 1.0))
        else:
            # Stored points, so that atoms (zeros, top codes) come as often as they are.
            drawn = np.interp(rng.random(RANDOM_ROWS), curve.ranks, curve.values)
            columns.append(_Column(drawn, curve.values[0], curve.values[-1], 1.0))
    return _rows(columns)


def _rows(columns: Sequence[_Column]) -> NDArray[np.float64]:
    random = np.column_stack([column.at_random for column in columns])
    bottom = np.array([column.low for column in columns])
    top = np.array([column.high for column in columns])
    beyond = np.array([column.beyond for column in columns])
    width = len(columns)
    holed = random[np.arange(width) % RANDOM_ROWS]
    holes = np.where(np.eye(width, dtype=bool), np.nan, holed)
    edges = [bottom, top, bottom - beyond, top + beyond, np.full(width, np.nan), 0.0 * bottom]
    tried = [
        _with(random[number % RANDOM_ROWS], place, value)
        for place, column in enumerate(columns)
        for number, value in enumerate(column.places)
    ]
    return np.vstack([random, np.array(edges), holes, *tried])


def _with(row: NDArray[np.float64], place: int, value: float) -> NDArray[np.float64]:
    changed = row.copy()
    changed[place] = value
    return changed


def _of_definition(column: Input, named: Sequence[float], rng: np.random.Generator) -> _Column:
    """Try a column of absolute metrics: what it can hold, and what their definitions name."""
    if column.type in ("category", "boolean"):
        count = len(column.categories) if column.type == "category" else 2
        places = tuple(float(code) for code in range(count))
        # Beyond the codes there is nothing: a label that is not known is a missing value.
        return _Column(_holed(rng.choice(places, RANDOM_ROWS), rng), 0.0, count - 1.0, 0.0, places)
    least = -math.inf if column.minimum is None else column.minimum
    near = (value + step for value in named for step in _NEAR)
    places = tuple(sorted({value for value in (*near, *_USUAL) if value >= least}))
    return _Column(_holed(rng.choice(places, RANDOM_ROWS), rng), places[0], places[-1], 0.0, places)


def _holed(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return np.where(rng.random(len(values)) < _MISSING_SHARE, np.nan, values)


def _numbers_by_column(scorecard: Scorecard) -> dict[str, tuple[float, ...]]:
    """Give, for every column of an absolute metric, the numbers in the metrics that read it."""
    found: dict[str, set[float]] = {}
    for metric in scorecard.absolute_metrics:
        numbers = {*_numbers(metric.signal.to_dict()), metric.max_age_days or 0.0}
        for column in metric.inputs:
            found.setdefault(column.name, set()).update(numbers)
    return {name: tuple(sorted(numbers)) for name, numbers in found.items()}


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
