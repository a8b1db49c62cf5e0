"""One deadline for a whole answer.

The timeouts of urllib3 bound the wait for each piece, and a server that sends a byte now and then
never meets them. Here the connection itself is cut, wherever its reader is.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3


class Deadline:
    """A moment at which the connections of a call are cut. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        #: Whether the moment has come: what was read until then may be a part only.
        self.passed = False

    def watch(self, connection: socket.socket) -> None:
        """Cut a connection, too."""
        with self._lock:
            self._sockets.append(connection)
            if self.passed:
                _cut(connection)

    def cut(self) -> None:
        """Cut all connections, those to come as well."""
        with self._lock:
            self.passed = True
            for connection in self._sockets:
                _cut(connection)

    def forget(self) -> None:
        """Cut nothing any more."""
        with self._lock:
            self._sockets.clear()


@contextmanager
def until_deadline(url: str, seconds: float) -> Iterator[tuple[urllib3.PoolManager, Deadline]]:
    """Give connections to a URL that are cut once so many seconds are over.

    Raises
    ------
    HTTPError
        If no connection to such a URL can be made.
    """
    deadline = Deadline()
    timer = threading.Timer(seconds, deadline.cut)
    timer.daemon = True
    with urllib3.PoolManager(retries=False) as manager:
        pool = manager.connection_from_url(url)
        pool.ConnectionCls = _watched(pool.ConnectionCls, deadline)
        timer.start()
        try:
            yield manager, deadline
        finally:
            timer.cancel()
            # Closed sockets give their number to others.
            deadline.forget()


def _watched(kind: Any, deadline: Deadline) -> Any:
    def connect(self: Any) -> None:
        kind.connect(self)
        deadline.watch(self.sock)

    return type(kind.__name__, (kind,), {"connect": connect})


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not the method of a TLS socket, which would take the session from under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
