"""One HTTP/1.1 connection to the container, which asks one thing at a time.

A library's client would do; it takes longer for a request than all of the gateway besides. An
answer that could be read in two ways is not read: the connection is closed.
"""

from __future__ import annotations

import contextlib
import re
import select
import ssl
from collections.abc import Mapping

from serving.gateway.connecting import connected, left_until
from serving.gateway.upstream import (
    CONNECT_TIMEOUT_S,
    MAX_ANSWER_BYTES,
    RETURNED,
    Answer,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)

_PIECE_BYTES = 256 * 1024
#: A smaller body goes out with the head.
_JOINED_BYTES = 64 * 1024
_MAX_HEAD_BYTES = 64 * 1024

_BEGINNING = b"HTTP/1."
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_RETURNED = {name.lower().encode(): name for name in RETURNED}
_REQUEST_ID = b"x-request-id"
_ONCE = (b"content-length", b"transfer-encoding", _REQUEST_ID)
#: Callers get some values as they are: a bare line feed there would be a header of its own to some.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})


#: The other side is gone.
_GONE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class Died(Exception):
    """The connection broke before a byte of the answer came."""


class Connection:
    """An open connection.

    Parameters
    ----------
    address : tuple of (str, int)
    tls : SSLContext or None
        None for plain HTTP.
    deadline : float
        On the monotonic clock, in seconds; connecting has two seconds of that at most.

    Raises
    ------
    UpstreamUnreachable, UpstreamTimedOut
    """

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext | None, deadline: float
    ) -> None:
        self.used_at = 0.0
        self._received = b""
        self._has_begun = False
        try:
            self._socket = connected(address, tls, min(CONNECT_TIMEOUT_S, left_until(deadline)))
        except TimeoutError as error:
            raise UpstreamTimedOut("connecting took too long") from error
        except OSError as error:
            raise UpstreamUnreachable(str(error)) from error
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def is_idle(self) -> bool:
        """Tell whether it is still open and silent."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return False  # Deciphered already, so the poll does not see it.
        return not self._poll.poll(0)

    def ask(
        self, head: bytes, body: bytes, deadline: float, request_id: str | None = None
    ) -> tuple[Answer, bool]:
        """Send a request and read its answer whole.

        Parameters
        ----------
        head, body : bytes
        deadline : float
            On the monotonic clock, in seconds.
        request_id : str, optional
            The id in the head; an answer that has another one is somebody else's.

        Returns
        -------
        tuple of (Answer, bool)
            The bool tells whether another request may follow.

        Raises
        ------
        Died
            If not one byte came back.
        UpstreamTimedOut, UpstreamUnreachable, UpstreamUnusable
        """
        self._received = b""
        self._has_begun = False
        try:
            self._socket.settimeout(left_until(deadline))
            self._send(head, body)
            if len(body) > _JOINED_BYTES:
                self._socket.settimeout(left_until(deadline))
            self._receive()
            return self._answer(deadline, request_id)
        except TimeoutError as error:
            raise UpstreamTimedOut("the time for the whole answer is over") from error
        except OSError as error:
            if isinstance(error, _GONE) and not self._has_begun:
                raise Died(str(error)) from error
            raise UpstreamUnreachable(f"the answer broke off: {error}") from error

    def _send(self, head: bytes, body: bytes) -> None:
        # Who refuses a body early may close on what is still sent, and its answer is there.
        with contextlib.suppress(*_GONE):
            if len(body) <= _JOINED_BYTES:
                self._socket.sendall(head + body)
            else:
                self._socket.sendall(head)
                self._socket.sendall(body)

    def _receive_more(self, deadline: float) -> None:
        # The limit is for the whole: an answer that drips would take for ever.
        self._socket.settimeout(left_until(deadline))
        self._receive()

    def _receive(self) -> None:
        piece = self._socket.recv(_PIECE_BYTES)
        if not piece:
            raise ConnectionAbortedError("closed by the other side")
        self._has_begun = True
        self._received += piece

    def _answer(self, deadline: float, request_id: str | None) -> tuple[Answer, bool]:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if len(self._received) > _MAX_HEAD_BYTES or not _begins_as_http(self._received):
                raise UpstreamUnreachable("the other side does not speak HTTP")
            self._receive_more(deadline)
        head = self._received[:end]
        first, *lines = head.split(b"\r\n")
        self._received = self._received[end + 4 :]
        found = _STATUS.fullmatch(first)
        if not found:
            raise UpstreamUnreachable("the other side does not speak HTTP")
        status, headers = int(found[2]), _headers(lines)
        _check_characters(head, breaks=len(lines))
        if request_id is not None and headers.get(_REQUEST_ID, request_id.encode()) != (
            request_id.encode()
        ):
            raise UpstreamUnusable("the answer is to another request")
        # A redirect is not followed, and a body that the caller cannot decode is not passed on.
        if not (200 <= status < 300 or 400 <= status < 600) or b"content-encoding" in headers:
            raise UpstreamUnusable(f"status {status} or its encoding is none of ours")
        body = self._body(status, headers, deadline)
        # What answers without saying to what could answer the next request before it is asked.
        is_told = request_id is None or _REQUEST_ID in headers
        is_open = found[1] == b"1" and b"close" not in headers.get(b"connection", b"").lower()
        media_type = headers.get(b"content-type")
        answer = Answer(
            status,
            media_type.decode("latin-1") if media_type else None,
            body,
            {
                name: headers[key].decode("latin-1")
                for key, name in _RETURNED.items()
                if key in headers
            },
        )
        return answer, is_told and is_open and not self._received

    def _body(self, status: int, headers: Mapping[bytes, bytes], deadline: float) -> bytes:
        if status == 204:
            return b""
        coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if coding is not None:
            if coding.lower() != b"chunked" or length is not None:
                raise UpstreamUnusable("the answer's end cannot be told")
            return self._chunks(deadline)
        if length is None or not _LENGTH.fullmatch(length):
            # To its close would do for some; a broken one would pass for a whole.
            raise UpstreamUnusable("the answer does not say how long it is")
        _check_size(int(length))
        return self._take(int(length), deadline)

    def _chunks(self, deadline: float) -> bytes:
        pieces: list[bytes] = []
        total = 0
        while size := self._chunk_size(deadline):
            total += size
            _check_size(total)
            pieces.append(self._take(size, deadline))
            if self._take(2, deadline) != b"\r\n":
                raise UpstreamUnusable("the answer's chunks are broken")
        while self._line(deadline):
            pass  # trailers
        return b"".join(pieces)

    def _chunk_size(self, deadline: float) -> int:
        found = _CHUNK.fullmatch(self._line(deadline))
        if not found:
            raise UpstreamUnusable("the answer's chunks are broken")
        return int(found[1], 16)

    def _line(self, deadline: float) -> bytes:
        while (end := self._received.find(b"\r\n")) < 0:
            if len(self._received) > _MAX_HEAD_BYTES:
                raise UpstreamUnusable("the answer's chunks are broken")
            self._receive_more(deadline)
        line, self._received = self._received[:end], self._received[end + 2 :]
        return line

    def _take(self, size: int, deadline: float) -> bytes:
        if len(self._received) >= size:
            taken, self._received = self._received[:size], self._received[size:]
            return taken
        pieces = [self._received]
        left = size - len(self._received)
        while left > 0:
            self._received = b""
            self._receive_more(deadline)
            pieces.append(self._received[:left])
            left -= len(pieces[-1])
            self._received = self._received[len(pieces[-1]) :]
        return b"".join(pieces)


def _begins_as_http(received: bytes) -> bool:
    return received[: len(_BEGINNING)] == _BEGINNING[: len(received)]


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or name[:1] in b" \t":
            raise UpstreamUnreachable("the other side does not speak HTTP")
        headers[name.lower()] = value.strip()
    if len(headers) < len(lines):
        _check_names([line.partition(b":")[0].lower() for line in lines])
    return headers


def _check_names(names: list[bytes]) -> None:
    if any(names.count(name) > 1 for name in _ONCE):
        raise UpstreamUnusable("the answer says twice what it may say once")


def _check_characters(head: bytes, breaks: int) -> None:
    if len(head) - len(head.translate(None, _CONTROLS)) != 2 * breaks:
        raise UpstreamUnusable("the answer's head holds control characters")


def _check_size(size: int) -> None:
    if size > MAX_ANSWER_BYTES:
        raise UpstreamUnusable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
