"""A body that its sender wants to be asked for, with "100 Continue".

gunicorn asks before the app has seen the request: whoever has no key would be asked, too, and then
waited for.
"""

from __future__ import annotations

import socket
from typing import Any

from serving.web.turns import Turn

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def ask_when_read(request: Any, turn: Turn) -> None:
    """Have the sender asked when the body is first read, if it waits for that.

    Parameters
    ----------
    request : gunicorn.http.message.Request
    turn : Turn
        Has a connection.
    """
    if request._expected_100_continue:  # noqa: SLF001 (gunicorn has no other name for it)
        request._expected_100_continue = False  # noqa: SLF001
        turn.is_unasked = True
        request.body.reader = _Asked(request.body.reader, turn)


class _Asked:
    """A reader of a body, as gunicorn's `Body` uses it."""

    def __init__(self, reader: Any, turn: Turn) -> None:
        self._reader = reader
        self._turn = turn

    def read(self, size: int) -> bytes:
        connection = self._turn.connection
        if self._turn.is_unasked and connection is not None:
            self._turn.is_unasked = False
            connection.send(_CONTINUE, socket.MSG_DONTWAIT)
        piece: bytes = self._reader.read(size)
        return piece
