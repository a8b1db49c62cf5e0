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
#: Points that describe a continuous column.
CURVE_POINTS = 400
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


class _Counts(NamedTuple):
    values: NDArray[np.float64]  # distinct, ascending
    below: NDArray[np.float64]  # share of accounts strictly below
    at_or_below: NDArray[np.float64]
    jumps: NDArray[np.bool_]  # whether the value is an atom


def _count(values: NDArray[np.float64]) -> _Counts:
    distinct, counts = np.unique(values, return_counts=True)
    at_or_below = np.cumsum(counts) / len(values)
    below = np.concatenate([[0.0], at_or_below[:-1]])
    discrete = len(distinct) <= DISCRETE_VALUES and len(values) >= 4 * len(distinct)
    many = counts >= max(ATOM_SHARE * len(values), ATOM_ACCOUNTS)
    return _Counts(distinct, below, at_or_below, many | discrete | (len(distinct) == 1))


def pool_metric(values: NDArray[np.float64]) -> PooledDistribution:
    """Describe a metric by its points and its atoms.

    Parameters
    ----------
    values : ndarray of shape (n_accounts,)
        At least one; no NaN.

    Returns
    -------
    PooledDistribution
        Exact at every atom and at the lowest and highest value; between atoms at most
        `CURVE_POINTS` points.
    """
    counts = _count(values)
    kept = _thin(counts)
    atom = counts.jumps[kept]
    middle = (counts.below[kept] + counts.at_or_below[kept]) / 2.0
    # Nothing is below the lowest value and all is at or below the highest, atom or not.
    middle[0], middle[-1] = 0.0, 1.0
    left = np.where(atom, counts.below[kept], middle)
    right = np.where(atom, counts.at_or_below[kept], middle)
    points = np.repeat(counts.values[kept], 2)
    ranks = np.column_stack([left, right]).reshape(-1)
    # An atom stands twice, any other value once.
    kept_point = np.column_stack([np.ones_like(atom), atom]).reshape(-1)
    return PooledDistribution(points[kept_point], ranks[kept_point])


def pool_dimension(values: NDArray[np.float64]) -> PooledDistribution:
    """Describe a numeric peer dimension: one rank per value, the mid-rank of those who share it.

    The lowest value has rank 0 and the highest 1, whoever shares them: `PooledDistribution` gives
    these to what lies beyond, which counts as at the edge, and 1 to the highest value itself.
    """
    counts = _count(values)
    kept = _thin(counts)
    middle = (counts.below[kept] + counts.at_or_below[kept]) / 2.0
    middle[0], middle[-1] = 0.0, 1.0
    return PooledDistribution(counts.values[kept], middle)


def _thin(counts: _Counts) -> NDArray[np.intp]:
    """Choose which distinct values to keep: atoms, both ends, and the rest evenly by rank."""
    last = len(counts.values) - 1
    if last < CURVE_POINTS:
        return np.arange(last + 1)
    levels = np.linspace(0.0, 1.0, CURVE_POINTS)
    even = np.searchsorted(counts.at_or_below, levels).clip(0, last)
    tails = np.concatenate([np.arange(4), last - np.arange(4)])
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


def learn_bounds(values: NDArray[np.float64]) -> Bounds:
    """Learn a metric's bounds: 0 where it is never negative, a top code where it piles up.

    Parameters
    ----------
    values : ndarray of shape (n_accounts,)
        At least one; no NaN.
    """
    low, high = float(values.min()), float(values.max())
    at_top = int((values == high).sum())
    top_coded = low < high and at_top >= max(ATOM_SHARE * len(values), ATOM_ACCOUNTS)
    lower = 0.0 if low >= 0.0 else -np.inf
    return Bounds(lower, high if top_coded and high > lower else np.inf)
