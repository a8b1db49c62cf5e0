"""The keys file while the gateway runs: searched for every caller, read again when it changes."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from serving.gateway.keys import KeyRecord, KeysError, list_keys, read_pepper
from serving.gateway.secret import digest, is_well_formed, key_id_in

#: How often a worker looks at the file, at most; a revoked key is refused within 5 s.
LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class KeyRefused(Exception):
    """What was presented opens nothing. The reason is for the log; callers all hear the same."""


class KeyRing:
    """The keys as they were at one moment."""

    def __init__(self, records: tuple[KeyRecord, ...], pepper: bytes) -> None:
        self._records = {record.key_id: record for record in records}
        self._pepper = pepper

    def __len__(self) -> int:
        return len(self._records)

    def find(self, presented: bytes) -> KeyRecord:
        """Find whose key this is, in the same time for every key that opens nothing.

        Raises
        ------
        KeyRefused
            If it is nobody's, or revoked.
        """
        record = self._records.get(key_id_in(presented))
        stored = bytes.fromhex(record.digest) if record else bytes(32)
        is_same = hmac.compare_digest(digest(presented, self._pepper), stored)
        has_typo = not is_well_formed(presented)
        if record is None or not is_same:
            raise KeyRefused("mistyped key" if has_typo else "unknown key")
        if record.revoked_at is not None:
            raise KeyRefused("revoked key")
        return record


class WatchedKeys:
    """The keys as they are now.

    Made before the workers are; each then looks at the file itself, on the requests it serves. A
    file that cannot be used leaves the last good keys in place, and an error in the log.

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
        self._paths = (keys_path, pepper_path)
        self._clock = clock
        self._looking = threading.Lock()
        self._next_look = clock() + LOOK_EVERY_S
        self._complaint = ""
        self._seen = self._state()
        self._ring = self._read()
        if not self._ring:
            raise KeysError(f"{keys_path} holds no key; make one with `scorecard keys issue`")

    def find(self, presented: bytes) -> KeyRecord:
        """Find whose key this is; see `KeyRing.find`."""
        self._look()
        return self._ring.find(presented)

    def _look(self) -> None:
        # One thread looks; the others take what there is.
        if self._clock() < self._next_look or not self._looking.acquire(blocking=False):
            return
        try:
            self._next_look = self._clock() + LOOK_EVERY_S
            # Before reading: what changes in between is then seen at the next look.
            state = self._state()
            if state == self._seen:
                return
            self._ring = self._read()
            # Only now: a file that could not be read, for whatever reason, is tried at every
            # look, or a key revoked in it would go on opening.
            self._seen = state
            self._complaint = ""
            _log.info("keys read again", extra={"fields": {"keys": len(self._ring)}})
        except KeysError as error:
            if str(error) != self._complaint:
                _log.error("keys unusable, keeping the last good ones: %s", error)
            self._complaint = str(error)
        finally:
            self._looking.release()

    def _read(self) -> KeyRing:
        keys_path, pepper_path = self._paths
        return KeyRing(list_keys(keys_path), read_pepper(pepper_path))

    def _state(self) -> list[tuple[int, int, int, int] | None]:
        return [_state_of(path) for path in self._paths]


def _state_of(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # Not the time of its contents: a file whose rights are mended must be read again too.
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size
