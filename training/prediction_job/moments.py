"""Moments as the state has them: UTC text that sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime


def as_text(moment: datetime) -> str:
    """Write a moment to the microsecond.

    Examples
    --------
    >>> as_text(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now() -> str:
    """Give this moment."""
    return as_text(datetime.now(UTC))
