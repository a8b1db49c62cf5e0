"""Ranks of many accounts among peers: no loop over accounts, and over metrics where it is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.flags import FEW_PEERS, Flag
from serving.scoring.intervals import Intervals, wilson
from serving.scoring.lookup import Lookup
from serving.scoring.peer_table import PeerTable
from serving.scoring.peers import Peers, Surroundings
from serving.scoring.scorecard import PeerMetric


class PeerRanks(NamedTuple):
    """What is known of accounts and their peers; a row of the arrays is a metric.

    So what is alike lies side by side.

    Attributes
    ----------
    around : Surroundings
    observed : ndarray of shape (n_metrics, n_accounts)
        The metrics' values; NaN = not known.
    ranks : ndarray of shape (n_metrics, n_accounts)
        NaN = no rank.
    """

    around: Surroundings
    observed: NDArray[np.float64]
    ranks: NDArray[np.float64]


class PeerRanking:
    """Ranks arrays of accounts among their peers, by the tables of one artifact.

    Parameters
    ----------
    peers : Peers
    metrics : sequence of PeerMetric
        Those that `peers` knows, in the scorecard's order.
    columns : mapping of str to int
        Where accounts hold each input.

    Attributes
    ----------
    dimension_columns, metric_columns : list of int
        Where inputs hold the peer dimensions, in the order of the axes, and the metrics.
    """

    def __init__(
        self, peers: Peers, metrics: Sequence[PeerMetric], columns: Mapping[str, int]
    ) -> None:
        self.peers = peers
        self.metrics = tuple(metrics)
        names = [metric.name for metric in metrics]
        self.dimension_columns = [columns[axis.input.name] for axis in peers.axes]
        self.metric_columns = [columns[name] for name in names]
        # The tables that surround nobody have the rulers of all, and are all tables of a grid.
        self._tables = self.peers.around(np.empty((0, len(self.peers.axes)))).metrics
        tables = [self._tables[name] for name in names]
        self.lookup = Lookup(
            [table.ruler(metric) for table, metric in zip(tables, self.metrics, strict=True)],
            [table.cdf for table in tables],
            [not metric.higher_is_better for metric in self.metrics],
        )
        bounds = [table.bounds(metric) for table, metric in zip(tables, self.metrics, strict=True)]
        self.lower, self.upper = np.array(bounds).T
        ties = np.array([metric.ties for metric in self.metrics])
        # The values at which a rank does not depend on the peers.
        at_lower, at_upper = np.isin(ties, ["bounds", "low"]), np.isin(ties, ["bounds", "high"])
        self._sure_up_to = np.where(at_lower, self.lower, -np.inf)[:, None]
        self._sure_from = np.where(at_upper, self.upper, np.inf)[:, None]

    def around(self, accounts: NDArray[np.float64]) -> Surroundings:
        """Find what surrounds accounts, shape (n_accounts, n_inputs)."""
        return self.peers.around(accounts[:, self.dimension_columns])

    def intervals(self, accounts: NDArray[np.float64], quantile: float) -> Intervals:
        """Give the intervals of the ranks of `accounts`; see `Scorer.intervals`."""
        around, observed, ranks = self.rank(accounts)
        tables = [around.metrics[metric.name] for metric in self.metrics]
        peers = np.array([around.cells.mix(table.peers) for table in tables])
        low, high = self.intervals_of(observed, ranks, peers, quantile)
        return Intervals(low.T, high.T)

    def intervals_of(
        self,
        observed: NDArray[np.float64],
        ranks: NDArray[np.float64],
        peers: NDArray[np.float64],
        quantile: float,
    ) -> Intervals:
        """Give the intervals of ranks that are known; all have shape (n_metrics, n_accounts)."""
        low, high = wilson(ranks, peers, quantile)
        # At a bound the rank is 0 or 1 whoever the peers are.
        sure = (observed <= self._sure_up_to) | (observed >= self._sure_from)
        return Intervals(np.where(sure, ranks, low), np.where(sure, ranks, high))

    def rank(self, accounts: NDArray[np.float64]) -> PeerRanks:
        """Rank accounts, shape (n_accounts, n_inputs)."""
        around = self.around(accounts)
        observed = accounts.T[self.metric_columns]
        ranks = self._lookup(around.metrics).ranks(around.cells, observed)
        return PeerRanks(around, observed, ranks)

    def flags(self, around: Surroundings, observed: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Say what to know of accounts; sums of `Flag`, shape (n_accounts,)."""
        cells = around.cells
        clamped = (observed < self.lower[:, None]) | (observed > self.upper[:, None])
        flags = cells.outside * np.uint8(Flag.OUT_OF_RANGE)
        flags |= cells.unknown * np.uint8(Flag.PEER_DIMENSION_MISSING)
        flags |= (around.effective_peers < FEW_PEERS) * np.uint8(Flag.FEW_PEERS)
        flags |= clamped.any(axis=0) * np.uint8(Flag.VALUE_CLAMPED)
        return flags

    def _lookup(self, tables: Mapping[str, PeerTable]) -> Lookup:
        if tables is self._tables:
            return self.lookup
        return self.lookup.over([tables[metric.name].cdf for metric in self.metrics])
