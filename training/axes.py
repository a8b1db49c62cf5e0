"""The grid of peer dimensions: one axis each, fitted to the accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.scorecard import Input
from training.errors import DataError
from training.pooled import pool_dimension

#: Nodes along each numeric axis, by how many numeric axes there are.
NODES = {0: 0, 1: 81, 2: 41, 3: 17, 4: 9}
#: Beyond this many nodes a table is no longer small.
MAX_NODES = 40_000


def fit_axes(columns: Sequence[Input], dimensions: NDArray[np.float64]) -> tuple[Axis, ...]:
    """Lay the grid.

    Parameters
    ----------
    columns : sequence of Input
        The peer dimensions; categories with their values listed.
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        Encoded; NaN = not known.

    Raises
    ------
    DataError
        If a dimension is never known, or there are more of them than tables can hold.
    """
    numeric = sum(column.type != "category" for column in columns)
    if numeric not in NODES:
        raise DataError(f"{numeric} numeric peer dimensions; at most {max(NODES)} are supported")
    axes = tuple(
        _fit_axis(column, dimensions[:, position], NODES[numeric])
        for position, column in enumerate(columns)
    )
    nodes = int(np.prod([axis.size for axis in axes]))
    if nodes > MAX_NODES:
        raise DataError(
            f"the peer dimensions make {nodes} cells; at most {MAX_NODES} are supported: "
            "merge rare categories or leave out a dimension"
        )
    return axes


def _fit_axis(column: Input, values: NDArray[np.float64], nodes: int) -> Axis:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        raise DataError(f"{column.name} is empty for every account")
    if column.type == "category":
        return Axis(column, None, np.empty(0))
    pooled = pool_dimension(known)
    few = len(pooled.ranks) <= nodes
    return Axis(column, pooled, pooled.ranks if few else np.linspace(0.0, 1.0, nodes))


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
