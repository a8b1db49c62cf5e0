"""Where an artifact's bytes lie: a directory, or the same tree as ``model.tar.gz``."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from serving.scoring.errors import ArtifactCorrupt, ArtifactError
from serving.scoring.manifest import MANIFEST, MAX_FILE_BYTES
from serving.scoring.tar_entries import Entry, plain_files

#: Zeros that may follow a tar's end; `tar` itself fills up to 10,240 bytes.
_MAX_PADDING = 2**20


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
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise ArtifactError(f"there is no artifact at {path}") from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{str(path)!r} cannot be read: {error}") from None
    if stat.S_ISDIR(mode):
        return _Directory(path)
    if stat.S_ISREG(mode):
        return _Archive(path)
    raise ArtifactError(f"there is no artifact at {path}: it is neither a directory nor a file")


class _Directory:
    """Reads plain files only: a link could lead out of the directory, a pipe never ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> set[str]:
        try:
            return {
                path.relative_to(self._folder).as_posix()
                for path in self._folder.rglob("*")
                if path.is_symlink() or not path.is_dir()
            }
        except OSError as error:  # one that is replaced at this moment, for instance
            raise ArtifactError(f"{self._folder} cannot be listed: {error.strerror}") from None

    def read(self, name: str, max_bytes: int) -> bytes:
        path = self._folder / name
        try:
            linked = path.parent != self._folder and path.parent.is_symlink()
            if linked or not stat.S_ISREG(path.lstat().st_mode):
                raise ArtifactCorrupt(f"{name} is not a plain file in {self._folder}")
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
        self._entries: dict[str, Entry] = {}
        with self._unpacked() as unpacked:
            for entry in plain_files(unpacked):
                # `tar -C build/artifact -cz .` writes every name with it.
                name = entry.name.removeprefix("./")
                if name in self._entries:
                    raise ArtifactCorrupt(f"{path} holds {name!r:.200} twice")
                self._entries[name] = entry
            # gzip's own checksum comes last; it covers the manifest, which lists all others.
            rest = unpacked.read(_MAX_PADDING + 1)
            if len(rest) > _MAX_PADDING or any(rest):
                raise ArtifactCorrupt(f"{path} goes on after its end")

    @contextmanager
    def _unpacked(self) -> Iterator[_CappedGzip]:
        try:
            with _CappedGzip(self._path) as unpacked:
                yield unpacked
        except (zlib.error, OSError, EOFError, ValueError) as error:
            raise ArtifactCorrupt(f"{self._path} is not a model.tar.gz: {error}") from None

    def names(self) -> set[str]:
        return set(self._entries)

    def read(self, name: str, max_bytes: int) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise ArtifactCorrupt(f"{name} is missing in {self._path}")
        with self._unpacked() as unpacked:
            unpacked.seek(entry.offset)
            data = unpacked.read(min(entry.size, max_bytes + 1))
        if len(data) < min(entry.size, max_bytes + 1):
            raise ArtifactCorrupt(f"{self._path} was replaced while it was read")
        return _within(name, data, max_bytes)


class _CappedGzip(gzip.GzipFile):
    """Unpacks no more than an artifact can hold: ten megabytes of gzip can hold ten gigabytes.

    Skipping a file unpacks it too; so the cap is here, under whoever reads or skips.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")

    def read(self, size: int | None = -1) -> bytes:
        self._check(-1 if size is None or size < 0 else self.tell() + size)
        return super().read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check(offset)
        return super().seek(offset, whence)

    def _check(self, position: int) -> None:
        if not 0 <= position <= MAX_FILE_BYTES:
            raise ArtifactCorrupt(f"{self.name} unpacks to more than {MAX_FILE_BYTES} bytes")


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
