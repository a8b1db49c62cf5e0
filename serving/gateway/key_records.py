"""One key as the keys file holds it.

Schema 1 has the id, the name, the digest and the dates it was made and revoked. Schema 2 adds when
a key begins and ends and what it opens; a program that knows schema 1 only refuses such a file,
rather than overlook a limit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from serving.gateway.grants import CHECKS, Grants

#: The schema that is written.
SCHEMA = 2
DIGEST_BYTES = 32

_DATES = ("created_at", "not_before", "expires_at", "revoked_at")
_GRANTS = ("scopes", "endpoints", "rate", "quota")
_FIELDS = {
    1: {"key_id", "name", "digest", "created_at", "revoked_at"},
    2: {"key_id", "name", "digest", *_DATES, *_GRANTS},
}


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key.

    Attributes
    ----------
    key_id : str
        The public part of the key.
    name : str
        Whose it is; several keys may share it.
    digest : str
        HMAC of the secret under the pepper, in hexadecimal.
    created_at : datetime
        Like all dates here with a time zone.
    not_before, expires_at : datetime or None
        It opens from the one and until just before the other; None sets no end.
    revoked_at : datetime or None
        None while it is not revoked.
    grants : Grants
    """

    key_id: str
    name: str
    digest: str = field(repr=False)
    created_at: dt.datetime
    not_before: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    grants: Grants = field(default_factory=Grants)

    def state(self, now: dt.datetime) -> str:
        """Tell `live`, `revoked`, `expired` or `not yet valid`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        if self.not_before is not None and now < self.not_before:
            return "not yet valid"
        return "live"


def to_entry(record: KeyRecord) -> dict[str, Any]:
    """Give a key as plain JSON of `SCHEMA`."""
    entry = asdict(record)
    grants = entry.pop("grants")
    dates = {name: entry[name] and entry[name].isoformat() for name in _DATES}
    return {**entry, **dates, **grants}


def mistakes_in(entry: object, schema: int) -> list[str]:
    """Tell all that is wrong with a key as it stands in the file; nothing of it is repeated."""
    if not isinstance(entry, dict):
        return ["it is no object"]
    # All of them and no other: a limit that this version does not know must not be overlooked.
    mistakes = [f"{name} is missing" for name in sorted(_FIELDS[schema] - set(entry))]
    mistakes += [f"{name!r} is unknown" for name in sorted(set(entry) - _FIELDS[schema])]
    for name in sorted(_FIELDS[schema] & set(entry)):
        try:
            _CHECKS[name](entry[name])
        except ValueError as error:
            mistakes.append(f"{name} {error}")
    if not mistakes:
        begins, ends = (_date(entry.get(name)) for name in ("not_before", "expires_at"))
        if begins and ends and begins >= ends:
            mistakes.append("it ends before it begins")
    return mistakes


def from_entry(entry: dict[str, Any]) -> KeyRecord:
    """Make a key of what `mistakes_in` has found nothing in."""
    given = dict(entry)
    dates: dict[str, Any] = {name: _date(given.pop(name, None)) for name in _DATES}
    grants = {name: given.pop(name) for name in _GRANTS if name in given}
    for name in ("scopes", "endpoints"):
        if grants.get(name) is not None:
            grants[name] = tuple(grants[name])
    return KeyRecord(**given, **dates, grants=Grants(**grants))


def _date(found: Any) -> dt.datetime | None:
    if found is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(found)
    except (TypeError, ValueError):
        raise ValueError("must be a date like 2026-12-01T00:00:00+00:00, or null") from None
    if moment.tzinfo is None:
        raise ValueError("has no time zone")
    return moment


def _made(found: Any) -> None:
    if _date(found) is None:
        raise ValueError("must be a date, not null")


def _text(found: Any) -> None:
    if not isinstance(found, str) or not found:
        raise ValueError("must be a text that is not empty")


def _digest(found: Any) -> None:
    try:
        size = len(bytes.fromhex(found))
    except (TypeError, ValueError):
        size = 0
    if size != DIGEST_BYTES:
        raise ValueError(f"must be {DIGEST_BYTES} bytes in hexadecimal")


def _if_given(check: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda found: None if found is None else check(found)


_CHECKS: dict[str, Callable[[Any], object]] = {
    "key_id": _text,
    "name": _text,
    "digest": _digest,
    **dict.fromkeys(_DATES, _date),
    "created_at": _made,
    **{name: _if_given(check) for name, check in CHECKS.items()},
    "scopes": CHECKS["scopes"],
}
