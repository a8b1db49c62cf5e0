"""Remove versions that nobody needs, whoever else is at work on the registry.

A removal is announced in the pointer, by compare-and-swap, before the first object goes: the
versions stand in ``removing``, and ``removals`` grows by one. When they are gone, ``removing`` is
emptied. Why nobody loses a version by it:

- Who promotes or rolls back has read the pointer, verifies the version after that, and swaps the
  pointer last. If a removal was announced in between, the swap fails; the version is looked up in
  ``removing`` and verified anew. If the swap came first, the announcement fails, and is made anew
  without what is current now.
- Who publishes reads the pointer before the first object and after the last. If ``removals`` is
  the same and the version is not in ``removing``, no object went away meanwhile; else it is all
  done again, once the removal is over.
- What was completed before the announcement is seen by it: ages are looked at again after it. So
  who was told that a version is published finds it whole for as long as versions are kept.
- Two removals at once could each empty ``removing`` while the other still removes. So there is one
  at a time: a second one may go on with the first one's work only when the pointer is as it was
  for `LEASE`, and the first one has stopped by itself long before. A request that waited for so
  long would be refused by S3, which takes no signature older than a quarter of an hour.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from serving.registry.errors import Changed, RegistryError
from serving.registry.fetch import version_file
from serving.registry.pointer import POINTER, Pointer, read_pointer
from serving.registry.retry import retry
from serving.registry.store import DirectoryStore, Listed, open_store
from serving.scoring import InvalidInput
from serving.scoring.manifest import MANIFEST
from training.registry.catalogue import versions_at, whole_manifest
from training.registry.files import remove_leftovers
from training.registry.objects import AnyStore, remove
from training.registry.pointing import SWAPS, Now, read_seen, swap, utc_now

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WEEK = timedelta(days=7)
#: A publication takes less; so nobody is at work on what is older.
LEAST_AGE = timedelta(hours=1)
#: How old an announcement must be to be somebody's who was killed.
LEASE = timedelta(hours=1)
#: Who removes stops after so long.
_WORK_S = 600.0
#: At once; their names must fit into the pointer.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, or would be.

    Attributes
    ----------
    left : tuple of str
        Versions old enough that are still there: there were too many for one time.
    """

    versions: tuple[str, ...]
    left: tuple[str, ...] = ()


def remove_old_versions(
    uri: str,
    *,
    older_than: timedelta = WEEK,
    dry_run: bool = False,
    client: S3Client | None = None,
    now: Now = utc_now,
    clock: Callable[[], float] = time.monotonic,
) -> Removed:
    """Remove versions, and what is left of cut-off publications.

    Never the current and the previous version, and none with an object that the store took less
    than `older_than` ago. A removal that was killed is finished first.

    Parameters
    ----------
    older_than : timedelta
        At least an hour.
    dry_run : bool
        Change nothing, and tell what would be removed.

    Raises
    ------
    InvalidInput
        If `older_than` is less than an hour.
    NotFound
        If nothing is published.
    RegistryError
        If another removal is at work, or the registry cannot be read or written; what was removed
        by then is gone.
    """
    if older_than < LEAST_AGE:
        raise InvalidInput("versions are kept for at least an hour: somebody may be at work on one")
    store = open_store(uri, client)
    limit = now().astimezone(UTC) - older_than
    if dry_run:
        pointer = read_pointer(store)
        return Removed(tuple(sorted({*pointer.removing, *_old(store, pointer, limit)})))
    started = clock()
    removal = retry(lambda: _announce(store, limit, now), Changed, attempts=SWAPS)
    done: list[str] = []
    waiting = list(removal.versions)
    try:
        while waiting and clock() - started < _WORK_S:
            version = waiting.pop(0)
            if _remove_version(store, version, limit, resumed=version in removal.resumed):
                done.append(version)
    finally:
        if removal.versions:
            retry(lambda: _conclude(store, removal.number), Changed, attempts=SWAPS)
    if isinstance(store, DirectoryStore):
        remove_leftovers(store, limit)
    return Removed(tuple(done), (*waiting, *removal.left))


@dataclass(frozen=True, slots=True)
class _Removal:
    """What was announced: under which number, which versions, and whose removal began before."""

    number: int
    versions: tuple[str, ...]
    resumed: frozenset[str]
    left: tuple[str, ...]


def _announce(store: AnyStore, limit: datetime, now: Now) -> _Removal:
    seen = read_seen(store)
    if seen is None:
        pointer = read_pointer(store)  # says what to do
        return _Removal(pointer.removals, (), frozenset(), ())
    pointer = seen.pointer
    if pointer.removing:
        _refuse_if_recent(store, now)
    resumed = frozenset(pointer.removing)
    old = [version for version in _old(store, pointer, limit) if version not in resumed]
    doomed = (*pointer.removing, *old)
    first, left = doomed[:_MOST], doomed[_MOST:]
    if first:
        announced = dataclasses.replace(pointer, removing=first, removals=pointer.removals + 1)
        pointer = swap(store, seen, announced)
    return _Removal(pointer.removals, first, resumed, left)


def _refuse_if_recent(store: AnyStore, now: Now) -> None:
    for entry in store.listed(POINTER):
        free = entry.modified + LEASE
        if entry.name == POINTER and now().astimezone(UTC) < free:
            raise RegistryError(
                f"{store.uri}: another `scorecard gc` is at work; if it was interrupted, run this "
                f"again after {free:%Y-%m-%d %H:%M} UTC, to finish it"
            )


def _conclude(store: AnyStore, number: int) -> None:
    seen = read_seen(store)
    # With another number, somebody else goes on with what is in `removing`.
    if seen and seen.pointer.removals == number:
        swap(store, seen, dataclasses.replace(seen.pointer, removing=()))


def _old(store: AnyStore, pointer: Pointer, limit: datetime) -> list[str]:
    kept = {pointer.version, pointer.previous}
    return sorted(
        version
        for version, entries in versions_at(store).items()
        if version not in kept and _all_old(entries, limit)
    )


def _all_old(entries: Iterable[Listed], limit: datetime) -> bool:
    return all(entry.modified < limit for entry in entries)


def _remove_version(store: AnyStore, version: str, limit: datetime, *, resumed: bool) -> bool:
    """Remove a version unless somebody completed it before this was announced."""
    entries = list(store.listed(version_file(version, "")))
    # Where a removal was killed, young objects may be debris: what is not whole was not completed
    # before the announcement.
    debris = resumed and whole_manifest(store, version, entries) is None
    if not debris and not _all_old(entries, limit):
        return False
    manifest = version_file(version, MANIFEST)
    for name in sorted((entry.name for entry in entries), key=lambda name: name != manifest):
        remove(store, name)
    return True
