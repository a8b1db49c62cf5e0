"""Ends turns that take too long: slow senders, a scorer that hangs, slow readers."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass

from serving.web.turns import DRAINING, READING, WORKING, Turn

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds a turn may spend in each phase."""

    reading: float
    working: float
    draining: float = 2.0
    writing: float = 60.0


class Watchdog:
    """Looks at the turns of a worker several times a second.

    Parameters
    ----------
    turns : collection of Turn
        Those that hold a thread now; changed by others meanwhile.
    limits : Limits
    overdue : callable
        Writes the bytes of the answer to a request id whose work takes too long.
    retire : callable
        Has the worker replaced; the thread that hangs cannot be ended otherwise.
    """

    def __init__(
        self,
        turns: Collection[Turn],
        limits: Limits,
        overdue: Callable[[str], bytes],
        retire: Callable[[], None],
    ) -> None:
        self._turns = turns
        self._limits = limits
        self._overdue = overdue
        self._retire = retire

    def start(self) -> None:
        """Look, from a thread of its own, until the process ends."""
        threading.Thread(target=self._run, daemon=True, name="watchdog").start()

    def _run(self) -> None:
        pause = threading.Event()
        every = min(0.25, self._limits.working / 4, self._limits.reading / 4)
        while not pause.wait(every):
            try:
                self.look(time.monotonic())
            except Exception as error:  # noqa: BLE001 (it must outlive whatever it finds)
                _log.error("unexpected error", exc_info=error)

    def look(self, now: float) -> None:
        """End the turns that are over their limit at a moment of the monotonic clock."""
        # A copy in one step: other threads add and remove.
        for turn in list(self._turns):
            phase, since = turn.state
            age = now - since
            if phase in (READING, DRAINING):
                if age > (self._limits.reading if phase == READING else self._limits.draining):
                    _cut(turn)
            elif phase == WORKING:
                if age > self._limits.working and turn.claim():
                    self._answer(turn, age)
            elif age > self._limits.writing:
                _shut(turn, socket.SHUT_RDWR)

    def _answer(self, turn: Turn, age: float) -> None:
        turn.is_overdue = True
        # First the answer: what follows may have to wait, for a log that nobody takes.
        if turn.connection is not None:
            with contextlib.suppress(OSError):
                answer = self._overdue(turn.request_id)
                turn.connection.send(answer, socket.MSG_DONTWAIT)
        _shut(turn, socket.SHUT_RDWR)
        self._retire()
        turn.note_overdue()
        frame = sys._current_frames().get(turn.thread_id)  # noqa: SLF001 (its documented name)
        stack = "".join(traceback.format_stack(frame)) if frame else ""
        fields = {"request_id": turn.request_id, "seconds": round(age, 1), "traceback": stack}
        _log.error("a request hangs; the worker is replaced", extra={"fields": fields})


def _cut(turn: Turn) -> None:
    # The reader sees the end of the stream, and refuses what came. What still comes is the rest of
    # a body, and must not pass for another request.
    turn.is_cut = True
    _shut(turn, socket.SHUT_RD)


def _shut(turn: Turn, how: int) -> None:
    if turn.connection is not None:
        with contextlib.suppress(OSError):
            turn.connection.shutdown(how)
