"""What is noted of each decision: in the request's line of the log, and as a count.

A line says `caller`, `caller_kind`, `endpoint`, `decision` and `reason`; never a key, a token or
what was refused.
"""

from __future__ import annotations

import threading
from collections import Counter

from serving.gateway.callers import Caller
from serving.web.metric_board import Board, keep
from serving.web.requests import Record

#: The word for a request that nobody was asked about, and for a reason that is none of `REASONS`.
NONE, OTHER = "none", "other"

#: Reasons that are counted by name; the log has all of them.
REASONS = frozenset(
    {
        "no key", "mistyped key", "unknown key", "revoked key", "expired key", "key not yet valid",
        "no token", "malformed token", "unknown issuer", "unknown key id", "bad signature",
        "expired token", "token not yet valid", "bad claims", "revoked token",
        "two credentials", "scope not granted", "endpoint not granted",
        "too many requests", "quota used up", "too many failures",
    }
)  # fmt: skip


def note_caller(record: Record, caller: Caller | None, endpoint: str | None) -> None:
    """Note who asks for what; None where that is not known."""
    if caller is not None:
        record.fields["caller"] = caller.id
        record.fields["caller_kind"] = caller.kind
    if endpoint is not None:
        record.fields["endpoint"] = endpoint


def note_decision(record: Record, decision: str, reason: str = "") -> None:
    """Note what became of a request: `forwarded`, `refused` or `failed`, and why not."""
    record.fields["decision"] = decision
    if reason:
        record.fields["reason"] = reason


class DecisionMetrics:
    """Counts decisions; one per worker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        keep(self)

    def begin(self) -> None:
        """See `Observer`; there is nothing to count yet."""

    def end(self) -> None:
        """See `Observer`; it is counted already."""

    def observe(self, record: Record, seconds: float) -> None:  # noqa: ARG002 (as `Observer` has it)
        """Count a request that is answered."""
        decision = record.fields.get("decision", NONE)
        kind = record.fields.get("caller_kind", NONE)
        reason = record.fields.get("reason", NONE)
        if reason != NONE and reason not in REASONS:
            reason = OTHER
        with self._lock:
            self._counts[decision, kind, reason] += 1

    def flush(self, board: Board) -> None:
        """See `Tally.flush`."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        family = board.counter(
            "scorecard_decisions_total",
            "Requests, by what became of them",
            ("decision", "caller_kind", "reason"),
        )
        for labels, count in counts.items():
            family.labels(*labels).inc(count)
