"""An issuer's public keys: from a file, or fetched in the background and kept through an outage."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from serving.gateway.jwks_fetch import FetchFailed, fetch
from serving.gateway.shared_slot import EMPTY, SharedSlot
from serving.gateway.signatures import KeyUnusable, PublicKey, public_key
from serving.gateway.watched import FileUnusable, Watched

#: Keys are fetched anew after four fifths of this.
LIFE_S = 300.0
#: Through an outage the last ones count for so long.
MAX_AGE_S = 24 * 3600.0
#: Between two attempts of all workers, whatever tokens name: at most two a minute.
COOL_DOWN_S = 30.0

_log = logging.getLogger(__name__)

KeySet = Mapping[str, PublicKey]


class Keys(Protocol):
    """Public keys of one issuer."""

    def find(self, key_id: str) -> PublicKey | None:
        """Give a key; None if there is none. Never waits."""

    def start(self) -> None:
        """Begin to keep them fresh; runs in each worker."""


def read_jwks(text: bytes, algorithms: Sequence[str]) -> KeySet:
    """Read a JWKS; keys that cannot be used for the algorithms are left out.

    Raises
    ------
    KeyUnusable
        If none is left.
    """
    try:
        entries = json.loads(text)["keys"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise KeyUnusable('it is not {"keys": [...]}') from None
    keys, complaints = {}, []
    for entry in entries if isinstance(entries, list) else []:
        try:
            key = public_key(entry if isinstance(entry, dict) else {}, algorithms)
            keys[key.key_id] = key
        except KeyUnusable as error:
            complaints.append(str(error))
    if not keys:
        raise KeyUnusable("; ".join(complaints) or "it holds no key")
    return keys


def read_key_file(path: Path, algorithms: Sequence[str]) -> tuple[KeySet, bytes]:
    """Read a JWKS from a file; gives its text, too. Raises FileUnusable."""
    try:
        text = path.read_bytes()
        return read_jwks(text, algorithms), text
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from None
    except KeyUnusable as error:
        raise FileUnusable(f"{path}: {error}") from None


class FileKeys:
    """Keys from a file that is read again when it changes; see `Watched`."""

    def __init__(
        self, path: Path, algorithms: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._watched = Watched(
            "public keys",
            [path],
            lambda: read_key_file(path, algorithms),
            lambda text: read_jwks(text, algorithms),
            clock,
        )

    def find(self, key_id: str) -> PublicKey | None:
        """See `Keys`."""
        return self._watched.now().get(key_id)

    def start(self) -> None:
        """See `Keys`; a file needs nobody."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: KeySet
    at: float


class FetchedKeys:
    """Keys from an address, fetched by a thread of each worker; what one fetches, all get.

    Parameters
    ----------
    uri : str
    algorithms : sequence of str
    name : str
        Whose they are, for the log.
    clock : callable
        Seconds that never go back and are the same in all processes.
    """

    def __init__(
        self,
        uri: str,
        algorithms: Sequence[str],
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._uri = uri
        self._algorithms = tuple(algorithms)
        self._name = name
        self._clock = clock
        self._slot = SharedSlot()
        self._found = _Fetched({}, EMPTY.written_at)
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._complaint = ""
        # Before the workers are made, so that the first token finds keys. An issuer that is away
        # does not keep the gateway from starting.
        self.refresh()

    def find(self, key_id: str) -> PublicKey | None:
        """See `Keys`; a key that is not known is looked for later, in the background."""
        found = self._found
        key = found.keys.get(key_id) if self._clock() - found.at <= MAX_AGE_S else None
        if key is None:
            self._wanted.set()
        return key

    def start(self) -> None:
        """See `Keys`."""
        threading.Thread(target=self._run, daemon=True, name="public keys").start()

    def stop(self) -> None:
        """End the thread soon."""
        self._stopped.set()
        self._wanted.set()

    def refresh(self) -> None:
        """Take what another worker has fetched, or fetch; within the cool-down do nothing."""
        with self._slot.alone():
            shared = self._slot.read()
            if shared.written_at > self._found.at:
                self._found = _Fetched(read_jwks(shared.text, self._algorithms), shared.written_at)
                if self._clock() < self._due():
                    return
            now = self._clock()
            if now - shared.tried_at < COOL_DOWN_S:
                return
            shared = replace(shared, tried_at=now)
            self._slot.write(shared)
            try:
                text = fetch(self._uri)
                self._found = _Fetched(read_jwks(text, self._algorithms), self._clock())
            except (FetchFailed, KeyUnusable) as error:
                self._complain(str(error))
                return
            self._slot.write(replace(shared, written_at=self._found.at, text=text))
            self._complaint = ""

    def _run(self) -> None:
        while True:
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next attempt may do)
                self._complain(f"unexpected: {type(error).__name__}")
            # Whoever names keys that nobody has makes nobody fetch more often.
            if self._stopped.wait(COOL_DOWN_S):
                return
            self._wanted.clear()
            self._wanted.wait(max(0.0, self._due() - self._clock()))

    def _due(self) -> float:
        return self._found.at + 0.8 * LIFE_S

    def _complain(self, why: str) -> None:
        if why != self._complaint:
            fields = {"issuer": self._name, "reason": why}
            _log.error("public keys not fetched, keeping the last ones", extra={"fields": fields})
        self._complaint = why
