"""The scores of many accounts: no loop over accounts, and over metrics only where it costs none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact
from serving.scoring.flags import FEW_PEERS, Flag
from serving.scoring.intervals import Intervals, wilson
from serving.scoring.lookup import Lookup
from serving.scoring.peer_table import PeerTable
from serving.scoring.peers import Surroundings
from serving.scoring.rollup import RollUp


class ManyAccounts:
    """Scores arrays of accounts by one artifact.

    Attributes
    ----------
    dimension_columns, metric_columns : list of int
        Where inputs hold the peer dimensions, in the order of the axes, and the metrics, in the
        order of the scorecard's.
    shown : list of int
        Which metric each of the first scores is of: the tree lists them in an order of its own.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._peers = artifact.tables
        self.scorecard = artifact.scorecard
        column = {entry.name: position for position, entry in enumerate(artifact.inputs)}
        names = [metric.name for metric in self.scorecard.metrics]
        self.dimension_columns = [column[axis.input.name] for axis in self._peers.axes]
        self.metric_columns = [column[name] for name in names]
        nodes = self.scorecard.all_components
        self.shown = [names.index(name) for node in nodes for name in node.metrics]
        self.roll_up = RollUp(self.scorecard, names)
        self._metrics = self.scorecard.metrics
        # The tables that surround nobody have the rulers of all, and are all tables of a grid.
        self._tables = self._peers.around(np.empty((0, len(self._peers.axes)))).metrics
        tables = [self._tables[name] for name in names]
        self.lookup = Lookup(
            [table.ruler(metric) for table, metric in zip(tables, self._metrics, strict=True)],
            [table.cdf for table in tables],
            [not metric.higher_is_better for metric in self._metrics],
        )
        bounds = [table.bounds(metric) for table, metric in zip(tables, self._metrics, strict=True)]
        self.lower, self.upper = np.array(bounds).T
        ties = np.array([metric.ties for metric in self._metrics])
        # The values at which a rank does not depend on the peers.
        at_lower, at_upper = np.isin(ties, ["bounds", "low"]), np.isin(ties, ["bounds", "high"])
        self._sure_up_to = np.where(at_lower, self.lower, -np.inf)[:, None]
        self._sure_from = np.where(at_upper, self.upper, np.inf)[:, None]

    def around(self, accounts: NDArray[np.float64]) -> Surroundings:
        """Find what surrounds accounts, shape (n_accounts, n_inputs)."""
        return self._peers.around(accounts[:, self.dimension_columns])

    def score(
        self,
        accounts: NDArray[np.float64],
        values: NDArray[np.float64],
        ranks: NDArray[np.float64],
        flags: NDArray[np.uint8],
    ) -> None:
        """Fill `values`, `ranks` and `flags`, shaped as `Scores` says, for `accounts`."""
        around, observed, found = self._rank(accounts)
        scores = self.scorecard.scale.score(found)
        ranks[:] = found.T
        columns = [*(scores[metric] for metric in self.shown), *self.roll_up.many([*scores])]
        for position, column in enumerate(columns):
            values[:, position] = column
        flags[:] = self._flags(around, observed)

    def intervals(self, accounts: NDArray[np.float64], quantile: float) -> Intervals:
        """Give the intervals of the ranks of `accounts`; see `Scorer.intervals`."""
        around, observed, ranks = self._rank(accounts)
        tables = [around.metrics[metric.name] for metric in self._metrics]
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

    def _rank(
        self, accounts: NDArray[np.float64]
    ) -> tuple[Surroundings, NDArray[np.float64], NDArray[np.float64]]:
        """Give surroundings, values and ranks; a row of the latter two is a metric.

        So what is alike lies side by side.
        """
        around = self.around(accounts)
        observed = accounts.T[self.metric_columns]
        return around, observed, self._lookup(around.metrics).ranks(around.cells, observed)

    def _flags(self, around: Surroundings, observed: NDArray[np.float64]) -> NDArray[np.uint8]:
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
        return self.lookup.over([tables[metric.name].cdf for metric in self._metrics])
