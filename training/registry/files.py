"""Writing to a registry in a directory: each file whole or not at all, and kept by a power cut."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from serving.registry.errors import AlreadyThere, Changed, RegistryError
from serving.registry.pointer import POINTER, is_version
from serving.registry.retry import retry
from serving.registry.store import DirectoryStore

#: Never removed: whoever waits for it would hold another file than who comes next.
LOCK = ".lock"
#: What `tempfile` calls the files that are being written.
_PARTIAL = re.compile(r"\.(.+)\.[a-z0-9_]{8}")


class _FolderGone(RegistryError):
    """Somebody removed the folder as its last file went, while another was being written there."""


def create_file(store: DirectoryStore, name: str, data: bytes) -> None:
    """Write a file where there is none; see `objects.create`."""
    # Unlike a rename, a link never replaces what is there.
    retry(lambda: _write(store.location.path(name), data, os.link), _FolderGone)


def replace_file(store: DirectoryStore, name: str, data: bytes, etag: str) -> None:
    """Replace the file that has `etag`; see `objects.replace`."""
    path = store.location.path(name)
    with _alone(path):
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise RegistryError(f"{path} cannot be read: {error.strerror}") from None
        if found != etag:
            raise Changed(f"{path} was changed by somebody else")
        _write(path, data, os.replace)


def remove_file(store: DirectoryStore, name: str) -> None:
    """Remove a file, and its folders if they are empty then; see `objects.remove`."""
    path = store.location.path(name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RegistryError(f"{path} cannot be removed: {error.strerror}") from None
    for folder in list(path.parents)[: name.count("/")]:
        try:
            folder.rmdir()
        except OSError:
            return


def _write(path: Path, data: bytes, put: Callable[[str, Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            put(partial, path)
            # So that the manifest really comes last, also after a power cut.
            _sync_folder(path.parent)
        finally:
            Path(partial).unlink(missing_ok=True)
    except FileExistsError as error:
        if path.parent.is_dir():
            raise AlreadyThere(f"{path} is there already") from None
        raise RegistryError(f"{path} cannot be written: {error.strerror}") from None
    except FileNotFoundError:
        raise _FolderGone(f"{path.parent} was removed") from None
    except OSError as error:
        raise RegistryError(f"{path} cannot be written: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let nobody else replace files in this folder; the kernel lets go when a holder ends."""
    try:
        lock = (path.parent / LOCK).open("ab")
    except OSError as error:
        raise RegistryError(f"{path} cannot be locked: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_leftovers(store: DirectoryStore, before: datetime) -> None:
    """Remove what writers that were killed before that time left; others see none of it."""
    for path in _partial_files(store.location.folder):
        try:
            if path.stat().st_mtime < before.timestamp() and path.is_file():
                path.unlink()
        except FileNotFoundError:
            continue  # Its writer was alive.
        except OSError as error:
            raise RegistryError(f"{path} cannot be removed: {error.strerror}") from None


def _partial_files(folder: Path) -> Iterator[Path]:
    """Go through what writers here may have left; hidden files elsewhere are somebody else's."""
    for path in folder.glob(f".{POINTER}.*"):
        if _is_partial(path, POINTER):
            yield path
    for version in (folder / "versions").glob("*"):
        if is_version(version.name):
            yield from (path for path in version.rglob(".*") if _is_partial(path))


def _is_partial(path: Path, name: str = "") -> bool:
    found = _PARTIAL.fullmatch(path.name)
    return found is not None and name in ("", found[1])
