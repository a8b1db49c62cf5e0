"""Times as people write them on the command line."""

from __future__ import annotations

import datetime as dt
import re

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(_: click.Context, __: click.Parameter, text: str | None) -> dt.timedelta | None:
    """Parse `7d`, `12h`, `15m` or `30s`; None stays None."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smhd])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a duration; write 7d, 12h, 15m or 30s")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})


def moment(_: click.Context, __: click.Parameter, text: str | None) -> dt.datetime | None:
    """Parse a date or a time in ISO 8601, in UTC if it names no time zone; None stays None."""
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write 2026-12-01 or 2026-12-01T09:00+01:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
