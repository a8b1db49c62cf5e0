"""What the gateway counts, for `/metrics`; one `Counts` per worker."""

from __future__ import annotations

import threading
from collections import Counter

from serving.gateway import audit
from serving.web.metric_board import Board, keep
from serving.web.metrics import RequestMetrics
from serving.web.requests import Record


class Counts:
    """Counts requests, decisions, and failures of the storage of limits."""

    def __init__(self) -> None:
        self._requests = RequestMetrics(reasons=())
        self._decisions = DecisionMetrics()

    def begin(self) -> None:
        """See `Observer`."""
        self._requests.begin()

    def observe(self, record: Record, seconds: float) -> None:
        """See `Observer`."""
        audit.complete(record)
        self._requests.observe(record, seconds)
        self._decisions.count(record)

    def end(self) -> None:
        """See `Observer`."""
        self._requests.end()

    def storage_failed(self) -> None:
        """Count a time the storage of the limits did not answer."""
        self._decisions.count_storage_failure()


class Uncounted:
    """Stands in the place of `Counts` where there is no `/metrics`."""

    def begin(self) -> None:
        """See `Observer`."""

    def observe(self, record: Record, seconds: float) -> None:  # noqa: ARG002 (as `Observer` has it)
        """See `Observer`."""
        audit.complete(record)

    def end(self) -> None:
        """See `Observer`."""

    def storage_failed(self) -> None:
        """See `Counts`."""


class DecisionMetrics:
    """Counts what became of requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._storage_failures = 0
        keep(self)

    def count(self, record: Record) -> None:
        """Count a request that is answered."""
        labels = audit.counted_as(record)
        with self._lock:
            self._counts[labels] += 1

    def count_storage_failure(self) -> None:
        """See `Counts.storage_failed`."""
        with self._lock:
            self._storage_failures += 1

    def flush(self, board: Board) -> None:
        """See `Tally.flush`."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            failures, self._storage_failures = self._storage_failures, 0
        family = board.counter(
            "scorecard_decisions_total",
            "Requests, by what became of them",
            ("decision", "caller_kind", "reason"),
        )
        for labels, count in counts.items():
            family.labels(*labels).inc(count)
        board.counter(
            "scorecard_limits_storage_failures_total",
            "Times the storage of the limits did not answer and a worker counted for itself",
        ).inc(failures)
