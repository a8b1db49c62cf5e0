"""What the gateway asks of the container: a port, and how it is asked over HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse, HTTPResponse

#: Headers of the container that callers get; the others are between it and the gateway.
RETURNED = ("X-Scorecard-Version", "X-Amzn-SageMaker-Custom-Attributes", "Retry-After")

#: An answer is some 20 times its request; this keeps a container that is not ours from filling the
#: memory, and lets through what the largest body asks for.
MAX_ANSWER_BYTES = 160 * 2**20

CONNECT_TIMEOUT_S = 2.0
#: For a body that the container is slow to take; the whole answer has its own limit.
SEND_TIMEOUT_S = 30.0
#: SageMaker's own limit for this question.
PING_TIMEOUT_S = 2.0

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the container answered."""

    status: int
    media_type: str | None
    body: bytes
    #: Those of `RETURNED` that it set.
    headers: Mapping[str, str] = field(default_factory=dict)


class UpstreamError(Exception):
    """There is no answer that could be passed on."""


class UpstreamTimedOut(UpstreamError):
    """The container took too long."""


class UpstreamUnreachable(UpstreamError):
    """Nobody listens there, or the connection broke."""


class UpstreamUnusable(UpstreamError):
    """The answer is too large, or one that scoring never gives."""


class Upstream(Protocol):
    """The two things the gateway needs from the model's side."""

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Have accounts scored; raises UpstreamError."""

    def is_ready(self) -> bool:
        """Tell whether invocations would be served."""


class HttpUpstream:
    """A container at an address.

    Follows no redirect and reads no proxy from the environment: what it is given goes to that
    address and nowhere else.

    Parameters
    ----------
    url : str
        Without a path.
    timeout_s : float
        For the whole answer, from connecting to its last byte.
    connections : int
        How many are kept open between requests.
    """

    def __init__(self, url: str, *, timeout_s: float, connections: int) -> None:
        self._timeout_s = timeout_s
        self._pool = urllib3.connection_from_url(url, maxsize=connections)
        is_tls = isinstance(self._pool, urllib3.HTTPSConnectionPool)
        self._pool.ConnectionCls = _TlsConnection if is_tls else _Connection

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post an invocation."""
        return self._ask("POST", "/invocations", body, headers, self._timeout_s)

    def is_ready(self) -> bool:
        """Ask `/ping`."""
        try:
            return self._ask("GET", "/ping", None, {}, PING_TIMEOUT_S).status == 200
        except UpstreamError:
            return False

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Answer:
        deadline = time.monotonic() + timeout_s
        sent = {"User-Agent": "scorecard-gateway", **headers}
        try:
            try:
                response = self._send(method, path, body, sent, deadline)
            except ProtocolError as error:
                if not isinstance(error.args[-1], _WentStale):
                    raise
                # It was closed while it lay idle. Scoring changes nothing, so asking again is
                # safe; once, or a body that kills workers would kill one per connection.
                response = self._send(method, path, body, sent, deadline)
            with response:
                return _answer(response, deadline)
        except ReadTimeoutError as error:
            raise UpstreamTimedOut(str(error)) from error
        except HTTPError as error:
            if isinstance(error.args[-1], TimeoutError):
                raise UpstreamTimedOut(str(error)) from error
            raise UpstreamUnreachable(str(error)) from error

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        deadline: float,
    ) -> BaseHTTPResponse:
        left = _left(deadline)
        return self._pool.urlopen(
            method,
            path,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, left), total=left),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )


def _answer(response: BaseHTTPResponse, deadline: float) -> Answer:
    status, headers = response.status, response.headers
    # A redirect is not followed, and a body that the caller cannot decode is not passed on.
    if not (200 <= status < 300 or 400 <= status < 600) or "Content-Encoding" in headers:
        raise UpstreamUnusable(f"status {status} or its encoding is none of ours")
    pieces = []
    size = 0
    while piece := _read_piece(response, deadline):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise UpstreamUnusable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
    returned = {name: headers[name] for name in RETURNED if name in headers}
    return Answer(status, headers.get("Content-Type"), b"".join(pieces), returned)


def _read_piece(response: BaseHTTPResponse, deadline: float) -> bytes:
    left = _left(deadline)
    connection = response.connection
    # urllib3 limits each read; an answer that drips would take for ever.
    if isinstance(connection, HTTPConnection) and connection.sock is not None:
        connection.sock.settimeout(left)
    return response.read1(_PIECE_BYTES)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise UpstreamTimedOut("the time for the whole answer is over")
    return left


class _WentStale(ConnectionError):
    """A connection that had served before was closed without a byte of this answer."""


class _Connection(HTTPConnection):
    """Knows whether it has served before."""

    _has_served = False

    def connect(self) -> None:
        self._has_served = False
        super().connect()

    def send(self, data: Any) -> None:
        # urllib3 sends under the time-out of connecting, which a large body to a busy container
        # takes longer than.
        if self.sock is not None:
            self.sock.settimeout(SEND_TIMEOUT_S)
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        try:
            response = super().getresponse()
        except ConnectionError as error:
            if self._has_served:
                raise _WentStale(str(error)) from error
            raise
        self._has_served = True
        return response


class _TlsConnection(_Connection, HTTPSConnection):
    """The same with TLS."""
