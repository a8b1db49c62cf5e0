"""Which versions there are, and whether each is whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.registry.errors import NotFound, RegistryError, TooLarge
from serving.registry.fetch import pull, version_file
from serving.registry.pointer import StoredPointer, is_version
from serving.registry.store import Listed, Store
from serving.scoring import load_scorer
from serving.scoring.errors import ArtifactCorrupt, UnsupportedFormat
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, read_manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PACKED = "model.tar.gz"
PUBLICATION = "publication.json"

_VERSIONS = "versions/"
_BEGINNING = re.compile(r"[0-9a-f]{6,32}")
#: So many candidates are named where a beginning fits several versions.
_SHOWN = 10


def versions_at(store: Store, beginning: str = "") -> dict[str, list[Listed]]:
    """Give all objects of the versions whose names begin so."""
    found: dict[str, list[Listed]] = {}
    for entry in store.listed(_VERSIONS + beginning):
        version = entry.name.split("/")[1]
        if is_version(version):
            found.setdefault(version, []).append(entry)
    return found


def resolve_version(store: Store, text: str) -> str:
    """Give the version that begins with `text`, at least 6 characters of it.

    Raises
    ------
    NotFound
        If there is none.
    RegistryError
        If `text` is no beginning of a version, or of several; these are listed.
    """
    if not _BEGINNING.fullmatch(text):
        raise RegistryError("a version is 32 characters of 0-9 and a-f, or at least the first 6")
    fitting = sorted(versions_at(store, text))
    if not fitting:
        raise NotFound(f"there is no version {text} at {store.uri}; see `scorecard versions`")
    if len(fitting) > 1:
        shown = ", ".join(fitting[:_SHOWN])
        more = ", and more" if len(fitting) > _SHOWN else ""
        raise RegistryError(f"{text} is the beginning of {len(fitting)} versions: {shown}{more}")
    return fitting[0]


def whole_manifest(
    store: Store, version: str, entries: Iterable[Listed]
) -> Mapping[str, Any] | None:
    """Give a version's manifest, if the listed objects are all that it needs; None if not.

    Contents are not compared: that is for who uses the version.
    """
    sizes = {entry.name: entry.bytes for entry in entries}
    try:
        manifest = read_manifest(
            store.read(version_file(version, MANIFEST), MAX_MANIFEST_BYTES).data
        )
    except (NotFound, TooLarge, ArtifactCorrupt, UnsupportedFormat):
        return None
    wanted = {
        version_file(version, name): file["bytes"] for name, file in manifest["files"].items()
    }
    there = version_file(version, PACKED) in sizes and wanted.items() <= sizes.items()
    return manifest if there else None


def refuse_if_removing(seen: StoredPointer | None, version: str) -> None:
    """Raise RegistryError if a version is being removed."""
    if seen and version in seen.pointer.removing:
        raise RegistryError(
            f"version {version} is being removed by `scorecard gc`; publish it again afterwards"
        )


def fetch_verified(uri: str, version: str, folder: Path, client: S3Client | None) -> str:
    """Write a version to `folder`, every byte of it checked and its golden rows replayed.

    Returns
    -------
    str
        The sha256 of its manifest.

    Raises
    ------
    ArtifactError
        If it is not whole, or must not be used.
    """
    pull(uri, folder, version=version, client=client)
    load_scorer(folder)
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
