"""Metrics for Prometheus: what every HTTP server of ours counts, and what ``GET /metrics`` says.

The master calls `prepare_metrics` before it forks and `worker_ended` when a worker has ended; a
worker makes a `RequestMetrics`, and any other `Tally` it hands to `keep`.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence

from serving.web.logs import dropped_lines
from serving.web.metric_board import Board, flush, keep
from serving.web.metric_slots import FOLDER, prepare_metrics, worker_ended
from serving.web.problems import Problem
from serving.web.requests import Record

__all__ = ["RequestMetrics", "exposition", "prepare_metrics", "worker_ended"]

#: Upper ends of the buckets of `scorecard_request_seconds`.
SECONDS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
#: Why requests are refused; what is none of these counts as `OTHER`.
REASONS = (
    "bad_request",
    "busy",
    "deadline",
    "media_type",
    "method",
    "no_model",
    "not_acceptable",
    "not_found",
    "out_of_range",
    "too_large",
    "unexpected",
)
#: The route of a request that has none.
OTHER = "other"


class RequestMetrics:
    """Counts requests: how many, how long, why refused, how many at hand.

    Parameters
    ----------
    reasons : sequence of str
        Why requests are refused, in words of `Record.refusal`; without any, that is not counted.
    """

    def __init__(self, reasons: Sequence[str] = REASONS) -> None:
        self._lock = threading.Lock()
        self._at_hand = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._reasons = reasons
        self._refusals: Counter[str] = Counter(dict.fromkeys(reasons, 0))
        self._durations: dict[str, _Durations] = defaultdict(_Durations)
        self._dropped_lines = 0
        keep(self)

    def begin(self) -> None:
        """Count a request as at hand."""
        with self._lock:
            self._at_hand += 1

    def end(self) -> None:
        """Count it so no longer, whether or not it was answered."""
        with self._lock:
            self._at_hand -= 1

    def observe(self, record: Record, seconds: float) -> None:
        """Count an answer.

        Parameters
        ----------
        record : Record
            Its route must be one of the app's, never a path, of which there are without end.
        seconds : float
            How long it took.
        """
        route = record.route or OTHER
        with self._lock:
            self._requests[route, record.status] += 1
            durations = self._durations[route]
            durations.counts[bisect_left(SECONDS, seconds)] += 1
            durations.total += seconds
            if record.refusal:
                self._refusals[record.refusal if record.refusal in self._reasons else OTHER] += 1

    def flush(self, board: Board) -> None:
        """See `Tally.flush`."""
        with self._lock:
            at_hand = self._at_hand
            requests, self._requests = self._requests, Counter()
            refusals, self._refusals = self._refusals, Counter()
            durations, self._durations = self._durations, defaultdict(_Durations)
        board.live_sum("scorecard_requests_in_progress", "Requests at hand, over all workers").set(
            at_hand
        )
        answered = board.counter(
            "scorecard_requests_total", "Answers, by route and status", ("route", "status")
        )
        for (route, status), count in requests.items():
            answered.labels(route, status).inc(count)
        if self._reasons:
            refused = board.counter(
                "scorecard_refusals_total", "Requests that were not served, by reason", ("reason",)
            )
            for reason, count in refusals.items():
                refused.labels(reason).inc(count)
        dropped = dropped_lines()
        board.counter("scorecard_log_lines_dropped_total", "Lines of the log that nobody took").inc(
            dropped - self._dropped_lines
        )
        self._dropped_lines = dropped
        took = board.histogram(
            "scorecard_request_seconds", "Seconds until an answer", ("route",), SECONDS
        )
        for route, found in durations.items():
            took.labels(route).add(found.counts, found.total)


class _Durations:
    """How many requests fall into each bucket of `SECONDS`, and their sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0


def exposition() -> tuple[bytes, str]:
    """Give what ``GET /metrics`` answers, and its media type; at most a second old.

    Raises
    ------
    Problem
        503 if no metrics are kept.
    """
    if not os.environ.get(FOLDER):
        raise Problem(503, "metrics are not kept; the log says why")
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.multiprocess import MultiProcessCollector

    flush()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
