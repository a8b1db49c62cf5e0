"""One metric of one account, ranked among its peers: a table look-up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.lookup import CDF_ONE, Lookup
from serving.scoring.peer_axes import Cells
from serving.scoring.ruler import BLANK, Ruler, make_ruler
from serving.scoring.scorecard import PeerMetric, Ties

__all__ = ["CDF_ONE", "PeerTable"]


@dataclass(frozen=True, eq=False)
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
    peers : ndarray of shape (n_nodes,)
        How many training accounts inform F at each node.

    A metric that no training account had has a `pooled` of a single point, and no ranks.
    """

    pooled: PooledDistribution
    knots: NDArray[np.float64]
    cdf: NDArray[np.uint16]
    lower: float
    upper: float
    peers: NDArray[np.float64]

    def at_or_below(self, cells: Cells, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give P(Y <= value) among each account's peers, shape (n_accounts,); NaN stays NaN."""
        return _look_up(self._at_or_below, cells, values)

    def below(self, cells: Cells, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give P(Y < value) among each account's peers, shape (n_accounts,); NaN stays NaN."""
        return _look_up(self._below, cells, values)

    def bounds(self, metric: PeerMetric) -> tuple[float, float]:
        """Give the bounds that hold: the declared ones, else the learned ones.

        A learned bound that contradicts the declared one does not hold.
        """
        lower = self.lower if metric.lower is None else metric.lower
        upper = self.upper if metric.upper is None else metric.upper
        if lower < upper:
            return lower, upper
        return (lower, np.inf) if metric.upper is None else (-np.inf, upper)

    def ruler(self, metric: PeerMetric) -> Ruler:
        """Mark where values are between the knots, by the metric's bounds and rule for ties."""
        if len(self.pooled.values) == 1:
            return BLANK
        lower, upper = self.bounds(metric)
        return make_ruler(self.pooled, self.knots, lower=lower, upper=upper, ties=metric.ties)

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
        falling = not metric.higher_is_better
        return _look_up(Lookup([self.ruler(metric)], [self.cdf], [falling]), cells, values)

    @cached_property
    def _at_or_below(self) -> Lookup:
        return self._plain("high")

    @cached_property
    def _below(self) -> Lookup:
        return self._plain("low")

    def _plain(self, ties: Ties) -> Lookup:
        """Look F up without bounds, on one side of every atom."""
        return Lookup([make_ruler(self.pooled, self.knots, ties=ties)], [self.cdf], [False])


def _look_up(table: Lookup, cells: Cells, values: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks: NDArray[np.float64] = table.ranks(cells, values[None])[0]
    return ranks
