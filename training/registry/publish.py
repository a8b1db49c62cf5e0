"""Publish artifacts: a version is written once and whole, its manifest last.

Every object is created only where there is none, so a publication that was cut off, repeated or
raced ends in the same state as one that ran through. `remove.py` says why it reads the pointer
before and after.
"""

from __future__ import annotations

import hashlib
import operator
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.registry.errors import AlreadyThere, Changed, NotFound, RegistryError
from serving.registry.fetch import version_file
from serving.registry.pointer import StoredPointer, read_pointer
from serving.registry.retry import retry
from serving.registry.store import open_store
from serving.scoring import ArtifactCorrupt, ArtifactError, load_scorer
from serving.scoring.archive import open_files, pack
from serving.scoring.artifact import read_artifact, read_files
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, check_file, to_json
from training.registry.catalogue import PACKED, PUBLICATION
from training.registry.objects import AnyStore, create
from training.registry.pointing import SWAPS, Now, check_sentence, point_to, read_seen, utc_now

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication found and did.

    Attributes
    ----------
    is_current : bool
        Whether the pointer names this version.
    uploaded : bool
        Whether anything was missing; False if the whole version was there already.
    """

    version: str
    is_current: bool
    uploaded: bool


class _BeingRemoved(RegistryError):
    """Versions were removed while this one was written."""


def publish(
    artifact: Path,
    uri: str,
    *,
    note: str = "",
    gate: Mapping[str, Any] | None = None,
    client: S3Client | None = None,
    now: Now = utc_now,
) -> Published:
    """Upload an artifact as a version; in an empty registry it becomes the current one.

    A pointer that exists is never moved.

    Parameters
    ----------
    note : str
        Stored beside the version, and in the pointer, if this publication makes it. If the
        version was published before, its first note stays.
    gate : mapping, optional
        How it was decided that this may be the first version, as `decision` tells it; stored in
        the pointer, if this publication makes it.

    Raises
    ------
    InvalidInput
        If the note is too long or holds control characters.
    ArtifactError
        If the artifact must not be used; nothing is uploaded then.
    RegistryError
        If the registry cannot be written, holds other bytes under this version, or is removing it.
    """
    check_sentence(note, "note")
    store = open_store(uri, client)
    publication = _Publication(store, artifact, note, gate, now)
    seen = retry(publication.upload, _BeingRemoved, attempts=SWAPS)
    current = seen.pointer.version if seen else publication.point()
    return Published(publication.version, current == publication.version, publication.uploaded)


class _Gone(RegistryError):
    """An object that was there was removed before it could be compared."""


class _Publication:
    """One artifact on its way."""

    def __init__(
        self,
        store: AnyStore,
        artifact: Path,
        note: str,
        gate: Mapping[str, Any] | None,
        now: Now,
    ) -> None:
        self.store, self.note, self.gate, self.now = store, note, gate, now
        self.files, self.manifest = _read_verified(artifact)
        self.packed = pack(self.files, self.manifest)
        self.sha256 = hashlib.sha256(self.manifest).hexdigest()
        self.version = self.sha256[:32]
        self.uploaded = False

    def upload(self) -> StoredPointer | None:
        """Make sure that everything is there; give the pointer as it is then."""
        before = read_seen(self.store)
        self._refuse_while_removing(before)
        for name, data in self.files.items():
            self._put(name, data)
        self._put(PACKED, self.packed, _same_contents)
        # Two publications have two dates; the first one's stays.
        self._put(PUBLICATION, self._describe(), lambda _stored, _data: True)
        # The manifest comes last: where it is, everything is.
        self._put(MANIFEST, self.manifest)
        after = read_seen(self.store)
        self._refuse_while_removing(after)
        if after and after.pointer.removals != (before.pointer.removals if before else 0):
            raise _BeingRemoved(f"versions were removed from {self.store.uri} meanwhile")
        return after

    def point(self) -> str:
        """Make this the first version, or give the one that another publisher made it."""
        try:
            return point_to(
                self.store, None, self.version, self.sha256, gate=self.gate, note=self.note,
                now=self.now,
            ).version  # fmt: skip
        except Changed:
            return read_pointer(self.store).version

    def _refuse_while_removing(self, seen: StoredPointer | None) -> None:
        if seen and self.version in seen.pointer.removing:
            raise _BeingRemoved(
                f"{self.store.uri}: `scorecard gc` is removing version {self.version}; if it was "
                "interrupted, run it again, then publish"
            )

    def _describe(self) -> bytes:
        published_at = self.now().astimezone(UTC).isoformat(timespec="seconds")
        return to_json({"schema": 1, "published_at": published_at, "note": self.note})

    def _put(
        self, name: str, data: bytes, is_same: Callable[[bytes, bytes], bool] = operator.eq
    ) -> None:
        """Make sure that a file of the version holds `data`."""
        place = version_file(self.version, name)
        if retry(lambda: _put(self.store, place, data, is_same), _Gone):
            self.uploaded = True


def _read_verified(artifact: Path) -> tuple[dict[str, bytes], bytes]:
    """Give all files and the manifest of an artifact that replays its golden rows."""
    loaded = load_scorer(artifact).artifact
    source = open_files(artifact)
    listed = loaded.manifest["files"]
    files = {
        name: check_file(listed, name, source.read(name, entry["bytes"]))
        for name, entry in listed.items()
    }
    manifest = source.read(MANIFEST, MAX_MANIFEST_BYTES)
    if not hashlib.sha256(manifest).hexdigest().startswith(loaded.version):
        raise ArtifactCorrupt(f"{artifact} changed while it was read")
    return files, manifest


def _put(store: AnyStore, place: str, data: bytes, is_same: Callable[[bytes, bytes], bool]) -> bool:
    """Make sure that an object holds `data`; tell whether it was missing."""
    try:
        create(store, place, data)
    except AlreadyThere:
        try:
            stored = store.read(place, 2 * len(data) + 2**14).data
        except NotFound:
            raise _Gone(f"{store.uri}/{place} was removed at this moment") from None
        if not is_same(stored, data):
            raise RegistryError(
                f"{store.uri}/{place} is there with other content, and versions never change: "
                "find out who wrote it, and remove it if it is damaged"
            ) from None
        return False
    return True


def _same_contents(stored: bytes, packed: bytes) -> bool:
    """Compare two archives; another zlib packs the same files into other bytes."""
    return stored == packed or _unpacked(stored) == _unpacked(packed)


def _unpacked(packed: bytes) -> tuple[str, dict[str, bytes]] | None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / PACKED
        path.write_bytes(packed)
        try:
            return read_artifact(path).version, read_files(path)
        except ArtifactError:
            return None
