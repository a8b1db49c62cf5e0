"""The scores of many accounts: ranks and points of metrics, put on the scale and averaged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact
from serving.scoring.coverage import Coverage
from serving.scoring.peer_ranks import PeerRanking
from serving.scoring.rollup import RollUp
from serving.scoring.signals.signal import MAX_POINTS, Status


class ManyAccounts:
    """Scores arrays of accounts by one artifact.

    Attributes
    ----------
    peers : PeerRanking or None
        None where no metric is compared with peers.
    coverage : Coverage
    absolute : list of (int, Judge, list of int)
        Of each absolute metric: its number, what judges it, and where accounts hold its columns.
    shown : list of int
        Which metric each of the first scores is of: the tree lists them in an order of its own.
    """

    def __init__(self, artifact: Artifact) -> None:
        card = self.scorecard = artifact.scorecard
        column = {entry.name: position for position, entry in enumerate(artifact.inputs)}
        names = [metric.name for metric in card.metrics]
        place = {name: number for number, name in enumerate(names)}
        self.shown = [place[name] for node in card.all_components for name in node.metrics]
        self.roll_up = RollUp(card, names)
        self.coverage = Coverage(card, names)
        tables = artifact.tables
        self.peers = None if tables is None else PeerRanking(tables, card.peer_metrics, column)
        self._peer_places = [place[metric.name] for metric in card.peer_metrics]
        self.absolute = [
            (
                place[metric.name],
                metric.judging(artifact.models),
                [column[entry.name] for entry in metric.inputs],
            )
            for metric in card.absolute_metrics
        ]

    def score(
        self,
        accounts: NDArray[np.float64],
        values: NDArray[np.float64],
        ranks: NDArray[np.float64],
        flags: NDArray[np.uint8],
        statuses: NDArray[np.uint8],
    ) -> None:
        """Fill `values`, `ranks`, `flags` and `statuses`, shaped as `Scores` says."""
        scores = np.empty((len(self.scorecard.metrics), len(accounts)))
        if self.peers is not None:
            around, observed, found = self.peers.rank(accounts)
            scores[self._peer_places] = self.scorecard.scale.score(found)
            ranks[:] = found.T
            flags[:] = self.peers.flags(around, observed)
            missing = np.isnan(found) * np.uint8(Status.MISSING)
            statuses[:, self._peer_places] = missing.T
        for place, judge, columns in self.absolute:
            points, told = judge([accounts[:, each] for each in columns])
            scores[place] = self.scorecard.scale.score(points, of=MAX_POINTS)
            statuses[:, place] = told
        if self.coverage.counts:
            applies = [*(statuses.T != Status.NOT_APPLICABLE)]
            means = self.roll_up.many([*scores], self.coverage.of([*statuses.T]), applies)
        else:
            means = self.roll_up.many([*scores])
        for position, column in enumerate([*(scores[metric] for metric in self.shown), *means]):
            values[:, position] = column
