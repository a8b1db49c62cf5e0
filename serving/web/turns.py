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

    Parameters
    ----------
    connection : socket or None
        None where there is no server, as in tests of an app alone.
    spent_s : float
        Seconds that the caller has been sending before there was a turn.
    drain_places : Semaphore, optional
        So many turns may wait at once for what nobody wants.

    Attributes
    ----------
    connection : socket or None
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
        Whether no other request may follow: where this one ends is not certain, or some of its
        body was left unread.
    is_whole : bool
        Whether the body was there before the turn began, so that nobody waits for it.
    is_unasked : bool
        Whether the caller waits to be asked for the body.
    drain_places : Semaphore
    announce_close : callable
        Told when that is known, so that the answer says so if it is not on its way.
    note_overdue : callable
        Told when it has, so that it is logged and counted.
    """

    __slots__ = (
        "_answer",
        "announce_close",
        "connection",
        "drain_places",
        "is_cut",
        "is_overdue",
        "is_unasked",
        "is_whole",
        "note_overdue",
        "request_id",
        "state",
        "thread_id",
    )

    def __init__(
        self,
        connection: socket.socket | None,
        spent_s: float = 0.0,
        drain_places: threading.Semaphore | None = None,
    ) -> None:
        self.connection = connection
        self.drain_places = drain_places or threading.Semaphore()
        self.is_whole = False
        self.is_unasked = False
        self.thread_id = threading.get_ident()
        self.request_id = ""
        self.is_overdue = False
        self.is_cut = False
        self.note_overdue: Callable[[], None] = _nothing
        self.announce_close: Callable[[], None] = _nothing
        self.state = (READING, time.monotonic() - spent_s)
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

    def cut(self) -> None:
        """Let no other request follow on this connection."""
        self.is_cut = True
        self.announce_close()

    def attach(self, environ: dict[str, Any]) -> None:
        """Let the app find this turn."""
        environ[_KEY] = self


def _nothing() -> None:
    """Nobody is to be told."""


def turn_of(environ: Mapping[str, Any]) -> Turn:
    """Give the turn of a request."""
    turn = environ.get(_KEY)
    return turn if isinstance(turn, Turn) else Turn(None)
