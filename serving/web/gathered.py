"""Small answers sent in one piece.

gunicorn sends an answer's head and each piece of its body for itself. A server that is killed in
between leaves a part of an answer, for which nobody may ask again; and each piece wakes the caller.
"""

from __future__ import annotations

import socket
from typing import Any

#: So much is held back; what is larger would not go out at once anyway.
HELD_BYTES = 64 * 1024


class Gathered:
    """A connection that holds back what is sent until it is much, or `flush` is called.

    Whatever else is asked of it goes to the connection.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held: list[bytes] = []
        self._size = 0

    def sendall(self, data: bytes) -> None:
        """Send some more."""
        if self._size + len(data) <= HELD_BYTES:
            self._held.append(data)
            self._size += len(data)
            return
        self.flush(socket.MSG_MORE)
        self._connection.sendall(data)

    def flush(self, flags: int = 0) -> None:
        """Send what is held."""
        if self._held:
            self._connection.sendall(b"".join(self._held), flags)
            self._held.clear()
            self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
