"""The bytes of an answer as they come in, taken in order, until a deadline.

What is taken is cut off the front of a bytearray, which copies none of the rest: an answer in very
many small chunks costs a time that grows with its size, not with its square.
"""

from __future__ import annotations

import re
import socket

from serving.gateway.connecting import left_until
from serving.gateway.upstream import MAX_ANSWER_BYTES, UpstreamUnreachable, UpstreamUnusable

_PIECE_BYTES = 256 * 1024
_MAX_HEAD_BYTES = 64 * 1024

_BEGINNING = b"HTTP/1."
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")


class Incoming:
    """What a socket brings.

    Its methods raise TimeoutError at the deadline, a moment of the monotonic clock in seconds,
    also while nothing is waited for; and OSError if the connection breaks.

    Attributes
    ----------
    has_begun : bool
        Whether a byte has come since `forget`.
    """

    def __init__(self, source: socket.socket) -> None:
        self._socket = source
        self._held = bytearray()
        self.has_begun = False

    def forget(self) -> None:
        """Begin with nothing."""
        self._held.clear()
        self.has_begun = False

    def is_empty(self) -> bool:
        """Tell whether all that came was taken."""
        return not self._held

    def receive(self) -> None:
        """Wait for more, as long as the socket does."""
        piece = self._socket.recv(_PIECE_BYTES)
        if not piece:
            raise ConnectionAbortedError("closed by the other side")
        self.has_begun = True
        self._held += piece

    def head(self, deadline: float) -> bytes:
        """Take a head without the empty line after it.

        Raises
        ------
        UpstreamUnreachable
            If it does not begin as one of HTTP, or does not end.
        """
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > _MAX_HEAD_BYTES or not self._begins_as_http():
                raise UpstreamUnreachable("the other side does not speak HTTP")
            self._receive_until(deadline)
        return self._cut(end, end + 4)

    def take(self, size: int, deadline: float) -> bytes:
        """Take so many bytes."""
        if len(self._held) >= size:
            return self._cut(size, size)
        pieces = []
        while size > len(self._held):
            size -= len(self._held)
            pieces.append(bytes(self._held))
            self._held.clear()
            self._receive_until(deadline)
        return b"".join([*pieces, self._cut(size, size)])

    def chunks(self, deadline: float) -> bytes:
        """Take a body in chunks, to the end of its trailers.

        Raises
        ------
        UpstreamUnusable
            If the chunks are broken, or larger than an answer may be.
        """
        body = bytearray()
        while size := self._chunk_size(deadline):
            check_size(len(body) + size)
            body += self.take(size, deadline)
            if self.take(2, deadline) != b"\r\n":
                raise UpstreamUnusable("the answer's chunks are broken")
        left = _MAX_HEAD_BYTES
        while trailer := self._line(deadline):
            left -= len(trailer)
            if left < 0:
                raise UpstreamUnusable("the answer's trailers do not end")
        return bytes(body)

    def _chunk_size(self, deadline: float) -> int:
        found = _CHUNK.fullmatch(self._line(deadline))
        if not found:
            raise UpstreamUnusable("the answer's chunks are broken")
        return int(found[1], 16)

    def _line(self, deadline: float) -> bytes:
        left_until(deadline)
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _MAX_HEAD_BYTES:
                raise UpstreamUnusable("the answer's chunks are broken")
            self._receive_until(deadline)
        return self._cut(end, end + 2)

    def _receive_until(self, deadline: float) -> None:
        # The limit is for the whole: an answer that drips would take for ever.
        self._socket.settimeout(left_until(deadline))
        self.receive()

    def _cut(self, end: int, rest: int) -> bytes:
        taken = bytes(self._held[:end])
        del self._held[:rest]
        return taken

    def _begins_as_http(self) -> bool:
        return self._held[: len(_BEGINNING)] == _BEGINNING[: len(self._held)]


def check_size(size: int) -> None:
    """Raise UpstreamUnusable if an answer is too large to be held."""
    if size > MAX_ANSWER_BYTES:
        raise UpstreamUnusable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
