"""Where an account stands in the grid of peer dimensions: one axis each, looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.ruler import make_ruler
from serving.scoring.rulers import Rulers

#: Weights are whole multiples of 2**-36, which this number is too large to hold a fraction of:
#: adding it and taking it off again rounds to them.
ROUND_WEIGHT = 1.5 * 2.0**16


@dataclass(frozen=True, eq=False)
class Axis:
    """One peer dimension of the tables; its last node stands for "not known".

    Attributes
    ----------
    input : Input
        The column. A date is a number here: days before the scoring date.
    pooled : PooledDistribution or None
        Turns a number into its rank among the training accounts; None for a category.
    nodes : ndarray of shape (n_nodes,)
        Ranks at which tables are stored, non-decreasing; a rank that stands twice is a step:
        tables are not interpolated across it. Empty for a category.
    """

    input: Input
    pooled: PooledDistribution | None
    nodes: NDArray[np.float64]

    @property
    def size(self) -> int:
        """How many nodes tables have along this axis, "not known" included."""
        return 1 + (len(self.input.categories) if self.pooled is None else len(self.nodes))

    @cached_property
    def rulers(self) -> Rulers:
        """One ruler: where a number is between the nodes.

        Raises
        ------
        ValueError
            For a category, which has none.
        """
        if self.pooled is None:
            raise ValueError(f"{self.input.name} is a category")
        return Rulers([make_ruler(self.pooled, self.nodes, ties="high")], [0])

    def place(self, values: NDArray[np.float64]) -> Place:
        """Find the nodes around each value, shape (n,); NaN goes to the "not known" node."""
        unknown = self.size - 1
        if self.pooled is None:
            # A fraction is no index: it means neither of the two categories beside it.
            known = (values >= 0) & (values < unknown) & (values == np.floor(values))
            node = np.where(known, values, unknown).astype(np.intp)
            return Place(node, node, np.zeros(len(values)), ~known, np.zeros(len(values), bool))
        missing = np.isnan(values)
        _, (low,), (share,) = self.rulers.read(values[None])
        outside = (values < self.pooled.values[0]) | (values > self.pooled.values[-1])
        return Place(
            np.where(missing, unknown, low),
            np.where(missing, unknown, low + 1),
            np.where(missing, 0.0, share),
            missing,
            outside,
        )


class Place(NamedTuple):
    """Values on one axis: two nodes and the share of the upper one; all of shape (n,)."""

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    share: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    outside: NDArray[np.bool_]


class Cells(NamedTuple):
    """Accounts in the grid of peer dimensions.

    Attributes
    ----------
    corners : ndarray of shape (n_corners, n_accounts)
        Flat node numbers around each account.
    weights : ndarray of shape (n_corners, n_accounts)
        Multilinear weights of the corners, rounded to multiples of 2**-36; they sum to exactly 1
        over the corners. Averages of numbers up to 65535 with such weights are exact.
    unknown, outside : ndarray of shape (n_accounts,)
        Whether a peer dimension is not known, or outside the training range (then the edge is
        used).
    """

    corners: NDArray[np.intp]
    weights: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    outside: NDArray[np.bool_]

    def some(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Cells:
        """Give the cells of some of the accounts, chosen or numbered."""
        return Cells(
            self.corners[:, chosen],
            self.weights[:, chosen],
            self.unknown[chosen],
            self.outside[chosen],
        )

    def mix(self, per_node: NDArray[Any]) -> NDArray[np.float64]:
        """Average what tables hold per node, shape (n_nodes,), into shape (n_accounts,).

        Corner by corner: numpy's `sum` adds in another order for one account than for many.
        """
        mixed = np.zeros(len(self.unknown))
        for corner, weight in zip(self.corners, self.weights, strict=True):
            mixed += weight * per_node[corner]
        return mixed


def locate(axes: Sequence[Axis], dimensions: NDArray[np.float64]) -> Cells:
    """Find the cells of accounts; `dimensions` has shape (n_accounts, n_axes), NaN = not known."""
    accounts = len(dimensions)
    corners = np.zeros((1, accounts), dtype=np.intp)
    weights = np.ones((1, accounts))
    unknown = np.zeros(accounts, dtype=bool)
    outside = np.zeros(accounts, dtype=bool)
    for position, axis in enumerate(axes):
        place = axis.place(dimensions[:, position])
        unknown |= place.unknown
        outside |= place.outside
        corners = corners * axis.size
        if axis.pooled is None:
            corners = corners + place.low
        else:
            corners = np.concatenate([corners + place.low, corners + place.high])
            upper = (weights * place.share + ROUND_WEIGHT) - ROUND_WEIGHT
            weights = np.concatenate([weights - upper, upper])
    return Cells(corners, weights, unknown, outside)
