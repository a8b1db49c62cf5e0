"""Explains metrics that are compared with peers, with the numbers that the scorer computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.explained_metrics import ExplainedMetrics
from serving.scoring.explanation import MetricExplanation
from serving.scoring.goals import GoalFinder, ScoreSteps
from serving.scoring.intervals import INTERVAL_LEVEL, QUARTILES, normal_quantile
from serving.scoring.inverse import InverseRuler
from serving.scoring.labels import metric_labels
from serving.scoring.lookup import Lookup
from serving.scoring.peer_ranks import PeerRanking
from serving.scoring.peer_table import PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.raising import PeerRaiser
from serving.scoring.rulers import Rulers
from serving.scoring.scalar_lookup import ScalarAxis, ScalarCell, locate_one
from serving.scoring.scorecard import Scorecard
from serving.scoring.signals.signal import Status

_QUANTILE = normal_quantile(INTERVAL_LEVEL)


class _Nodes(NamedTuple):
    """What tables hold at nodes, for all metrics side by side.

    `cdf` has shape (n_nodes, n_knots_of_all), `peers` (n_nodes, n_metrics).
    """

    cdf: NDArray[np.uint16]
    peers: NDArray[np.float64]

    def knots_around(self, cell: ScalarCell) -> list[float]:
        """Average F times `CDF_ONE`: exact, whatever the order; see `Lookup`."""
        mixed: list[float] = (np.array(cell.weights) @ self.cdf[cell.corners]).tolist()
        return mixed

    def peers_around(self, cell: ScalarCell) -> NDArray[np.float64]:
        """Average the effective peers, in the order of `Cells.mix`; shape (n_metrics,)."""
        mixed = np.zeros(self.peers.shape[1])
        for corner, weight in zip(cell.corners, cell.weights, strict=True):
            mixed += weight * self.peers[corner]
        return mixed


class PeerExplainer:
    """Explains the scores that are ranks among peers. Immutable; safe to share by threads.

    Parameters
    ----------
    ranking : PeerRanking
    scorecard : Scorecard
    keys : mapping of str to str
        The key of each metric's score.
    """

    def __init__(self, ranking: PeerRanking, scorecard: Scorecard, keys: Mapping[str, str]) -> None:
        self._ranking = ranking
        self._maximum = scorecard.scale.maximum
        labels = metric_labels(scorecard)
        self._metrics = [(each, keys[each.name], labels[each.name]) for each in ranking.metrics]
        peers = ranking.peers
        self._on_grid = isinstance(peers, PeerTables)
        self._axes = [ScalarAxis(axis) for axis in peers.axes] if self._on_grid else []
        # Of whoever surrounds nobody: the rulers of all, and the tables of a grid.
        tables = peers.around(np.empty((0, len(peers.axes)))).metrics
        self._grid = self._nodes(tables, ranking.lookup)
        self._finders = self._make_finders(tables, ScoreSteps(scorecard.scale))

    def explain(
        self,
        accounts: NDArray[np.float64],
        scores: NDArray[np.float64],
        ranks: NDArray[np.float64],
        bands: Sequence[float],
    ) -> Iterator[ExplainedMetrics]:
        """Explain accounts one after the other.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
        scores, ranks : ndarray of shape (n_accounts, n_peer_metrics)
            As scored.
        bands : sequence of float
            Thresholds; see `Scorer.explain`.
        """
        nodes, cells = self._around(accounts)
        observed = accounts.T[self._ranking.metric_columns]
        count = len(self._metrics)
        peers = np.array([nodes.peers_around(cell) for cell in cells]).reshape(-1, count)
        low, high = self._ranking.intervals_of(observed, ranks.T, peers.T, _QUANTILE)
        told = zip(
            cells, observed.T.tolist(), scores.tolist(), ranks.tolist(), peers.tolist(),
            low.T.tolist(), high.T.tolist(), strict=True,
        )  # fmt: skip
        for cell, *account in told:
            yield self._one(nodes.knots_around(cell), bands, *account)

    def _one(
        self,
        mixed: list[float],
        bands: Sequence[float],
        observed: list[float],
        scores: list[float],
        ranks: list[float],
        peers: list[float],
        low: list[float],
        high: list[float],
    ) -> ExplainedMetrics:
        metrics = [
            self._metric(
                number, mixed, bands, observed[number], ranks[number],
                (low[number], high[number]), peers[number], scores[number],
            )
            for number in range(len(self._metrics))
        ]  # fmt: skip
        raisers = {
            metric.name: PeerRaiser(metric, finder, mixed, score)
            for (metric, _, _), finder, score in zip(
                self._metrics, self._finders, scores, strict=True
            )
            if score == score  # not NaN
        }
        return ExplainedMetrics(metrics, raisers)

    def _metric(
        self,
        number: int,
        mixed: list[float],
        bands: Sequence[float],
        observed: float,
        rank: float,
        interval: tuple[float, float],
        peers: float,
        score: float,
    ) -> MetricExplanation:
        finder, (metric, key, label) = self._finders[number], self._metrics[number]
        there = observed == observed  # not NaN
        ranked = rank == rank
        known = score if ranked else None
        low, high = interval
        return MetricExplanation(
            metric=metric.name,
            key=key,
            kind=metric.kind,
            label=label,
            product=metric.product,
            status=(Status.OK if ranked else Status.MISSING).name.lower(),
            value=observed if there else None,
            rank=rank if ranked else None,
            rank_low=low if ranked else None,
            rank_high=high if ranked else None,
            effective_peers=peers,
            peer_quartiles=finder.quantiles(mixed, QUARTILES),
            unrounded=rank * self._maximum if ranked else None,
            score=known,
            higher_is_better=metric.higher_is_better,
            whole_numbers=finder.whole,
            next_point=finder.next_point(mixed, known, there),
            next_band=finder.next_band(mixed, known, there, bands) if bands else None,
        )

    def _around(self, accounts: NDArray[np.float64]) -> tuple[_Nodes, list[ScalarCell]]:
        """Find the nodes that accounts draw on; each account's follow from its own row alone."""
        columns = self._ranking.dimension_columns
        if self._on_grid:
            rows = accounts[:, columns].tolist()
            return self._grid, [locate_one(self._axes, row) for row in rows]
        cells, tables, _ = self._ranking.around(accounts)
        names = [metric.name for metric in self._ranking.metrics]
        lookup = self._ranking.lookup.over([tables[name].cdf for name in names])
        corners = zip(cells.corners.T.tolist(), cells.weights.T.tolist(), strict=True)
        return self._nodes(tables, lookup), [
            ScalarCell(own, weights, unknown=False, outside=False) for own, weights in corners
        ]

    def _nodes(self, tables: Mapping[str, PeerTable], lookup: Lookup) -> _Nodes:
        peers = [tables[metric.name].peers for metric in self._ranking.metrics]
        return _Nodes(lookup.cdf.reshape(-1, lookup.width), np.column_stack(peers))

    def _make_finders(self, tables: Mapping[str, PeerTable], steps: ScoreSteps) -> list[GoalFinder]:
        own = [tables[metric.name] for metric in self._ranking.metrics]
        ends = np.cumsum([len(table.knots) for table in own]).tolist()
        shares = Rulers(
            [
                table.ruler(replace(metric, ties="high"))
                for table, metric in zip(own, self._ranking.metrics, strict=True)
            ],
            [0, *ends[:-1]],
        )
        return [
            GoalFinder(
                steps,
                InverseRuler(self._ranking.lookup.rulers, number),
                InverseRuler(shares, number),
                float(self._ranking.lower[number]),
                float(self._ranking.upper[number]),
                not metric.higher_is_better,
                _is_whole(table),
            )
            for number, (metric, table) in enumerate(zip(self._ranking.metrics, own, strict=True))
        ]


def _is_whole(table: PeerTable) -> bool:
    """Say whether a metric is counted in whole numbers, as far as is stored of it."""
    stored = table.pooled.values
    return len(stored) > 1 and bool((stored == np.floor(stored)).all())
