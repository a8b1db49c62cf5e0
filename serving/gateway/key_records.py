"""One key as the keys file holds it.

Schema 1 has the id, the name, the digest and the dates it was made and revoked. Schema 2 adds when
a key begins and ends and what it opens; a program that knows schema 1 only refuses such a file,
rather than overlook a limit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any

from serving.gateway.grants import Grants, check_texts

#: The schema that is written.
SCHEMA = 2

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


def from_entry(entry: dict[str, Any], schema: int) -> KeyRecord:
    """Read a key.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is not one of that schema.
    """
    # All of them and no other: a limit that this version does not know must not be overlooked.
    if set(entry) != _FIELDS[schema]:
        raise ValueError(f"a key of schema {schema} has the fields {sorted(_FIELDS[schema])}")
    if not all(isinstance(entry[name], str) and entry[name] for name in ("key_id", "name")):
        raise ValueError("a key_id or a name is not text")
    if len(bytes.fromhex(entry["digest"])) != 32:
        raise ValueError("a digest is not 32 bytes in hexadecimal")
    dates = {name: _date(entry.get(name)) for name in _DATES[1:]}
    grants = _grants(entry) if schema > 1 else Grants()
    created_at = _date(entry["created_at"])
    if created_at is None:
        raise ValueError("created_at is missing")
    begins, ends = dates["not_before"], dates["expires_at"]
    if begins and ends and begins >= ends:
        raise ValueError("a key ends before it begins")
    return KeyRecord(
        entry["key_id"], entry["name"], entry["digest"], created_at, **dates, grants=grants
    )


def _grants(entry: dict[str, Any]) -> Grants:
    scopes, endpoints = entry["scopes"], entry["endpoints"]
    # A text is a sequence of texts, too.
    check_texts("scopes", scopes)
    if endpoints is not None:
        check_texts("endpoints", endpoints)
    return Grants(
        tuple(scopes),
        None if endpoints is None else tuple(endpoints),
        entry["rate"],
        entry["quota"],
    )


def _date(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the date {text} has no time zone")
    return moment
