"""The keys while the gateway runs: searched for every caller."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from collections.abc import Callable
from pathlib import Path

from serving.gateway.key_records import DIGEST_BYTES, KeyRecord, from_entry, to_entry
from serving.gateway.keys_file import KeysError, list_keys, read_pepper
from serving.gateway.secret import digest, is_well_formed, key_id_in
from serving.gateway.watched import Watched


class KeyRefused(Exception):
    """What was presented opens nothing. The reason is for the log; callers all hear the same."""


def utc_now() -> dt.datetime:
    """Give the time."""
    return dt.datetime.now(dt.UTC)


#: No key has this digest, as far as anybody can find out.
_NOBODY = (None, bytes(DIGEST_BYTES))


class KeyRing:
    """The keys as they were at one moment."""

    def __init__(self, records: tuple[KeyRecord, ...], pepper: bytes) -> None:
        # Read from the text here: a key that is there would take longer than one that is not.
        self._known: dict[str, tuple[KeyRecord | None, bytes]] = {
            record.key_id: (record, bytes.fromhex(record.digest)) for record in records
        }
        self._pepper = pepper

    def __len__(self) -> int:
        return len(self._known)

    def find(self, presented: bytes, now: Callable[[], dt.datetime] = utc_now) -> KeyRecord:
        """Find whose key this is, in the same time for every key that opens nothing.

        Raises
        ------
        KeyRefused
            If it is nobody's, revoked, or outside its dates.
        """
        record, stored = self._known.get(key_id_in(presented), _NOBODY)
        is_same = hmac.compare_digest(digest(presented, self._pepper), stored)
        state = record.state(now()) if record and is_same else "unknown"
        if record and state == "live":
            return record
        # After that, for a key that opens need not wait for it; for all others, which take as long.
        has_typo = not is_well_formed(presented)
        if state == "unknown" and has_typo:
            state = "mistyped"
        raise KeyRefused(f"key {state}" if state == "not yet valid" else f"{state} key")


class WatchedKeys:
    """The keys as they are now; see `Watched`.

    Parameters
    ----------
    keys_path, pepper_path : Path
    clock : callable
        Seconds that never go back.

    Raises
    ------
    KeysError
        If file or pepper cannot be used, or there is no key in it.
    """

    def __init__(self, keys_path: Path, pepper_path: Path, clock: Callable[[], float]) -> None:
        def read() -> tuple[KeyRing, bytes]:
            records, pepper = _read_both(keys_path, pepper_path)
            return KeyRing(records, pepper), _to_text(records, pepper)

        self._watched = Watched("keys", [keys_path, pepper_path], read, _from_text, clock)
        if not self._watched.now():
            raise KeysError(f"{keys_path} holds no key; make one with `scorecard keys issue`")

    def find(self, presented: bytes) -> KeyRecord:
        """Find whose key this is, also if it was issued a moment ago; see `KeyRing.find`."""
        ring = self._watched.now()
        try:
            return ring.find(presented)
        except KeyRefused:
            newer = self._watched.at_this_moment()
            if newer is ring:
                raise
        return newer.find(presented)


def _read_both(keys_path: Path, pepper_path: Path) -> tuple[tuple[KeyRecord, ...], bytes]:
    mistakes: list[str] = []
    records: tuple[KeyRecord, ...] = ()
    pepper = b""
    try:
        records = list_keys(keys_path)
    except KeysError as error:
        mistakes += error.mistakes
    try:
        pepper = read_pepper(pepper_path)
    except KeysError as error:
        mistakes += error.mistakes
    if mistakes:
        raise KeysError(*mistakes)
    return records, pepper


def _to_text(records: tuple[KeyRecord, ...], pepper: bytes) -> bytes:
    return json.dumps([pepper.hex(), *map(to_entry, records)]).encode()


def _from_text(text: bytes) -> KeyRing:
    pepper, *entries = json.loads(text)
    return KeyRing(tuple(map(from_entry, entries)), bytes.fromhex(pepper))
