"""A file that may change while the gateway runs: read again when it does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

#: How often a worker looks at a file, at most; what is revoked in it is refused within 5 s.
LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class FileUnusable(Exception):
    """A file cannot be used; the message names it and says why.

    Attributes
    ----------
    mistakes : tuple of str
        Each one in it, or in several files that belong together.
    """

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


class Watched(Generic[T]):
    """What stands in some files now.

    Made before the workers are; each then looks at the files itself, on the requests it serves. A
    file that cannot be used leaves in place what was read last, and an error in the log.

    Parameters
    ----------
    what : str
        What the log calls it, in the plural.
    paths : sequence of Path
        The files; when one of them changes, all are read again.
    read : callable
        Reads them; raises FileUnusable.
    clock : callable
        Seconds that never go back.

    Raises
    ------
    FileUnusable
        If they cannot be used at the start.
    """

    def __init__(
        self, what: str, paths: Sequence[Path], read: Callable[[], T], clock: Callable[[], float]
    ) -> None:
        self._what = what
        self._paths = tuple(paths)
        self._read = read
        self._clock = clock
        self._looking = threading.Lock()
        self._next_look = clock() + LOOK_EVERY_S
        self._complaint = ""
        self._seen = self._state()
        self._found = read()

    def now(self) -> T:
        """Give what was read last, after a look at the files if the last one is long enough ago."""
        # One thread looks; the others take what there is.
        if self._clock() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._found

    def at_this_moment(self) -> T:
        """Give what stands there now; a look takes some microseconds, if nothing changed."""
        with self._looking:
            self._look()
            return self._found

    def _look(self) -> None:
        self._next_look = self._clock() + LOOK_EVERY_S
        # Before reading: what changes in between is then seen at the next look.
        state = self._state()
        if state == self._seen:
            return
        try:
            self._found = self._read()
        except FileUnusable as error:
            if str(error) != self._complaint:
                _log.error("%s unusable, keeping the last good ones: %s", self._what, error)
            self._complaint = str(error)
            return
        # Only now: a file that could not be read, for whatever reason, is tried at every look, or
        # what is revoked in it would go on opening.
        self._seen = state
        self._complaint = ""
        _log.info("%s read again", self._what)

    def _state(self) -> list[tuple[int, int, int, int] | None]:
        return [_state_of(path) for path in self._paths]


def _state_of(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # Not the time of its contents: a file whose rights are mended must be read again too.
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size
