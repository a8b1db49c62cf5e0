"""From a registry to a verified local directory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.registry.cache import cached
from serving.registry.errors import BadVersion, NotFound, RegistryError, TooLarge
from serving.registry.pointer import Pointer, is_version, read_pointer
from serving.registry.store import Store, open_store
from serving.scoring.artifact import served_files, write_artifact
from serving.scoring.errors import ArtifactCorrupt, ArtifactError
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, check_file, read_manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def version_file(version: str, name: str) -> str:
    """Give the name of a version's file in the registry."""
    return f"versions/{version}/{name}"


def fetch_current(uri: str, cache: Path, *, client: S3Client | None = None) -> Path:
    """Give a local directory with what serving needs of the current version.

    Parameters
    ----------
    uri : str
        ``s3://bucket/prefix`` or ``file:///directory``.
    cache : Path
        Where versions are kept, each in a directory of its name. One that is there and verifies
        is used without a download.

    Returns
    -------
    Path
        Holds the manifest and the served files; those for people stay in the registry.

    Raises
    ------
    RegistryError
        If nothing is published, the registry cannot be reached, or what it holds is not what
        its pointer and manifest say. Nothing that looks finished is left in `cache` then.
    """
    store = open_store(uri, client)
    return fetch(store, read_pointer(store), cache)


def fetch(store: Store, pointer: Pointer, cache: Path) -> Path:
    """Give a local directory with what serving needs of the version that `pointer` names.

    Raises
    ------
    BadVersion
        If files are missing, or are not what pointer and manifest say.
    RegistryError
        If the registry cannot be reached or the cache not written.
    """

    def download() -> dict[str, bytes]:
        manifest, listed = _read_manifest(store, pointer.version, pointer.manifest_sha256)
        return {
            **_read_files(store, pointer.version, listed, served_files(listed)),
            MANIFEST: manifest,
        }

    return cached(cache, pointer.version, download)


def pull(
    uri: str, target: Path, *, version: str | None = None, client: S3Client | None = None
) -> str:
    """Write a version with all its files to `target`, the current one if none is named.

    Returns
    -------
    str
        The version.

    Raises
    ------
    RegistryError
        As `fetch_current`, or if there is no such version.
    ArtifactError
        If `target` holds something that is not an artifact.
    """
    store = open_store(uri, client)
    if version is None:
        pointer = read_pointer(store)
        version, sha256 = pointer.version, pointer.manifest_sha256
    elif is_version(version):
        sha256 = version
    else:
        raise RegistryError("a version is 32 characters of 0-9 and a-f")
    manifest, listed = _read_manifest(store, version, sha256)
    write_artifact(target, _read_files(store, version, listed, listed), manifest)
    return version


def _read_manifest(store: Store, version: str, sha256: str) -> tuple[bytes, Mapping[str, Any]]:
    """Give a version's manifest and the files it lists; `sha256` may be the beginning of it."""

    def check(data: bytes) -> bytes:
        if not hashlib.sha256(data).hexdigest().startswith(sha256):
            raise ArtifactCorrupt(f"{MANIFEST} was altered")
        return data

    try:
        data = _read_intact(store, version, MANIFEST, MAX_MANIFEST_BYTES, check)
    except NotFound:
        raise BadVersion(f"there is no version {version} at {store.uri}") from None
    except (TooLarge, ArtifactCorrupt) as error:
        raise _bad_version(store, version, error) from None
    try:
        return data, read_manifest(data)["files"]
    except ArtifactError as error:
        raise _bad_version(store, version, error) from None


def _read_files(
    store: Store, version: str, listed: Mapping[str, Any], names: Iterable[str]
) -> dict[str, bytes]:
    files = {}
    for name in names:
        max_bytes = listed.get(name, {"bytes": 0})["bytes"]
        try:
            files[name] = _read_intact(
                store, version, name, max_bytes, partial(check_file, listed, name)
            )
        except (NotFound, TooLarge, ArtifactCorrupt) as error:
            raise _bad_version(store, version, error) from None
    return files


def _read_intact(
    store: Store, version: str, name: str, max_bytes: int, check: Callable[[bytes], bytes]
) -> bytes:
    """Read a file of a version; what was altered may have been so on its way, and is read again."""
    try:
        return check(store.read(version_file(version, name), max_bytes).data)
    except ArtifactCorrupt:
        return check(store.read(version_file(version, name), max_bytes).data)


def _bad_version(store: Store, version: str, error: Exception) -> BadVersion:
    return BadVersion(f"{store.uri}: version {version}: {error}")
