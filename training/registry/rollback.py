"""Go back to a version that was current before."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from serving.registry.errors import Changed, RegistryError
from serving.registry.pointer import Pointer, read_pointer
from serving.registry.retry import retry
from serving.registry.store import open_store
from training.registry.catalogue import fetch_verified, refuse_if_removing, resolve_version
from training.registry.pointing import (
    SWAPS,
    Now,
    Promoted,
    check_sentence,
    point_to,
    read_seen,
    utc_now,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def rollback(
    uri: str,
    *,
    to: str | None = None,
    note: str = "",
    client: S3Client | None = None,
    now: Now = utc_now,
) -> Promoted:
    """Make the previous version current again, or the one named; no gate is asked.

    The pointer goes on counting: a rollback is a new pointer to an old version. Done twice it goes
    forth again, unless the version is named.

    Parameters
    ----------
    to : str or None
        A version, or its first 6 characters or more.

    Raises
    ------
    InvalidInput
        If the note cannot be stored.
    ArtifactError
        If the version is not whole.
    RegistryError
        If there is no such version, it is being removed, another one became current meanwhile, or
        the registry cannot be written.
    """
    check_sentence(note, "note")
    store = open_store(uri, client)
    first = read_pointer(store)
    version = resolve_version(store, to) if to else _previous(first)

    def attempt() -> Promoted:
        seen = read_seen(store)
        if seen is None or seen.pointer.version != first.version:
            # What was seen when this was decided is not what would be undone.
            raise RegistryError(
                f"{store.uri}: another version became current at this moment; look at "
                "`scorecard versions`, then decide again"
            )
        refuse_if_removing(seen, version)
        if version == seen.pointer.version:
            return Promoted(version, seen.pointer.previous, seen.pointer.seq, moved=False)
        with tempfile.TemporaryDirectory() as scratch:
            sha256 = fetch_verified(store.uri, version, Path(scratch) / "version", client)
        gate = {"verdict": "rollback", "reason": note}
        made = point_to(store, seen, version, sha256, gate=gate, note=note, now=now)
        return Promoted(version, made.previous, made.seq, moved=True)

    return retry(attempt, Changed, attempts=SWAPS)


def _previous(pointer: Pointer) -> str:
    if pointer.previous is None:
        raise RegistryError(
            f"there is nothing to go back to: {pointer.version} is the first current version; "
            "name one of `scorecard versions`"
        )
    return pointer.previous
