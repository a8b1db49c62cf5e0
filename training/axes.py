"""The grid of peer dimensions: one axis each, fitted to the accounts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from training.errors import DataError
from training.pooled import ValueCounts, count_values, pool_dimension

#: Nodes along each numeric axis, by how many numeric axes there are.
NODES = {0: 0, 1: 81, 2: 41, 3: 17}
#: Beyond this many nodes a table is no longer small.
MAX_NODES = 40_000
#: An even node this near to a step would add nothing.
_TOO_CLOSE = 1e-9


def fit_axes(columns: Sequence[Input], dimensions: NDArray[np.float64]) -> tuple[Axis, ...]:
    """Lay the grid over accounts; see `lay_axes`.

    Parameters
    ----------
    columns : sequence of Input
        The peer dimensions; categories with their values listed.
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        Encoded; NaN = not known.

    Raises
    ------
    DataError
        If a dimension is never known.
    """
    known = (values[~np.isnan(values)] for values in dimensions.T)
    return lay_axes(columns, [count_values(values) if len(values) else None for values in known])


def lay_axes(columns: Sequence[Input], counts: Sequence[ValueCounts | None]) -> tuple[Axis, ...]:
    """Lay the grid; where it would be too large (`is_grid`), axes that only turn into ranks.

    Parameters
    ----------
    counts : sequence of ValueCounts
        Of each dimension, how many accounts have which value; None where no account has one.

    Raises
    ------
    DataError
        If a dimension is never known.
    """
    bare = tuple(map(_fit_axis, columns, counts))
    if not is_grid(bare):
        return bare
    nodes = NODES[sum(axis.pooled is not None for axis in bare)]
    return tuple(replace(axis, nodes=_nodes(axis, nodes)) for axis in bare)


def is_grid(axes: Sequence[Axis]) -> bool:
    """Tell whether a table over these dimensions is small; else models are served themselves."""
    numbers = [axis for axis in axes if axis.pooled is not None]
    if len(numbers) not in NODES:
        return False
    sizes = [1 + len(_nodes(axis, NODES[len(numbers)])) for axis in numbers]
    sizes += [axis.size for axis in axes if axis.pooled is None]
    return math.prod(sizes) <= MAX_NODES


def _nodes(axis: Axis, most: int) -> NDArray[np.float64]:
    """Give a node to each value, or where there are many, nodes at even ranks."""
    if axis.pooled is None:
        return np.empty(0)
    few = len(axis.pooled.ranks) <= most
    return axis.pooled.ranks if few else np.linspace(0.0, 1.0, most)


def _fit_axis(column: Input, counts: ValueCounts | None) -> Axis:
    if counts is None:
        raise DataError(f"{column.name} is empty for every account")
    if column.type == "category":
        return Axis(column, None, np.empty(0))
    return Axis(column, pool_dimension(counts), np.array([0.0, 1.0]))


def with_steps(axes: Sequence[Axis], steps: Iterable[tuple[int, float]]) -> tuple[Axis, ...]:
    """Put a node on each side of every step; a dimension with a node per value needs none.

    Steps of which `MAX_NODES` has no room left become ramps between two nodes.
    """
    result = list(axes)
    for position, at in sorted(set(steps)):
        axis = result[position]
        if math.prod(each.size for each in result) // axis.size * (axis.size + 2) > MAX_NODES:
            continue
        if axis.pooled is None or np.array_equal(axis.nodes, axis.pooled.ranks):
            continue
        others = axis.nodes[np.abs(axis.nodes - at) > _TOO_CLOSE]
        result[position] = replace(axis, nodes=np.sort(np.concatenate([others, [at, at]])))
    return tuple(result)


def to_ranks(axes: Sequence[Axis], dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn numbers into ranks and leave categories; NaN stays NaN; same shape."""
    return np.column_stack(
        [
            dimensions[:, position]
            if axis.pooled is None
            else axis.pooled.at_or_below(dimensions[:, position])
            for position, axis in enumerate(axes)
        ]
    )


def in_ranks(axis: Axis) -> Axis:
    """Make an axis that takes what `to_ranks` gives: ranks, not values."""
    ends = np.array([0.0, 1.0])
    return axis if axis.pooled is None else replace(axis, pooled=PooledDistribution(ends, ends))
