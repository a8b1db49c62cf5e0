"""What is noted of each decision: in the request's line of the log, and as a count.

A line says `caller`, `caller_kind`, `endpoint`, `decision` and `reason`; never a key, a token or
what was refused.
"""

from __future__ import annotations

from serving.gateway.callers import Caller
from serving.web.requests import QUIET_ROUTES, Record

#: The word for a request that nobody was asked about, and for a reason that is none of `REASONS`.
NONE, OTHER = "none", "other"
#: The field of a decision.
DECISION = "decision"
#: How the reason of a request begins that is not HTTP, and what `Recorded` calls one that hung.
MALFORMED, OVERDUE = "malformed", "deadline"

#: Reasons that are counted by name; the log has all of them.
REASONS = frozenset(
    {
        "no key", "mistyped key", "unknown key", "revoked key", "expired key", "key not yet valid",
        "no token", "malformed token", "unknown issuer", "unknown key id", "bad signature",
        "expired token", "token not yet valid", "bad claims", "revoked token",
        "two credentials", "scope not granted", "endpoint not granted",
        "too many requests", "quota used up", "too many failures", "overdue",
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
    record.fields[DECISION] = decision
    if reason:
        record.fields["reason"] = reason


def complete(record: Record) -> None:
    """Note a decision where none was: of requests that the watchdog or the server itself ended."""
    is_overdue = record.refusal == OVERDUE
    if is_overdue or (DECISION not in record.fields and record.route not in QUIET_ROUTES):
        record.fields[DECISION] = "failed" if record.status >= 500 else "refused"


def counted_as(record: Record) -> tuple[str, str, str]:
    """Give decision, kind of caller and reason as they are counted: words of short lists."""
    reason = record.fields.get("reason", NONE)
    if reason.startswith(MALFORMED):
        reason = MALFORMED
    elif reason not in (NONE, *REASONS):
        reason = OTHER
    return record.fields.get(DECISION, NONE), record.fields.get("caller_kind", NONE), reason
