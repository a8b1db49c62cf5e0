"""Where an artifact's bytes lie: a directory, or the same tree as ``model.tar.gz``."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from serving.scoring.errors import ArtifactCorrupt, ArtifactError
from serving.scoring.manifest import MANIFEST

#: More than this many entries is not an artifact of ours.
_MAX_ENTRIES = 1000


class Files(Protocol):
    """An artifact's files by name."""

    def names(self) -> set[str]:
        """List what is there."""

    def read(self, name: str, max_bytes: int) -> bytes:
        """Give a file's bytes; ArtifactCorrupt if it is absent or larger than `max_bytes`."""


def open_files(path: Path) -> Files:
    """Open a directory or an archive.

    Raises
    ------
    ArtifactError
        If there is neither.
    """
    if path.is_dir():
        return _Directory(path)
    if path.is_file():
        return _Archive(path)
    raise ArtifactError(f"there is no artifact at {path}")


class _Directory:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> set[str]:
        return {
            path.relative_to(self._folder).as_posix()
            for path in self._folder.rglob("*")
            if not path.is_dir()
        }

    def read(self, name: str, max_bytes: int) -> bytes:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
        except FileNotFoundError:
            raise ArtifactCorrupt(f"{name} is missing in {self._folder}") from None
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read: {error.strerror}") from None
        return _within(name, data, max_bytes)


class _Archive:
    """Reads single plain files out of a tar; nothing is ever extracted to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            with tarfile.open(path, "r:gz") as archive:
                for member in archive:
                    self._add(member)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ArtifactCorrupt(f"{path} is not a model.tar.gz: {error}") from None

    def _add(self, member: tarfile.TarInfo) -> None:
        if member.isdir():
            return
        if not member.isreg() or member.name in self._members:
            raise ArtifactCorrupt(f"{self._path}: {member.name} is not one plain file")
        self._members[member.name] = member
        if len(self._members) > _MAX_ENTRIES:
            raise ArtifactCorrupt(f"{self._path} holds more than {_MAX_ENTRIES} files")

    def names(self) -> set[str]:
        return set(self._members)

    def read(self, name: str, max_bytes: int) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise ArtifactCorrupt(f"{name} is missing in {self._path}")
        with tarfile.open(self._path, "r:gz") as archive:
            file = archive.extractfile(member)
            data = b"" if file is None else file.read(max_bytes + 1)
        return _within(name, data, max_bytes)


def pack(files: Mapping[str, bytes], manifest: bytes) -> bytes:
    """Make ``model.tar.gz``: the same files give the same bytes.

    The manifest comes first, so that a reader knows what to expect before it arrives.
    """
    stream = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, data in [(MANIFEST, manifest), *sorted(files.items())]:
            # A fresh TarInfo has mtime 0, uid 0 and mode 0644 on every machine.
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def _within(name: str, data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise ArtifactCorrupt(f"{name} is larger than the manifest says")
    return data
