"""A file that may change while the gateway runs: read again when it does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from serving.gateway.shared_slot import Shared, SharedSlot

T = TypeVar("T")

#: How often a worker looks at a file, at most; what is revoked in it is refused within 5 s.
LOOK_EVERY_S = 1.0
#: Whoever has seen nothing of a file for so long waits for the look.
PATIENCE_S = 3.0

_log = logging.getLogger(__name__)

#: Of each file; None if it is not there.
_State = list[tuple[int, int, int, int] | None]


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
    file that cannot be used leaves in place what was read last, by whichever worker, and an error
    in the log. So a worker that replaces a dead one does not go back to what the files once were.

    Parameters
    ----------
    what : str
        What the log calls it, in the plural.
    paths : sequence of Path
        The files; when one of them changes, all are read again.
    read : callable
        Reads them; gives what stands there, and a text of it for other workers. Raises
        FileUnusable.
    parse : callable
        Makes the same of such a text.
    clock : callable
        Seconds that never go back and are the same in all processes.

    Raises
    ------
    FileUnusable
        If they cannot be used at the start.
    """

    def __init__(
        self,
        what: str,
        paths: Sequence[Path],
        read: Callable[[], tuple[T, bytes]],
        parse: Callable[[bytes], T],
        clock: Callable[[], float],
    ) -> None:
        self._what = what
        self._paths = tuple(paths)
        self._read = read
        self._parse = parse
        self._clock = clock
        self._looking = threading.Lock()
        self._slot = SharedSlot()
        self._complaint = ""
        self._looked_at = self._read_at = clock()
        self._seen = self._state()
        self._found, _ = read()

    def now(self) -> T:
        """Give what was read last, after a look at the files if the last one is long enough ago."""
        age = self._clock() - self._looked_at
        # One thread looks; the others take what there is, unless that is too old: a revoked key
        # would open to all who come while the one looks.
        if age >= LOOK_EVERY_S and self._looking.acquire(blocking=age >= PATIENCE_S):
            try:
                if self._clock() - self._looked_at >= LOOK_EVERY_S:
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
        # Before reading: what changes in between is then seen at the next look.
        looked_at, state = self._clock(), self._state()
        try:
            if state != self._seen:
                self._read_again(looked_at, state)
        finally:
            # Only now: until then the others do not take what was there for what is.
            self._looked_at = looked_at

    def _read_again(self, looked_at: float, state: _State) -> None:
        try:
            self._found, text = self._read()
        except FileUnusable as error:
            if str(error) != self._complaint:
                _log.error("%s unusable, keeping the last good ones: %s", self._what, error)
            self._complaint = str(error)
            self._take_newer()
            return
        # A file that could not be read, for whatever reason, is tried at every look, or what is
        # revoked in it would go on opening.
        self._seen, self._read_at = state, looked_at
        self._complaint = ""
        with self._slot.alone():
            if looked_at >= self._slot.read().written_at:
                self._slot.write(Shared(looked_at, looked_at, text))
        _log.info("%s read again", self._what)

    def _take_newer(self) -> None:
        """Take what another worker has read since this one has."""
        with self._slot.alone():
            shared = self._slot.read()
        if shared.written_at > self._read_at:
            self._found, self._read_at = self._parse(shared.text), shared.written_at
            self._seen = []  # What stands there now is then read, even if it is what was there.

    def _state(self) -> _State:
        return [_state_of(path) for path in self._paths]


def _state_of(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # Not the time of its contents: a file whose rights are mended must be read again too.
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size
