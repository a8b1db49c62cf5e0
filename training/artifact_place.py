"""Where an artifact is written: whether it may be, and that it is whole when it is."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from serving.scoring import ArtifactCorrupt, ArtifactError, UnsupportedFormat
from serving.scoring.archive import open_files
from serving.scoring.artifact import write_artifact
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, read_manifest

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def check_place(out: Path) -> None:
    """Check that an artifact may be written to `out`; asked before the work, not after it.

    A directory is replaced as a whole, so it must be empty or an artifact and nothing else.

    Raises
    ------
    ArtifactError
        Saying why not.
    """
    place = out.resolve()
    here = Path.cwd().resolve()
    if place == here or place in here.parents:
        raise ArtifactError(f"{out} is the current directory or holds it; choose another place")
    if not place.exists():
        nearest = next(path for path in place.parents if path.exists())
    elif not place.is_dir():
        raise ArtifactError(f"{out} is a file; an artifact is a directory: choose another place")
    else:
        _check_replaceable(out)
        nearest = place.parent
    if not nearest.is_dir():
        raise ArtifactError(f"{nearest} is a file; {out} cannot be made in it")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ArtifactError(f"{nearest} is read-only; {out} cannot be written there")


def _check_replaceable(folder: Path) -> None:
    files = open_files(folder)
    there = files.names()
    if MANIFEST not in there:
        if any(folder.iterdir()):
            raise ArtifactError(f"{folder} is not empty and not an artifact; choose another place")
        return
    try:
        listed = read_manifest(files.read(MANIFEST, MAX_MANIFEST_BYTES))["files"]
    except (ArtifactCorrupt, UnsupportedFormat) as error:
        raise ArtifactError(
            f"{folder} is not an artifact of this program ({error}); choose another place"
        ) from None
    if others := sorted(there - set(listed) - {MANIFEST}):
        raise ArtifactError(
            f"{folder} holds files that are not the artifact's: {', '.join(others)}; "
            "move them, or choose another place"
        )


def write_whole(out: Path, files: Mapping[str, bytes], manifest: bytes) -> None:
    """Write an artifact; a signal to stop waits until the old or the new one is in its place.

    Raises
    ------
    ArtifactError
        If it cannot be written.
    """
    try:
        with _undisturbed():
            # A link is followed, so that what it points to is replaced, not the link.
            write_artifact(out.resolve(), files, manifest)
    except OSError as error:
        raise ArtifactError(f"{out} cannot be written: {error.strerror or error}") from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and the like back until the block is done; only the main thread gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # One that is ignored, or ends the process without asking Python, stays as it is.
    before = {number: handler for number in _STOPS if callable(handler := signal.getsignal(number))}
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
