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
from serving.gateway.incoming import Incoming, check_size
from serving.gateway.upstream import (
    CONNECT_TIMEOUT_S,
    RETURNED,
    Answer,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)

#: A smaller body goes out with the head.
_JOINED_BYTES = 64 * 1024
#: Interim answers before one; nothing that is sent here asks for any.
_MAX_INTERIM = 8

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_RETURNED = {name.lower().encode(): name for name in RETURNED}
_REQUEST_ID = b"x-request-id"
_ONCE = (b"content-length", b"transfer-encoding", _REQUEST_ID)
#: Callers get some values as they are: a bare line feed there would be a header of its own to some.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})


#: The other side is gone.
_GONE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class Died(Exception):
    """The connection has no answer to this: it broke before a byte came, or brought a stray."""


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
        self._has_answered = False
        try:
            self._socket = connected(address, tls, min(CONNECT_TIMEOUT_S, left_until(deadline)))
        except TimeoutError as error:
            raise UpstreamTimedOut("connecting took too long") from error
        except (OSError, UnicodeError) as error:
            raise UpstreamUnreachable(str(error)) from error
        self._incoming = Incoming(self._socket)
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
            The id in the head; an answer that has another one is somebody else's, and so is one
            that has none where the one before had its own.

        Returns
        -------
        tuple of (Answer, bool)
            The bool tells whether another request may follow.

        Raises
        ------
        Died
            If not one byte came back, or what came is no answer to this.
        UpstreamTimedOut, UpstreamUnreachable, UpstreamUnusable
        """
        self._incoming.forget()
        try:
            self._socket.settimeout(left_until(deadline))
            self._send(head, body)
            if len(body) > _JOINED_BYTES:
                self._socket.settimeout(left_until(deadline))
            self._incoming.receive()
            return self._answer(deadline, request_id)
        except TimeoutError as error:
            raise UpstreamTimedOut("the time for the whole answer is over") from error
        except OSError as error:
            if isinstance(error, _GONE) and not self._incoming.has_begun:
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

    def _answer(self, deadline: float, request_id: str | None) -> tuple[Answer, bool]:
        version, status, headers = self._final_head(deadline, request_id)
        # A redirect is not followed, and a body that the caller cannot decode is not passed on.
        if not (200 <= status < 300 or 400 <= status < 600) or b"content-encoding" in headers:
            raise UpstreamUnusable(f"status {status} or its encoding is none of ours")
        body = self._body(status, headers, deadline)
        # What answers without saying to what could answer the next request before it is asked.
        is_told = request_id is None or _REQUEST_ID in headers
        is_open = version == b"1" and b"close" not in headers.get(b"connection", b"").lower()
        self._has_answered = True
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
        return answer, is_told and is_open and self._incoming.is_empty()

    def _final_head(
        self, deadline: float, request_id: str | None
    ) -> tuple[bytes, int, dict[bytes, bytes]]:
        for _ in range(_MAX_INTERIM):
            version, status, headers = _parsed(self._incoming.head(deadline))
            own = request_id and request_id.encode()
            if own and headers.get(_REQUEST_ID, own) != own:
                raise UpstreamUnusable("the answer is to another request")
            if status == 101:
                raise UpstreamUnusable("the other side wants to speak another protocol")
            if status >= 200:
                if own and self._has_answered and _REQUEST_ID not in headers:
                    # It may have come after the connection was seen to be silent.
                    raise Died("an answer came that does not say to what")
                return version, status, headers
        raise UpstreamUnusable("interim answers come without end")

    def _body(self, status: int, headers: Mapping[bytes, bytes], deadline: float) -> bytes:
        if status == 204:
            return b""
        coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if coding is not None:
            if coding.lower() != b"chunked" or length is not None:
                raise UpstreamUnusable("the answer's end cannot be told")
            return self._incoming.chunks(deadline)
        if length is None or not _LENGTH.fullmatch(length):
            # To its close would do for some; a broken one would pass for a whole.
            raise UpstreamUnusable("the answer does not say how long it is")
        check_size(int(length))
        return self._incoming.take(int(length), deadline)


def _parsed(head: bytes) -> tuple[bytes, int, dict[bytes, bytes]]:
    """Give the minor version, the status and the headers of a head."""
    first, *lines = head.split(b"\r\n")
    found = _STATUS.fullmatch(first)
    if not found:
        raise UpstreamUnreachable("the other side does not speak HTTP")
    headers = _headers(lines)
    _check_characters(head, breaks=len(lines))
    return found[1], int(found[2]), headers


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        # An empty name counts as one that begins with a blank.
        if not colon or name[:1] in b" \t" or name[-1:] in b" \t":
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
