"""From a column of training values to its pooled distribution, its knots and its bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution

#: A value that this share of accounts has is an atom: it gets a jump of its own.
ATOM_SHARE = 0.005
#: An atom has at least this many accounts: fewer may share a value by chance.
ATOM_ACCOUNTS = 5
#: Up to this many distinct values, each shared by several accounts, are all kept.
DISCRETE_VALUES = 256
#: Points that describe a continuous column, and how many of its outermost values are among them.
CURVE_POINTS = 400
TAIL_VALUES = 4
#: Pooled ranks at which F is learned; denser in the tails, where scores of 0 and 10 are decided.
KNOT_LEVELS = (
    0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.14, 0.18, 0.22, 0.26, 0.3, 0.35, 0.4,
    0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.74, 0.78, 0.82, 0.86, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99,
    0.995, 0.998,
)  # fmt: skip


class Bounds(NamedTuple):
    """Where a metric ends, in its own unit; infinite where it does not."""

    lower: float
    upper: float


class ValueCounts(NamedTuple):
    """How many accounts have which value.

    All distinct values, or of many those that can matter: both ends, the values at the levels of
    `curve_levels`, and every value that may be an atom.

    Attributes
    ----------
    values : ndarray of shape (n_values,)
        Distinct, ascending.
    accounts : ndarray of int64, shape (n_values,)
        Accounts that have each value.
    at_or_below : ndarray of int64, shape (n_values,)
        Accounts that have it or a lower one, listed or not.
    """

    values: NDArray[np.float64]
    accounts: NDArray[np.int64]
    at_or_below: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Accounts that have any value."""
        return int(self.at_or_below[-1])

    def of_value(self, value: float) -> int:
        """Give how many accounts have a value; it must be listed, or nobody's."""
        return int(self.accounts[self.values == value].sum())

    @property
    def is_complete(self) -> bool:
        """Whether every distinct value is listed."""
        return int(self.accounts.sum()) == self.total

    @property
    def jumps(self) -> NDArray[np.bool_]:
        """Whether each value is an atom."""
        few = len(self.values) <= DISCRETE_VALUES and self.total >= 4 * len(self.values)
        return self.is_many | (self.is_complete and (few or len(self.values) == 1))

    @property
    def is_many(self) -> NDArray[np.bool_]:
        """Whether so many share each value that it is an atom, whatever the others."""
        return self.accounts >= fewest_of_an_atom(self.total)


def fewest_of_an_atom(total: int) -> float:
    """Give how many of all accounts must share a value to make it an atom."""
    return max(ATOM_SHARE * total, ATOM_ACCOUNTS)


def curve_levels() -> NDArray[np.float64]:
    """Give the pooled ranks whose values a curve is drawn through, ends included."""
    return np.linspace(0.0, 1.0, CURVE_POINTS)


def count_values(values: NDArray[np.float64]) -> ValueCounts:
    """Count all distinct values; shape (n_accounts,), no NaN."""
    distinct, counts = np.unique(values, return_counts=True)
    return ValueCounts(distinct, counts.astype(np.int64), np.cumsum(counts))


def pool_metric(counts: ValueCounts) -> PooledDistribution:
    """Describe a metric by its points and its atoms.

    Returns
    -------
    PooledDistribution
        Exact at every atom and at the lowest and highest value; between atoms at most
        `CURVE_POINTS` points.
    """
    kept = _thin(counts)
    atom = counts.jumps[kept]
    below, at_or_below, middle = _shares(counts, kept)
    left = np.where(atom, below, middle)
    right = np.where(atom, at_or_below, middle)
    points = np.repeat(counts.values[kept], 2)
    ranks = np.column_stack([left, right]).reshape(-1)
    # An atom stands twice, any other value once.
    kept_point = np.column_stack([np.ones_like(atom), atom]).reshape(-1)
    return PooledDistribution(points[kept_point], ranks[kept_point])


def pool_dimension(counts: ValueCounts) -> PooledDistribution:
    """Describe a numeric peer dimension: one rank per value, the mid-rank of those who share it.

    The lowest value has rank 0 and the highest 1, whoever shares them: `PooledDistribution` gives
    these to what lies beyond, which counts as at the edge, and 1 to the highest value itself.
    """
    kept = _thin(counts)
    return PooledDistribution(counts.values[kept], _shares(counts, kept)[2])


def _shares(
    counts: ValueCounts, kept: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give the shares of accounts below some values, at or below them, and the mid-ranks."""
    at_or_below = counts.at_or_below[kept] / counts.total
    below = (counts.at_or_below[kept] - counts.accounts[kept]) / counts.total
    middle = (below + at_or_below) / 2.0
    # Nothing is below the lowest value and all is at or below the highest, atom or not.
    middle[0], middle[-1] = 0.0, 1.0
    return below, at_or_below, middle


def _thin(counts: ValueCounts) -> NDArray[np.intp]:
    """Choose which distinct values to keep: atoms, both ends, and the rest evenly by rank."""
    last = len(counts.values) - 1
    if counts.is_complete and last < CURVE_POINTS:
        return np.arange(last + 1)
    even = np.searchsorted(counts.at_or_below / counts.total, curve_levels()).clip(0, last)
    tails = np.concatenate([np.arange(TAIL_VALUES), last - np.arange(TAIL_VALUES)])
    return np.unique(np.concatenate([even, tails, np.flatnonzero(counts.jumps)]))


def choose_knots(pooled: PooledDistribution) -> NDArray[np.float64]:
    """Choose the pooled ranks at which F is learned.

    Both sides of every atom of at least `ATOM_SHARE`, and `KNOT_LEVELS`; a level inside a jump
    moves to the jump's upper side, since between its sides there is no value to learn from.

    Returns
    -------
    ndarray of shape (n_knots,)
        Strictly increasing from 0 to 1.
    """
    jump = pooled.values[1:] == pooled.values[:-1]
    low, high = pooled.ranks[:-1][jump], pooled.ranks[1:][jump]
    levels = np.array(KNOT_LEVELS)
    for start, end in zip(low, high, strict=True):
        levels[(levels > start) & (levels < end)] = end
    # A share of exactly `ATOM_SHARE` may be a last bit less as the difference of two others.
    large = high - low >= ATOM_SHARE - 1e-12
    return np.unique(np.concatenate([[0.0, 1.0], low[large], high[large], levels]))


def learn_bounds(counts: ValueCounts) -> Bounds:
    """Learn a metric's bounds: 0 where it is never negative, a top code where it piles up."""
    low, high = float(counts.values[0]), float(counts.values[-1])
    top_coded = low < high and counts.accounts[-1] >= fewest_of_an_atom(counts.total)
    lower = 0.0 if low >= 0.0 else -np.inf
    return Bounds(lower, high if top_coded and high > lower else np.inf)
