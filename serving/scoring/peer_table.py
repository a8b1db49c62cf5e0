"""One metric of one account, ranked among its peers: a table look-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Cells
from serving.scoring.scorecard import PeerMetric

#: Tables store F in steps of 1/65535: 0 and 1 are exact, the rest is within 0.00008 points of 10.
CDF_ONE = 65535


@dataclass(frozen=True, slots=True, eq=False)
class PeerTable:
    """The distribution F(y | peer dimensions) of one metric.

    The value is first turned into its pooled rank, and F is stored at `knots` in that coordinate
    for every node of the peer dimensions; between nodes it is multilinear, between knots linear.

    Attributes
    ----------
    pooled : PooledDistribution
        Of the metric, over all training accounts.
    knots : ndarray of shape (n_knots,)
        Pooled ranks, strictly increasing from 0 to 1.
    cdf : ndarray of uint16, shape (n_nodes, n_knots)
        F times `CDF_ONE`, non-decreasing along the knots, from 0 to `CDF_ONE`.
    lower, upper : float
        Bounds learned from the data, in the metric's unit; infinite where there is none.

    A metric that no training account had has a `pooled` of a single point, and no ranks.
    """

    pooled: PooledDistribution
    knots: NDArray[np.float64]
    cdf: NDArray[np.uint16]
    lower: float
    upper: float

    def at_or_below(self, cells: Cells, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give P(Y <= value) among each account's peers, shape (n_accounts,); NaN stays NaN."""
        return self._interpolate(cells, self.pooled.at_or_below(values))

    def below(self, cells: Cells, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give P(Y < value) among each account's peers, shape (n_accounts,); NaN stays NaN."""
        return self._interpolate(cells, self.pooled.below(values))

    def bounds(self, metric: PeerMetric) -> tuple[float, float]:
        """Give the bounds that hold: the declared ones, else the learned ones.

        A learned bound that contradicts the declared one does not hold.
        """
        lower = self.lower if metric.lower is None else metric.lower
        upper = self.upper if metric.upper is None else metric.upper
        if lower < upper:
            return lower, upper
        return (lower, np.inf) if metric.upper is None else (-np.inf, upper)

    def rank(
        self, metric: PeerMetric, cells: Cells, values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Rank values among their peers.

        Parameters
        ----------
        metric : PeerMetric
            Bounds, tie rule and direction.
        cells : Cells
            Where the accounts are in the grid of peer dimensions.
        values : ndarray of shape (n_accounts,)
            In the metric's unit; NaN means "not observed". Beyond a bound counts as at it, for
            the peers too.

        Returns
        -------
        ndarray of shape (n_accounts,)
            In [0, 1], 1 is best; NaN where the value is NaN. Among equals (ties) it is the
            mid-rank P(Y<y) + P(Y=y)/2; with ``ties="bounds"``, at the lower bound P(Y<y) and at
            the upper bound P(Y<=y): an account that uses nothing ranks 0 however many others
            also use nothing. Never decreases in the value (never increases where lower is
            better).
        """
        if len(self.pooled.values) == 1:
            return np.full(len(values), np.nan)
        lower, upper = self.bounds(metric)
        values = np.minimum(np.maximum(values, lower), upper)
        high = self.at_or_below(cells, values)
        # Where no account had just this value, as many are below it as at or below it.
        low = high.copy()
        shared = self.pooled.has_point_at(values)
        if shared.any():
            low[shared] = self.below(cells.some(shared), values[shared])
        # Peers beyond a declared bound are at it: none is below the lower, none above the upper.
        high = np.where(values >= upper, 1.0, high)
        low = np.where(values <= lower, 0.0, low)
        ranks = {"low": low, "high": high}.get(metric.ties, (low + high) / 2.0)
        if metric.ties == "bounds":
            ranks = np.where(values <= lower, low, np.where(values >= upper, high, ranks))
        return ranks if metric.higher_is_better else 1.0 - ranks

    def _interpolate(self, cells: Cells, ranks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evaluate F at pooled ranks, shape (n_accounts,)."""
        last = len(self.knots) - 2
        knot = np.searchsorted(self.knots, ranks, side="right") - 1
        knot = np.minimum(np.maximum(knot, 0), last)
        share = (ranks - self.knots[knot]) / (self.knots[knot + 1] - self.knots[knot])
        flat = self.cdf.reshape(-1)
        start = np.zeros(len(ranks))
        end = np.zeros(len(ranks))
        for corner, weight in zip(cells.corners, cells.weights, strict=True):
            entry = corner * self.cdf.shape[1] + knot
            start += weight * flat[entry]
            end += weight * flat[entry + 1]
        # A weighted sum, then a minimum: both are monotone in floating point, a lerp is not.
        cdf = np.minimum(start + share * (end - start), end) / CDF_ONE
        # Corner weights may sum to 1 - 1e-16; F at the top is exactly 1.
        return np.where(ranks >= 1.0, 1.0, np.minimum(cdf, 1.0))
