"""Fetched versions on the local disk: there whole and verified, or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from serving.registry.errors import RegistryError
from serving.registry.pointer import is_version
from serving.scoring.archive import open_files
from serving.scoring.artifact import served_files
from serving.scoring.errors import ArtifactError
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, check_file, read_manifest

#: So many versions stay, those used last: one that serves, one to go back to, one more.
KEPT_VERSIONS = 3

#: What a directory is called while it is not complete, and while it is being replaced.
_PARTIAL = ".partial"
_SPOILT = ".spoilt"


def cached(cache: Path, version: str, download: Callable[[], Mapping[str, bytes]]) -> Path:
    """Give the directory of `version` in `cache`; `download` is asked only if it is needed.

    Any number of processes may ask at once: one downloads, the others wait for it. A version
    that does not verify is replaced.

    Raises
    ------
    RegistryError
        If the cache cannot be written; and whatever `download` raises.
    """
    folder = cache / version
    if is_whole(folder, version):
        return folder
    with alone(cache):
        if not is_whole(folder, version):
            _put(folder, download())
    return folder


def is_whole(folder: Path, version: str) -> bool:
    """Tell whether `folder` holds all that is served of `version`, every byte of it verified."""
    try:
        files = open_files(folder)
        manifest = files.read(MANIFEST, MAX_MANIFEST_BYTES)
        if not hashlib.sha256(manifest).hexdigest().startswith(version):
            return False
        listed = read_manifest(manifest)["files"]
        for name in served_files(listed):
            check_file(listed, name, files.read(name, listed.get(name, {"bytes": 0})["bytes"]))
        return files.names() <= {*listed, MANIFEST}
    except ArtifactError:
        return False


def keep_only(cache: Path, needed: Collection[str], used: str) -> None:
    """Remove all versions but `needed`, `used` and those used last; ask `alone` first.

    `used` is noted as the one used last.
    """
    with suppress(OSError):  # Somebody else's file; only the order of leaving hangs on it.
        os.utime(cache / used)
    versions = [path for path in cache.iterdir() if is_version(path.name)]
    versions.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    too_many = [path for path in versions[KEPT_VERSIONS:] if path.name not in {*needed, used}]
    # Whoever writes such a directory is alone in the cache, so these were left by the dead.
    left = [path for path in cache.iterdir() if path.suffix in {_PARTIAL, _SPOILT}]
    for path in too_many + left:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """Keep other processes from changing `cache`, which is made if there is none.

    Raises
    ------
    RegistryError
        If the cache cannot be written, also for an OSError within.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / ".lock").open("wb") as lock:
            # Let go by the kernel when its holder ends, however that happens.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise RegistryError(f"{cache} cannot be written: {error.strerror or error}") from None


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` whole or not at all; ask `alone` first. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(_PARTIAL)
    _write(partial, data)
    partial.replace(path)


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=_PARTIAL, dir=folder.parent))
    spoilt = partial.with_suffix(_SPOILT)
    try:
        partial.chmod(0o755)
        for name, data in files.items():
            _write(partial / name, data)
        if folder.exists():
            folder.rename(spoilt)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(spoilt, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
