"""Connections that wait for more of a request without a thread."""

from __future__ import annotations

import fcntl
import selectors
import termios
import time
from collections import deque
from functools import partial
from operator import attrgetter
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from serving.web.arrivals import whole_bytes
from serving.web.loop import Connection, LoopWorker

#: How often connections are looked through for those that have waited long enough.
_LOOK_S = 0.25


class ParkingWorker(LoopWorker):
    """A worker whose loop waits for requests until they are there."""

    pending_conns: deque[Connection]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_look = 0.0

    def park(self, conn: Connection, awaited: int) -> None:
        """Wait for more of a request without a thread."""
        now = time.monotonic()
        if not conn.awaited:
            conn.until = now + self.app.limits.reading
        conn.wait_for(awaited)
        conn.timeout = conn.until if self.alive else min(conn.until, now + STOP_KEEPALIVE_LINGER)
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def unpark(self, conn: Connection) -> None:
        """Note that it is not waited for any longer."""
        if conn.awaited:
            conn.wait_for(0)
            conn.spent_s = time.monotonic() - (conn.until - self.app.limits.reading)

    def murder_pending(self) -> None:
        """Close the connections that have waited long enough."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_S
        # They are not in the order of their ends, unlike gthread's own.
        waiting = sorted(self.pending_conns, key=attrgetter("timeout"))
        if self.nr_conns >= self.worker_connections:
            # All places are taken: those go first that have said nothing whole for longest.
            for conn in waiting[: len(waiting) // 2 + 1]:
                conn.timeout = 0.0
        self.pending_conns = deque(waiting)
        super().murder_pending()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def is_there_whole(conn: Connection, seen: bytes, ahead: int) -> bool:
    """Tell whether a request is there to its end.

    Parameters
    ----------
    conn : Connection
    seen : bytes
        Its beginning.
    ahead : int
        How much of that is no longer in the socket.
    """
    whole = whole_bytes(seen)
    if whole is None or whole <= len(seen):
        return whole is not None
    arrived = fcntl.ioctl(conn.sock, termios.FIONREAD, bytes(4))
    return ahead + int.from_bytes(arrived, "little") >= whole
