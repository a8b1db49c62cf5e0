"""SIGTERM ends a run within the 120 seconds that SageMaker gives, with what is done kept."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: As a shell says it of a process that SIGTERM ended.
EXIT_CODE = 128 + signal.SIGTERM
#: Until then metrics that are being fitted may be finished, and kept.
_PATIENCE_S = 60.0


class Stopped(BaseException):
    """The run was told to stop. No `Exception`: nothing on the way out is to swallow it."""


class Stopping:
    """Hears SIGTERM; the main thread then gets `Stopped`, once."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        #: Whether SIGTERM came.
        self.heard = False
        self._listens = False
        self._held = False
        # Whatever it is that does not end: all that is kept is written whole or not at all.
        self._timer = threading.Timer(patience_s, os._exit, [EXIT_CODE])
        self._timer.daemon = True

    def listen(self) -> None:
        """Hear SIGTERM from now on."""
        self._listens = True
        signal.signal(signal.SIGTERM, self._hear)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Let a last, short piece of work be finished, and the run with it.

        SIGTERM does nothing from then on, also while the interpreter ends: a run that has written
        its model is done.
        """
        self._held = True
        if self._listens:
            # Ours would be taken away before the process ends, and the usual one kills it.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._timer.cancel()
        yield

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.heard or self._held:
            return
        self.heard = True
        self._timer.start()
        raise Stopped
