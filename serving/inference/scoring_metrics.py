"""What is served, for Prometheus: rows, ranks and statuses per metric, what inputs look like."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable
from operator import add

import numpy as np
from numpy.typing import NDArray

from serving.inference.ranges import Seen
from serving.inference.wire.extras import status_words
from serving.scoring import Scorer
from serving.scoring.signals.signal import Status
from serving.web.metric_board import Board

#: Upper ends of the buckets of `scorecard_peer_rank`.
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

#: Up to so many accounts are counted faster in plain Python.
_FEW_ACCOUNTS = 30
#: Ten buckets, and one beyond them that stays empty.
_BUCKETS = len(TENTHS) + 1


class ScoringMetrics:
    """Counts what a model scores; one per worker and model.

    Parameters
    ----------
    scorer : Scorer
    when_due : callable
        Is given these metrics whenever there is something to `flush` again, and first at once.

    Attributes
    ----------
    counts_statuses : bool
        Whether a metric is absolute. Where all are compared with peers, ranks and missing inputs
        tell the same.
    """

    def __init__(self, scorer: Scorer, when_due: Callable[[ScoringMetrics], None]) -> None:
        self._when_due = when_due
        self._inputs = tuple(entry.name for entry in scorer.inputs)
        card = scorer.scorecard
        self._ranked = tuple(metric.name for metric in card.peer_metrics)
        self.counts_statuses = bool(card.absolute_metrics)
        self._told = tuple(metric.name for metric in card.metrics) if self.counts_statuses else ()
        self._lock = threading.Lock()
        self._counts = self._from_zero()
        self._is_due = True
        when_due(self)

    def observe(
        self,
        seen: Seen,
        ranks: NDArray[np.float64],
        bad_rows: int,
        statuses: NDArray[np.uint8] | None = None,
    ) -> None:
        """Count a request that is served.

        Parameters
        ----------
        seen : Seen
            Of the rows that could be read.
        ranks : ndarray of shape (n_accounts, n_metrics)
            As `Scores.ranks`; NaN, no rank, is not counted.
        bad_rows : int
            Rows that could not be read and have no scores.
        statuses : ndarray of uint8, shape (n_accounts, n_metrics), optional
            As `Scores.statuses`, of the rows that could be read; given if statuses count.
        """
        told = None if statuses is None else _count_statuses(statuses)
        binned = _bin(ranks) if len(ranks) > _FEW_ACCOUNTS else None
        with self._lock:
            counts = self._counts
            counts.rows += seen.rows
            counts.bad_rows += bad_rows
            counts.missing = list(map(add, counts.missing, seen.missing))
            if any(seen.outside):
                counts.outside = list(map(add, counts.outside, seen.outside))
            if binned is None:
                counts.add_each(ranks.tolist())
            else:
                counts.add_binned(*binned)
            if told is not None:
                counts.statuses += told
            was_due, self._is_due = self._is_due, True
        if not was_due:
            self._when_due(self)

    def flush(self, board: Board) -> None:
        """Write the counts and begin anew."""
        with self._lock:
            self._is_due = False
            counts, self._counts = self._counts, self._from_zero()
        board.counter("scorecard_rows_total", "Accounts scored").inc(counts.rows)
        board.counter(
            "scorecard_bad_rows_total", "Rows that could not be read, in requests that were served"
        ).inc(counts.bad_rows)
        given = [counts.rows - missing for missing in counts.missing]
        self._flush_inputs(board, "values", "Values given", given)
        self._flush_inputs(board, "missing", "Values not given", counts.missing)
        self._flush_inputs(board, "outside", "Values outside the training range", counts.outside)
        ranks = board.histogram(
            "scorecard_peer_rank", "Peer ranks served, 1 is best", ("metric",), TENTHS
        )
        for name, bins, total in zip(self._ranked, counts.bins, counts.totals, strict=True):
            ranks.labels(name).add(bins, total)
        if self.counts_statuses:
            self._flush_statuses(board, counts.statuses)

    def _flush_statuses(self, board: Board, counts: NDArray[np.int64]) -> None:
        family = board.counter(
            "scorecard_metric_statuses_total",
            "Why metrics had their scores, or none",
            ("metric", "status"),
        )
        for name, own in zip(self._told, counts.tolist(), strict=True):
            for word, count in zip(status_words(), own, strict=True):
                family.labels(name, word).inc(count)

    def _from_zero(self) -> _Counts:
        return _Counts(len(self._inputs), len(self._ranked), len(self._told))

    def _flush_inputs(self, board: Board, what: str, meaning: str, counts: list[int]) -> None:
        family = board.counter(f"scorecard_input_{what}_total", meaning, ("input",))
        for name, count in zip(self._inputs, counts, strict=True):
            family.labels(name).inc(count)


class _Counts:
    """What was counted since the last writing; lists in the order of the inputs or metrics."""

    def __init__(self, inputs: int, ranked: int, told: int = 0) -> None:
        self.rows = 0
        self.bad_rows = 0
        self.missing = [0] * inputs
        self.outside = [0] * inputs
        self.bins = [[0] * _BUCKETS for _ in range(ranked)]
        self.totals = [0.0] * ranked
        #: A row per metric, a column per status.
        self.statuses = np.zeros((told, len(Status)), dtype=np.int64)

    def add_each(self, ranks: list[list[float]]) -> None:
        """Count the ranks of a few accounts, one by one."""
        bins, totals = self.bins, self.totals
        for account in ranks:
            for metric, rank in enumerate(account):
                if rank == rank:  # not NaN
                    bins[metric][bisect_left(TENTHS, rank)] += 1
                    totals[metric] += rank

    def add_binned(self, bins: list[list[int]], totals: list[float]) -> None:
        """Count the ranks of many accounts, of which the last bucket has none."""
        for own, more in zip(self.bins, bins, strict=True):
            own[:-1] = map(add, own, more)
        self.totals = list(map(add, self.totals, totals))


def _count_statuses(statuses: NDArray[np.uint8]) -> NDArray[np.int64]:
    metrics = statuses.shape[1]
    # A number for each pair of metric and status, so that one count will do.
    pairs = statuses + np.arange(metrics) * len(Status)
    return np.bincount(pairs.ravel(), minlength=metrics * len(Status)).reshape(metrics, -1)


def _bin(ranks: NDArray[np.float64]) -> tuple[list[list[int]], list[float]]:
    """Count ranks per metric and tenth, and add them up per metric."""
    # Metric by metric in memory.
    columns = np.ascontiguousarray(ranks.T)
    up_to = np.array([np.count_nonzero(columns <= end, axis=1) for end in TENTHS])
    bins = np.diff(up_to, axis=0, prepend=0).T
    totals = np.add.reduce(columns, axis=1, where=~np.isnan(columns))
    return bins.tolist(), totals.tolist()
