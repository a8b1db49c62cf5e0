"""The keys file and its pepper on the disk: read, and replaced whole.

    {"schema": 2, "keys": [{"key_id": …, "name": …, "digest": …, "created_at": …, …}]}

Beside it lies the pepper: without it a stolen keys file is of no use, not even for checking a
guess. A key's secret is in neither; it is shown once, when it is issued.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.gateway.key_records import SCHEMA, KeyRecord, from_entry, mistakes_in, to_entry
from serving.gateway.watched import FileUnusable

PEPPER_BYTES = 32


class KeysError(FileUnusable):
    """The keys file or its pepper cannot be used; the message says why."""


def list_keys(path: Path) -> tuple[KeyRecord, ...]:
    """Read the file, oldest key first; those of an older schema have no limits of their own.

    Raises
    ------
    KeysError
        If it is missing or broken, naming every mistake.
    """
    schema, entries = _document(path)
    mistakes = [
        f"{path} is not a keys file: key {number}: {why}"
        for number, entry in enumerate(entries)
        for why in mistakes_in(entry, schema)
    ]
    ids = [str(entry.get("key_id")) for entry in entries if isinstance(entry, dict)]
    if len(set(ids)) != len(ids):
        mistakes.append(f"{path} is not a keys file: a key_id stands in it twice")
    if mistakes:
        raise KeysError(*mistakes)
    return tuple(map(from_entry, entries))


def _document(path: Path) -> tuple[int, list[Any]]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise KeysError(f"{path} is not a keys file: it is not JSON") from None
    found = document if isinstance(document, dict) else {}
    schema, entries = found.get("schema"), found.get("keys")
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise KeysError(f"{path} is not a keys file: its schema is not one of 1 to {SCHEMA}")
    if not isinstance(entries, list):
        raise KeysError(f"{path} is not a keys file: its keys are not a list")
    return schema, entries


def write_keys(path: Path, records: Sequence[KeyRecord]) -> None:
    """Replace the file; raises KeysError."""
    document = {"schema": SCHEMA, "keys": [to_entry(record) for record in records]}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    _write_private(path, text.encode() + b"\n")


def pepper_beside(path: Path) -> Path:
    """Give the place of a keys file's pepper if it has no other."""
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


def new_pepper(path: Path) -> None:
    """Make a pepper; raises KeysError."""
    _write_private(path, secrets.token_hex(PEPPER_BYTES).encode() + b"\n")


@contextmanager
def locked(path: Path) -> Iterator[None]:
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
