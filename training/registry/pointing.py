"""Replacing the pointer: only by who has read what it replaces."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from serving.registry.errors import AlreadyThere, Changed, NotFound, RegistryError
from serving.registry.pointer import (
    MAX_POINTER_BYTES,
    POINTER,
    Pointer,
    StoredPointer,
    read_stored_pointer,
)
from serving.registry.store import DirectoryStore
from serving.scoring import InvalidInput
from training.registry.objects import AnyStore, create, replace

MAX_NOTE = 1000
#: So often a change is tried that others are always faster with.
SWAPS = 20

#: Gives the time, with a time zone.
Now = Callable[[], datetime]


class Report(Protocol):
    """What a gate found."""

    @property
    def passed(self) -> bool:
        """Whether the candidate may become current."""

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON, a few kilobytes of it, to be stored in the pointer."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """What a promotion or a rollback found and did.

    Attributes
    ----------
    previous : str or None
        The version that was current before `version`.
    seq : int
        The pointer's number.
    moved : bool
        False if the version was the current one already.
    report : Report or None
        What the gate said, if it was asked.
    """

    version: str
    previous: str | None
    seq: int
    moved: bool
    report: Report | None = None


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def check_sentence(text: str, name: str) -> str:
    """Return what people wrote, if it can be shown in one line; raises InvalidInput."""
    if len(text) > MAX_NOTE or not text.isprintable():
        raise InvalidInput(f"a {name} is one line of at most {MAX_NOTE} characters")
    return text


def read_seen(store: AnyStore) -> StoredPointer | None:
    """Read the pointer to change it; None if there is none, or no registry yet."""
    if isinstance(store, DirectoryStore) and not store.location.folder.exists():
        return None
    try:
        return read_stored_pointer(store)
    except NotFound:
        return None


def point_to(
    store: AnyStore,
    seen: StoredPointer | None,
    version: str,
    manifest_sha256: str,
    *,
    gate: Mapping[str, Any] | None,
    note: str,
    now: Now,
) -> Pointer:
    """Make a version current, if the pointer is still the one that was seen.

    Raises
    ------
    Changed
        If it is not; nothing has changed then.
    RegistryError
        If it cannot be written. It may have been, all the same, if the answer got lost; doing the
        same again is safe.
    """
    old = seen.pointer if seen else None
    pointer = Pointer(
        seq=old.seq + 1 if old else 1,
        version=version,
        manifest_sha256=manifest_sha256,
        previous=old.version if old else None,
        published_at=now().astimezone(UTC).isoformat(timespec="seconds"),
        note=note,
        gate=gate,
        # Whoever is removing versions goes on doing so, whatever is current.
        removing=old.removing if old else (),
        removals=old.removals if old else 0,
    )
    return swap(store, seen, pointer)


def swap(store: AnyStore, seen: StoredPointer | None, pointer: Pointer) -> Pointer:
    """Store a pointer in the place of the one that was seen; raises as `point_to`."""
    # Without it two who write the same could not tell whose write it was.
    pointer = dataclasses.replace(pointer, change=secrets.token_hex(8))
    data = pointer.to_json()
    if len(data) > MAX_POINTER_BYTES:
        raise RegistryError(f"the pointer would have more than {MAX_POINTER_BYTES} bytes")
    if seen:
        replace(store, POINTER, data, seen.etag)
        return pointer
    try:
        create(store, POINTER, data)
    except AlreadyThere:
        if store.read(POINTER, MAX_POINTER_BYTES).data != data:
            raise Changed(f"{store.uri}/{POINTER} was made by somebody else") from None
    return pointer
