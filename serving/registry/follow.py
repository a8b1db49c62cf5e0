"""Follow the pointer of a registry: what is new, and what was good last.

What follows is a conversation. `Follower.poll` gives a version that is on the disk, verified byte
by byte. Its caller loads it, replays its golden rows, and says `accept` or `refuse`. The pointer
of what was accepted last is remembered in the cache, for a start without the registry.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serving.registry.cache import alone, is_whole, keep_only, replace_file
from serving.registry.errors import BadVersion, RegistryError
from serving.registry.fetch import fetch
from serving.registry.pointer import POINTER, Pointer, read_pointer, read_stored_pointer
from serving.registry.store import DirectoryStore, Store, open_store
from serving.registry.uri import DirectoryLocation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: In the cache, the folder of the pointers that were accepted, one per registry.
_ACCEPTED = ".accepted"

#: A bad version is looked at again after so long: somebody may have mended it where it lies.
RETRY_S = 300.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version on the local disk, every served byte verified; not loaded yet.

    Attributes
    ----------
    pointer : Pointer
        That named it.
    folder : Path
        Where it is.
    """

    pointer: Pointer
    folder: Path


class Follower:
    """Follows one registry for one process.

    Polls are made by one thread; another one may ask for the last accepted version meanwhile.

    Parameters
    ----------
    uri : str
        ``s3://bucket/prefix`` or ``file:///directory``. Not looked at before the first poll.
    cache : Path
        Where versions are kept; processes may share it.
    client : S3Client, optional
        Speaks to S3; made from the environment if not given.
    clock : callable
        Seconds that never go back.

    Attributes
    ----------
    in_use : str
        The version accepted last by this process; empty if there is none.
    """

    def __init__(
        self,
        uri: str,
        cache: Path,
        *,
        client: S3Client | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._uri = uri
        self._cache = cache
        self._client = client
        self._store: Store | None = None
        self._clock = clock
        self._etag = ""
        self._retry_at = math.inf
        self._seen_seq = 0
        self.in_use = ""
        # By its hash, because an address has slashes.
        self._accepted = cache / _ACCEPTED / hashlib.sha256(uri.encode()).hexdigest()[:32]

    def poll(self) -> Candidate | None:
        """Look whether the pointer names a version that was not given before.

        Returns
        -------
        Candidate or None
            None while the pointer is unchanged, or names the accepted version again.

        Raises
        ------
        BadVersion
            If the pointer is older than one seen before, or what it names must not be used. Not
            raised again before the pointer changes or `RETRY_S` have passed.
        RegistryError
            If the registry or its pointer cannot be read, or the cache not written. The next
            call tries again.
        """
        if self._store is None:
            self._store = open_store(self._uri, self._client)
            # Before the pointer is read: what another process accepts meanwhile is no older.
            accepted = self._accepted_pointer()
            self._seen_seq = accepted.seq if accepted else 0
        if self._clock() > self._retry_at:
            self.forget()
        stored = read_stored_pointer(self._store, self._etag)
        # Not every server knows how to say that nothing has changed.
        if stored is None or stored.etag == self._etag:
            return None
        self._retry_at = math.inf
        try:
            candidate = self._follow(self._store, stored.pointer)
        except BadVersion:
            self._give_up(stored.etag)
            raise
        self._etag = stored.etag
        return candidate

    def _give_up(self, etag: str) -> None:
        self._etag = etag
        self._retry_at = self._clock() + RETRY_S

    def _follow(self, store: Store, pointer: Pointer) -> Candidate | None:
        if pointer.seq < self._seen_seq:
            raise BadVersion(
                f"{store.uri}/{POINTER} went back from seq {self._seen_seq} to {pointer.seq}: "
                "somebody put an old one in its place. To go back use `scorecard rollback`; if "
                "the registry was made anew, remove the cache and restart"
            )
        self._seen_seq = pointer.seq
        if pointer.version == self.in_use:
            return None
        return Candidate(pointer, fetch(store, pointer, self._cache))

    def accept(self, candidate: Candidate) -> None:
        """Remember that a version was loaded and gives its golden scores; drop what is too old.

        Raises
        ------
        RegistryError
            If the cache cannot be written; the version counts as accepted all the same.
        """
        self.in_use = candidate.pointer.version
        with alone(self._cache):
            known = self._accepted_pointer()
            if known is None or known.seq < candidate.pointer.seq:
                replace_file(self._accepted / POINTER, candidate.pointer.to_json())
            keep_only(self._cache, self._needed(), candidate.pointer.version)

    def refuse(self, candidate: Candidate, *, for_good: bool) -> None:
        """Note that a version cannot be loaded.

        Parameters
        ----------
        for_good : bool
            Whether the version is to blame: then it is given again only when the pointer changes,
            or after `RETRY_S`. Otherwise, and if what lies in the cache is no longer what was
            verified, the next `poll` gives it again.
        """
        if for_good and is_whole(candidate.folder, candidate.pointer.version):
            self._give_up(self._etag)
        else:
            self.forget()

    def resume(self, candidate: Candidate) -> None:
        """Note that what was accepted last, by whomever, is in use; waits for nobody."""
        self.in_use = candidate.pointer.version

    def forget(self) -> None:
        """Have the next `poll` look at the pointer as if it were new."""
        self._etag = ""

    def last_accepted(self) -> Candidate | None:
        """Give the version accepted last by any process with this cache, verified again.

        Returns
        -------
        Candidate or None
            None if there was none, or it is not in the cache any more as it was.
        """
        pointer = self._accepted_pointer()
        if pointer is None or not is_whole(self._cache / pointer.version, pointer.version):
            return None
        return Candidate(pointer, self._cache / pointer.version)

    def _accepted_pointer(self) -> Pointer | None:
        return _pointer_in(self._accepted)

    def _needed(self) -> set[str]:
        """Give the versions that any registry with this cache would start with."""
        pointers = map(_pointer_in, (self._cache / _ACCEPTED).iterdir())
        return {pointer.version for pointer in pointers if pointer is not None}


def _pointer_in(folder: Path) -> Pointer | None:
    # A folder with a pointer is a registry of its own kind, and read as strictly.
    try:
        return read_pointer(DirectoryStore(DirectoryLocation(folder)))
    except RegistryError:
        return None
