"""Publish artifacts: a version is written once and whole, its manifest last, then the pointer.

The write side of ``serving.registry``. Every object is created only where there is none, so a
publication that was cut off, repeated or raced ends in the same state as one that ran through.
"""

from __future__ import annotations

import base64
import hashlib
import operator
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from serving.registry.errors import AlreadyThere, Conflict, NotFound, RegistryError
from serving.registry.fetch import version_file
from serving.registry.pointer import POINTER, Pointer, read_pointer
from serving.registry.retry import retry
from serving.registry.store import DirectoryStore, open_store
from serving.scoring import ArtifactCorrupt, ArtifactError, InvalidInput, load_scorer
from serving.scoring.archive import open_files, pack
from serving.scoring.artifact import read_artifact, read_files
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, check_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from serving.registry.s3 import S3Store

PACKED = "model.tar.gz"
MAX_NOTE = 1000


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


def _utc_now() -> datetime:
    return datetime.now(UTC)


def publish(
    artifact: Path,
    uri: str,
    *,
    note: str = "",
    client: S3Client | None = None,
    now: Callable[[], datetime] = _utc_now,
) -> Published:
    """Upload an artifact as a version; in an empty registry it becomes the current one.

    A pointer that exists is never moved.

    Parameters
    ----------
    note : str
        Stored in the pointer, if this publication makes it.

    Raises
    ------
    InvalidInput
        If the note is too long or holds control characters.
    ArtifactError
        If the artifact must not be used; nothing is uploaded then.
    RegistryError
        If the registry cannot be written, or holds other bytes under this version.
    """
    if len(note) > MAX_NOTE or not note.isprintable():
        raise InvalidInput(f"a note is one line of at most {MAX_NOTE} characters")
    store = open_store(uri, client)
    files, manifest = _read_verified(artifact)
    sha256 = hashlib.sha256(manifest).hexdigest()
    version = sha256[:32]
    # The manifest comes last: where it is, everything is.
    created = [
        *(_put(store, version_file(version, name), data) for name, data in files.items()),
        _put(store, version_file(version, PACKED), pack(files, manifest), _same_contents),
        _put(store, version_file(version, MANIFEST), manifest),
    ]
    first = Pointer(
        seq=1,
        version=version,
        manifest_sha256=sha256,
        previous=None,
        published_at=now().astimezone(UTC).isoformat(timespec="seconds"),
        note=note,
    )
    return Published(version, _current(store, first) == version, any(created))


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


def _current(store: DirectoryStore | S3Store, first: Pointer) -> str:
    """Give the version that is current, after making it `first` where there was none."""
    try:
        return read_pointer(store).version
    except NotFound:
        pass
    try:
        _create(store, POINTER, first.to_json())
    except AlreadyThere:
        # Another publisher was faster, or this one was and the answer got lost.
        return read_pointer(store).version
    return first.version


def _put(
    store: DirectoryStore | S3Store,
    name: str,
    data: bytes,
    is_same: Callable[[bytes, bytes], bool] = operator.eq,
) -> bool:
    """Make sure that `name` holds `data`; tell whether it was missing."""
    try:
        _create(store, name, data)
    except AlreadyThere:
        stored = store.read(name, 2 * len(data)).data
        if not is_same(stored, data):
            raise RegistryError(
                f"{store.uri}/{name} is there with other content, and versions never change: "
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


def _create(store: DirectoryStore | S3Store, name: str, data: bytes) -> None:
    """Write an object where there is none; AlreadyThere if there is one."""
    if isinstance(store, DirectoryStore):
        _create_file(store.location.path(name), data)
    else:
        retry(lambda: _create_object(store, name, data), Conflict)


def _create_object(store: S3Store, name: str, data: bytes) -> None:
    with store.explained(name):
        store.client.put_object(
            Bucket=store.location.bucket,
            Key=store.location.key(name),
            Body=data,
            IfNoneMatch="*",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(data).digest()).decode(),
        )


def _create_file(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
            # Unlike a rename, a link never replaces what is there.
            os.link(file.name, path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise AlreadyThere(f"{path} is there already") from None
    except OSError as error:
        raise RegistryError(f"{path} cannot be written: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    """Let the names in `folder` survive a power cut, so that the manifest really comes last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
