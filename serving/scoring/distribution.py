"""The distribution of one column over all training accounts, as a piecewise-linear curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Of a point: the span between two of them must be a number too.
LARGEST_VALUE = float(np.finfo(np.float64).max) / 4.0


@dataclass(frozen=True, slots=True, eq=False)
class PooledDistribution:
    """Share of training accounts at or below a value, ignoring peers.

    Linear between its points. Where many accounts share a value (zeros, top codes) that value
    stands twice, with the share below it and the share up to and including it; so the share
    strictly below a value and the share at or below it differ there, and only there.

    Attributes
    ----------
    values : ndarray of shape (n_points,)
        In the column's own unit, non-decreasing, finite.
    ranks : ndarray of shape (n_points,)
        Shares, non-decreasing, in [0, 1].
    """

    values: NDArray[np.float64]
    ranks: NDArray[np.float64]

    def at_or_below(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give P(Y <= value), shape (n,); 0 below the first point, 1 above the last; NaN stays.

        Examples
        --------
        >>> zeros_and_more = PooledDistribution(np.array([0., 0., 2.]), np.array([0., .6, 1.]))
        >>> zeros_and_more.at_or_below(np.array([-1., 0., 1., 2.]))
        array([0. , 0.6, 0.8, 1. ])
        """
        return self._rank(values, np.searchsorted(self.values, values, side="right"))

    def below(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give P(Y < value), shape (n,).

        Examples
        --------
        >>> zeros_and_more = PooledDistribution(np.array([0., 0., 2.]), np.array([0., .6, 1.]))
        >>> zeros_and_more.below(np.array([-1., 0., 1., 2.]))
        array([0. , 0. , 0.8, 1. ])
        """
        return self._rank(values, np.searchsorted(self.values, values, side="left"))

    def _rank(self, values: NDArray[np.float64], after: NDArray[np.intp]) -> NDArray[np.float64]:
        """Interpolate between points `after - 1` and `after`."""
        last = len(self.values) - 1
        right = np.minimum(np.maximum(after, 1), last)
        left = right - 1
        low, high = self.ranks[left], self.ranks[right]
        width = self.values[right] - self.values[left]
        # What is beyond the points is replaced below; unclipped, its arithmetic could overflow.
        within = np.minimum(np.maximum(values, self.values[0]), self.values[-1])
        offset = within - self.values[left]
        share = np.divide(offset, width, out=np.zeros_like(offset), where=width > 0)
        # The minimum keeps the curve monotone: low + 1.0 * (high - low) can exceed high by an ulp.
        ranks = np.minimum(low + share * (high - low), high)
        ranks = np.where(after > last, 1.0, np.where(after == 0, 0.0, ranks))
        return np.where(np.isnan(values), np.nan, ranks)
