"""Fetched versions on the local disk: there whole and verified, or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from serving.registry.errors import RegistryError
from serving.scoring.artifact import read_artifact
from serving.scoring.errors import ArtifactError


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
    if _is_whole(folder, version):
        return folder
    try:
        with _alone(cache):
            if not _is_whole(folder, version):
                _put(folder, download())
    except OSError as error:
        raise RegistryError(f"{cache} cannot be written: {error.strerror or error}") from None
    return folder


def _is_whole(folder: Path, version: str) -> bool:
    try:
        return read_artifact(folder).version == version
    except ArtifactError:
        return False


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("wb") as lock:
        # Let go by the kernel when its holder ends, however that happens.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    partial = Path(
        tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent)
    )
    spoilt = partial.with_suffix(".spoilt")
    try:
        partial.chmod(0o755)
        for name, data in files.items():
            with (partial / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            folder.rename(spoilt)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(spoilt, ignore_errors=True)
