"""Explains scores from the tables alone, with the numbers that the scorer itself computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.drivers import Drivers
from serving.scoring.errors import InvalidInput
from serving.scoring.explanation import (
    INTERVAL_LEVEL,
    QUARTILES,
    Explanation,
    MetricExplanation,
)
from serving.scoring.flags import Flag
from serving.scoring.goals import GoalFinder, ScoreSteps
from serving.scoring.intervals import normal_quantile
from serving.scoring.inverse import InverseRuler
from serving.scoring.lookup import Lookup
from serving.scoring.many_accounts import ManyAccounts
from serving.scoring.peer_table import PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.rulers import Rulers
from serving.scoring.scalar_lookup import ScalarAxis, ScalarCell, locate_one

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


class Explainer:
    """Explains the scores of one artifact. Immutable; safe to share by threads.

    Parameters
    ----------
    many : ManyAccounts
    metric_keys : sequence of str
        The key of each metric's score, in the order of the scorecard's metrics.
    """

    def __init__(self, many: ManyAccounts, metric_keys: Sequence[str]) -> None:
        self._shown = many.shown
        ranking = many.peers
        if ranking is None:
            raise InvalidInput("no metric is compared with peers")
        self._many = ranking
        peers = ranking.peers
        self._keys = metric_keys
        self._card = many.scorecard
        self._drivers = Drivers(self._card)
        self._on_grid = isinstance(peers, PeerTables)
        self._axes = [ScalarAxis(axis) for axis in peers.axes] if self._on_grid else []
        # Of whoever surrounds nobody: the rulers of all, and the tables of a grid.
        tables = peers.around(np.empty((0, len(peers.axes)))).metrics
        self._grid = self._nodes(tables, ranking.lookup)
        self._steps = ScoreSteps(self._card.scale)
        self._finders = self._make_finders(tables)

    def explain(
        self,
        accounts: NDArray[np.float64],
        values: NDArray[np.float64],
        ranks: NDArray[np.float64],
        flags: NDArray[np.uint8],
        bands: Sequence[float] = (),
    ) -> list[Explanation]:
        """Explain accounts; the arguments are those of `Scorer.score` and what it gave.

        Raises
        ------
        InvalidInput
            If the bands do not ascend within the scale.
        """
        self._check_bands(bands)
        nodes, cells = self._around(accounts)
        observed = accounts.T[self._many.metric_columns]
        peers = np.array([nodes.peers_around(cell) for cell in cells]).reshape(-1, len(self._keys))
        low, high = self._many.intervals_of(observed, ranks.T, peers.T, _QUANTILE)
        told = zip(
            cells, observed.T.tolist(), values.tolist(), ranks.tolist(), peers.tolist(),
            low.T.tolist(), high.T.tolist(), flags.tolist(), strict=True,
        )  # fmt: skip
        return [self._one(nodes.knots_around(cell), bands, *account) for cell, *account in told]

    def _one(
        self,
        mixed: list[float],
        bands: Sequence[float],
        observed: list[float],
        values: list[float],
        ranks: list[float],
        peers: list[float],
        low: list[float],
        high: list[float],
        flags: int,
    ) -> Explanation:
        count = len(self._keys)
        scores = [0.0] * count
        metrics = []
        for place, number in enumerate(self._shown):
            scores[number] = values[place]
            metrics.append(
                self._metric(
                    number, mixed, bands, observed[number], ranks[number],
                    (low[number], high[number]), peers[number], values[place],
                )
            )  # fmt: skip
        *components, overall = self._drivers.deal(scores, values[count:])
        return Explanation(
            self._card.scale.maximum,
            tuple(metrics),
            tuple(components),
            overall,
            tuple(str(flag.name).lower() for flag in Flag(flags)),
        )

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
        finder, metric = self._finders[number], self._card.peer_metrics[number]
        there = observed == observed  # not NaN
        ranked = rank == rank
        known = score if ranked else None
        low, high = interval
        return MetricExplanation(
            metric=metric.name,
            key=self._keys[number],
            value=observed if there else None,
            rank=rank if ranked else None,
            rank_low=low if ranked else None,
            rank_high=high if ranked else None,
            effective_peers=peers,
            peer_quartiles=finder.quantiles(mixed, QUARTILES),
            unrounded=rank * self._card.scale.maximum if ranked else None,
            score=known,
            higher_is_better=metric.higher_is_better,
            whole_numbers=finder.whole,
            next_point=finder.next_point(mixed, known, there),
            next_band=finder.next_band(mixed, known, there, bands) if bands else None,
        )

    def _around(self, accounts: NDArray[np.float64]) -> tuple[_Nodes, list[ScalarCell]]:
        """Find the nodes that accounts draw on; each account's follow from its own row alone."""
        columns = self._many.dimension_columns
        if self._on_grid:
            rows = accounts[:, columns].tolist()
            return self._grid, [locate_one(self._axes, row) for row in rows]
        cells, tables, _ = self._many.around(accounts)
        names = [metric.name for metric in self._card.peer_metrics]
        lookup = self._many.lookup.over([tables[name].cdf for name in names])
        corners = zip(cells.corners.T.tolist(), cells.weights.T.tolist(), strict=True)
        return self._nodes(tables, lookup), [
            ScalarCell(own, weights, unknown=False, outside=False) for own, weights in corners
        ]

    def _nodes(self, tables: Mapping[str, PeerTable], lookup: Lookup) -> _Nodes:
        peers = [tables[metric.name].peers for metric in self._card.peer_metrics]
        return _Nodes(lookup.cdf.reshape(-1, lookup.width), np.column_stack(peers))

    def _make_finders(self, tables: Mapping[str, PeerTable]) -> list[GoalFinder]:
        own = [tables[metric.name] for metric in self._card.peer_metrics]
        ends = np.cumsum([len(table.knots) for table in own]).tolist()
        shares = Rulers(
            [
                table.ruler(replace(metric, ties="high"))
                for table, metric in zip(own, self._card.peer_metrics, strict=True)
            ],
            [0, *ends[:-1]],
        )
        return [
            GoalFinder(
                self._steps,
                InverseRuler(self._many.lookup.rulers, number),
                InverseRuler(shares, number),
                float(self._many.lower[number]),
                float(self._many.upper[number]),
                not metric.higher_is_better,
                _is_whole(table),
            )
            for number, (metric, table) in enumerate(zip(self._card.peer_metrics, own, strict=True))
        ]

    def _check_bands(self, bands: Sequence[float]) -> None:
        top = self._steps.top
        ascend = all(low < high for low, high in pairwise(bands))
        if not (ascend and all(0.0 <= band <= top for band in bands)):
            raise InvalidInput(f"bands are thresholds that ascend from 0 to {top:g}, not {bands}")


def _is_whole(table: PeerTable) -> bool:
    """Say whether a metric is counted in whole numbers, as far as is stored of it."""
    stored = table.pooled.values
    return len(stored) > 1 and bool((stored == np.floor(stored)).all())
