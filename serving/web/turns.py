"""One request from its first byte to its answer: where it stands, and who may still answer it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

_KEY = "scorecard.turn"

#: The caller is sending; is sending what nobody wants; the scorer is at work; the caller is taking
#: the answer.
READING, DRAINING, WORKING, WRITING = "reading", "draining", "working", "writing"


class Turn:
    """A request that holds a thread.

    Attributes
    ----------
    connection : socket or None
        None where there is no server, as in tests of an app alone.
    state : tuple of (str, float)
        `READING`, `DRAINING`, `WORKING` or `WRITING`, and since when, on the monotonic clock, in
        seconds. Set at once, because others look.
    thread_id : int
        The thread that works on it.
    request_id : str
        Empty until the app has given one.
    is_overdue : bool
        Whether the watchdog has answered it.
    is_cut : bool
        Whether some of its body was left unread, so that no other request can follow.
    note_overdue : callable
        Told when it has, so that it is logged and counted.
    """

    __slots__ = (
        "_answer",
        "connection",
        "is_cut",
        "is_overdue",
        "note_overdue",
        "request_id",
        "state",
        "thread_id",
    )

    def __init__(self, connection: socket.socket | None) -> None:
        self.connection = connection
        self.thread_id = threading.get_ident()
        self.request_id = ""
        self.is_overdue = False
        self.is_cut = False
        self.note_overdue: Callable[[], None] = lambda: None
        self.state = (READING, time.monotonic())
        self._answer = threading.Lock()

    def has_read(self) -> None:
        """Note that the whole body is here."""
        self.state = (WORKING, time.monotonic())

    def drains(self) -> None:
        """Note that the rest of the body is read to no purpose."""
        self.state = (DRAINING, time.monotonic())

    def claim(self) -> bool:
        """Take the right to answer; only the first to ask gets it."""
        if not self._answer.acquire(blocking=False):
            return False
        self.state = (WRITING, time.monotonic())
        return True

    def attach(self, environ: dict[str, Any]) -> None:
        """Let the app find this turn."""
        environ[_KEY] = self


def turn_of(environ: Mapping[str, Any]) -> Turn:
    """Give the turn of a request."""
    turn = environ.get(_KEY)
    return turn if isinstance(turn, Turn) else Turn(None)
