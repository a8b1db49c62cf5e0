"""The keys file: who may come in. Issue, list and revoke keys.

    {"schema": 1, "keys": [{"key_id": …, "name": …, "digest": …, "created_at": …, "revoked_at": …}]}

Beside it lies the pepper: without it a stolen keys file is of no use, not even for checking a
guess. A key's secret is in neither; it is shown once, when it is issued.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from serving.gateway.secret import digest, new_key_id, new_secret

SCHEMA = 1
PEPPER_BYTES = 32
MAX_NAME_CHARS = 64


class KeysError(Exception):
    """The keys file or its pepper cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key.

    Attributes
    ----------
    digest : str
        HMAC of the secret under the pepper, in hexadecimal.
    """

    key_id: str
    name: str
    digest: str = field(repr=False)
    created_at: dt.datetime
    revoked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; the only place where its secret ever is."""

    key_id: str
    secret: str = field(repr=False)


def issue(path: Path, name: str, now: dt.datetime, *, pepper_path: Path | None = None) -> IssuedKey:
    """Add a key to the file, and make file and pepper if there is none yet.

    Raises
    ------
    KeysError
        If the file or the pepper cannot be used or written.
    """
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME_CHARS:
        raise KeysError(f"a key's name has 1 to {MAX_NAME_CHARS} printable characters")
    pepper_path = pepper_path or pepper_beside(path)
    with _locked(path):
        records = list_keys(path) if path.exists() else ()
        if not records and not pepper_path.exists():
            _write_private(pepper_path, secrets.token_hex(PEPPER_BYTES).encode() + b"\n")
        pepper = read_pepper(pepper_path)
        taken = {record.key_id for record in records}
        key_id = next(made for made in iter(new_key_id, None) if made not in taken)
        secret = new_secret(key_id)
        hashed = digest(secret.encode(), pepper).hex()
        _write_records(path, [*records, KeyRecord(key_id, name, hashed, now)])
    return IssuedKey(key_id, secret)


def list_keys(path: Path) -> tuple[KeyRecord, ...]:
    """Read the file, oldest key first.

    Raises
    ------
    KeysError
        If it is missing or broken.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        records = tuple(_record(entry) for entry in document["keys"])
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise KeysError(f"{path} is not a keys file: {error}") from None
    if len({record.key_id for record in records}) != len(records):
        raise KeysError(f"{path} is not a keys file: a key_id stands in it twice")
    return records


def revoke(path: Path, key_id: str, now: dt.datetime) -> KeyRecord:
    """Make a key useless; gateways notice within seconds. A revoked key keeps its first date.

    Raises
    ------
    KeysError
        If there is no such key, or the file cannot be used or written.
    """
    with _locked(path):
        records = {record.key_id: record for record in list_keys(path)}
        if key_id not in records:
            raise KeysError(f"{path} holds no key {key_id!r}")
        if records[key_id].revoked_at is None:
            records[key_id] = replace(records[key_id], revoked_at=now)
            _write_records(path, list(records.values()))
    return records[key_id]


def pepper_beside(path: Path) -> Path:
    """Give the place of the pepper if nobody says otherwise."""
    return path.with_name(path.name + ".pepper")


def read_pepper(path: Path) -> bytes:
    """Read the pepper.

    Raises
    ------
    KeysError
        If it is missing, too short, or other users can read or change it.
    """
    try:
        mode = path.stat().st_mode
        pepper = path.read_bytes().strip()
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}; keys cannot be checked without it") from None
    # The group may read it: a daemon's secrets usually belong to root and the daemon's group.
    if mode & 0o027:
        raise KeysError(f"{path} is open to other users; run: chmod 600 {path}")
    if len(pepper) < PEPPER_BYTES:
        raise KeysError(f"{path} holds less than {PEPPER_BYTES} bytes")
    return pepper


def _record(entry: dict[str, Any]) -> KeyRecord:
    if not all(isinstance(entry[name], str) and entry[name] for name in ("key_id", "name")):
        raise ValueError("a key_id or a name is not text")
    if len(bytes.fromhex(entry["digest"])) != 32:
        raise ValueError("a digest is not 32 bytes in hexadecimal")
    revoked_at = entry["revoked_at"]
    # An unknown field fails here: a limit that this version does not know must not be overlooked.
    return KeyRecord(
        **entry
        | {
            "created_at": dt.datetime.fromisoformat(entry["created_at"]),
            "revoked_at": None if revoked_at is None else dt.datetime.fromisoformat(revoked_at),
        }
    )


def _write_records(path: Path, records: Sequence[KeyRecord]) -> None:
    document = {"schema": SCHEMA, "keys": [asdict(record) for record in records]}
    text = json.dumps(document, indent=1, ensure_ascii=False, default=dt.datetime.isoformat)
    _write_private(path, text.encode() + b"\n")


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file at once; a new one is the owner's alone, an old one keeps owner and mode."""
    try:
        old = path.stat() if path.exists() else None
        number, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # 0600
        try:
            with os.fdopen(number, "wb") as file:
                if old is not None:
                    # Or a key revoked by root would stay valid: the gateway could not read it.
                    os.fchown(number, old.st_uid, old.st_gid)
                    os.fchmod(number, old.st_mode & 0o777)
                file.write(content)
                file.flush()
                os.fsync(number)
            Path(scratch).replace(path)
        finally:
            Path(scratch).unlink(missing_ok=True)
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}") from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing the file: two that write at once would lose a key."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file of its own, because the keys file is replaced and a lock would go with it.
        lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
