"""What a worker serves, for Prometheus: which model, how updates end, what models score."""

from __future__ import annotations

import threading
from collections import Counter

from serving.inference.scoring_metrics import ScoringMetrics
from serving.scoring import Scorer
from serving.web.metric_board import Board, keep

#: How an attempt at another model ends: it is served; it must not be; the registry or its pointer
#: could not be read, and is asked again.
LOADED, REFUSED, FAILED = "loaded", "refused", "failed"


class WorkerMetrics:
    """Counts for one worker, whatever models it serves; made after the fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._updates = Counter({LOADED: 0, REFUSED: 0, FAILED: 0})
        #: (version, scorecard) → 1 for the model that is served, 0 for those that were.
        self._served: dict[tuple[str, str], int] = {}
        self._due: set[ScoringMetrics] = set()
        keep(self)

    def of(self, scorer: Scorer) -> ScoringMetrics:
        """Give the metrics of a model; written as long as the model is used."""
        return ScoringMetrics(scorer, self._add)

    def count(self, result: str) -> None:
        """Count an attempt at another model."""
        with self._lock:
            self._updates[result] += 1

    def serve(self, version: str, scorecard: str) -> None:
        """Note which model is served from now on."""
        with self._lock:
            self._served = {**dict.fromkeys(self._served, 0), (version, scorecard): 1}

    def flush(self, board: Board) -> None:
        """See `Tally.flush`."""
        with self._lock:
            updates, self._updates = self._updates, Counter()
            served = self._served
            self._served = {model: 1 for model, serves in served.items() if serves}
            due, self._due = self._due, set()
        counted = board.counter(
            "scorecard_model_updates_total", "Attempts at another model, by outcome", ("result",)
        )
        for result, count in updates.items():
            counted.labels(result).inc(count)
        # Summed over the workers that live it says how many serve which version; while a version
        # takes the place of another one there are two.
        info = board.live_sum(
            "scorecard_model_info", "Workers that serve a model", ("version", "scorecard")
        )
        for (version, scorecard), serves in served.items():
            info.labels(version, scorecard).set(serves)
        for metrics in due:
            metrics.flush(board)

    def _add(self, metrics: ScoringMetrics) -> None:
        with self._lock:
            self._due.add(metrics)
