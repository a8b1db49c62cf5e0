"""Issue, rotate and revoke the callers' keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from serving.gateway.grants import Grants
from serving.gateway.key_records import KeyRecord
from serving.gateway.keys_file import (
    KeysError,
    list_keys,
    locked,
    new_pepper,
    pepper_beside,
    read_pepper,
    write_keys,
)
from serving.gateway.secret import digest, new_key_id, new_secret

__all__ = [
    "IssuedKey",
    "KeyRecord",
    "KeysError",
    "issue",
    "list_keys",
    "pepper_beside",
    "read_pepper",
    "revoke",
    "rotate",
]

MAX_NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; the only place where its secret ever is."""

    key_id: str
    secret: str = field(repr=False)


def issue(
    path: Path,
    name: str,
    now: dt.datetime,
    *,
    grants: Grants | None = None,
    not_before: dt.datetime | None = None,
    expires_at: dt.datetime | None = None,
    pepper_path: Path | None = None,
) -> IssuedKey:
    """Add a key to the file, and make file and pepper if there is none yet.

    Parameters
    ----------
    path : Path
        The keys file.
    name : str
        Whose key it is; may have others.
    now : datetime
        With a time zone, like the other dates.
    grants : Grants, optional
        What it opens; None is scoring, on every endpoint, as often as the gateway allows.
    not_before, expires_at : datetime, optional
        When it begins and ends; None sets no end.
    pepper_path : Path, optional
        None is beside the keys file.

    Raises
    ------
    KeysError
        If the file or the pepper cannot be used or written, or the key could never open.
    """
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME_CHARS:
        raise KeysError(f"a key's name has 1 to {MAX_NAME_CHARS} printable characters")
    if expires_at is not None and expires_at <= max(now, not_before or now):
        raise KeysError("the key would end before it begins")
    pepper_path = pepper_path or pepper_beside(path)
    with locked(path):
        records = list_keys(path) if path.exists() else ()
        if not records and not pepper_path.exists():
            new_pepper(pepper_path)
        issued, hashed = _new_key(records, pepper_path)
        record = KeyRecord(
            issued.key_id, name, hashed, now, not_before, expires_at, grants=grants or Grants()
        )
        write_keys(path, [*records, record])
    return issued


def rotate(
    path: Path,
    key_id: str,
    now: dt.datetime,
    *,
    overlap: dt.timedelta,
    pepper_path: Path | None = None,
) -> IssuedKey:
    """Issue a key with the same name and grants as another, which ends after the overlap.

    A key that was issued for a time is followed by one for as long.

    Raises
    ------
    KeysError
        If there is no such key, it does not open, or a file cannot be used or written.
    """
    if overlap <= dt.timedelta():
        raise KeysError("an overlap takes some time; to end a key at once, revoke it")
    pepper_path = pepper_path or pepper_beside(path)
    with locked(path):
        records = list_keys(path)
        old = _find(path, records, key_id)
        if old.state(now) != "live":
            raise KeysError(f"key {key_id} is {old.state(now)}; issue a new one instead")
        issued, hashed = _new_key(records, pepper_path)
        new = replace(
            old,
            key_id=issued.key_id,
            digest=hashed,
            created_at=now,
            not_before=None,
            expires_at=_end_as_late_as(old, now),
        )
        ends = now + overlap
        ending = replace(old, expires_at=min(ends, old.expires_at or ends))
        kept = [ending if record is old else record for record in records]
        write_keys(path, [*kept, new])
    return issued


def revoke(path: Path, key_id: str, now: dt.datetime) -> KeyRecord:
    """Make a key useless; gateways notice within seconds. A revoked key keeps its first date.

    Raises
    ------
    KeysError
        If there is no such key, or the file cannot be used or written.
    """
    with locked(path):
        records = list_keys(path)
        found = _find(path, records, key_id)
        if found.revoked_at is None:
            revoked = replace(found, revoked_at=now)
            write_keys(path, [revoked if record is found else record for record in records])
            found = revoked
    return found


def _end_as_late_as(old: KeyRecord, now: dt.datetime) -> dt.datetime | None:
    if old.expires_at is None:
        return None
    return now + (old.expires_at - (old.not_before or old.created_at))


def _find(path: Path, records: Sequence[KeyRecord], key_id: str) -> KeyRecord:
    for record in records:
        if record.key_id == key_id:
            return record
    raise KeysError(f"{path} holds no key {key_id!r}")


def _new_key(records: Sequence[KeyRecord], pepper_path: Path) -> tuple[IssuedKey, str]:
    taken = {record.key_id for record in records}
    key_id = next(made for made in iter(new_key_id, None) if made not in taken)
    secret = new_secret(key_id)
    return IssuedKey(key_id, secret), digest(secret.encode(), read_pepper(pepper_path)).hex()
