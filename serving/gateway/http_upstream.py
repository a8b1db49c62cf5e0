"""The container, asked over HTTP."""

from __future__ import annotations

import ssl
import time
import weakref
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

from serving.gateway.connection import Connection, Died
from serving.gateway.upstream import Answer, UpstreamError, UpstreamUnreachable
from serving.web.requests import new_request_id

#: SageMaker's own limit for this question.
PING_TIMEOUT_S = 2.0

#: Shorter than the 75 s the container keeps an idle connection.
_IDLE_S = 60.0


class HttpUpstream:
    """A container at an address.

    Follows no redirect and reads no proxy and no password from the environment: what it is given
    goes to that address and nowhere else.

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
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        self._address = (parts.hostname or "", parts.port or (443 if is_tls else 80))
        self._tls = ssl.create_default_context() if is_tls else None
        self._timeout_s = timeout_s
        self._kept: deque[Connection] = deque()
        weakref.finalize(self, _close, self._kept)
        self._most_kept = connections
        after = f" HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: scorecard-gateway\r\n"
        self._invocation = f"POST /invocations{after}"
        self._explanation = f"POST /explain{after}"
        self._schema = f"GET /schema{after}"
        self._ping = f"GET /ping{after}"

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post an invocation."""
        return self._post(self._invocation, body, headers)

    def explain(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post the same to `/explain`."""
        return self._post(self._explanation, body, headers)

    def schema(self, request_id: str) -> Answer:
        """Ask `/schema`."""
        return self._get(self._schema, request_id, self._timeout_s)

    def is_ready(self) -> bool:
        """Ask `/ping`."""
        try:
            return self._get(self._ping, new_request_id(), PING_TIMEOUT_S).status == 200
        except UpstreamError:
            return False

    def _get(self, start: str, request_id: str, timeout_s: float) -> Answer:
        head = f"{start}X-Request-Id: {request_id}\r\n\r\n".encode("latin-1")
        return self._ask(head, b"", timeout_s, request_id)

    def _post(self, start: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{start}{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
        return self._ask(head, body, self._timeout_s, headers.get("X-Request-Id"))

    def _ask(self, head: bytes, body: bytes, timeout_s: float, request_id: str | None) -> Answer:
        deadline = time.monotonic() + timeout_s
        connection = self._take_kept() or self._open(deadline)
        try:
            return self._ask_over(connection, head, body, deadline, request_id)
        except Died:
            # It was closed while it lay idle, or brought a stray, or its worker died. Scoring
            # changes nothing and nothing was passed on, so asking again is safe; once, or a body
            # that kills workers would kill them all.
            pass
        try:
            return self._ask_over(self._open(deadline), head, body, deadline, request_id)
        except Died as error:
            raise UpstreamUnreachable(str(error)) from error

    def _ask_over(
        self,
        connection: Connection,
        head: bytes,
        body: bytes,
        deadline: float,
        request_id: str | None,
    ) -> Answer:
        stays = False
        try:
            answer, stays = connection.ask(head, body, deadline, request_id)
        finally:
            if stays and len(self._kept) < self._most_kept:
                connection.used_at = time.monotonic()
                self._kept.append(connection)
            else:
                connection.close()
        return answer

    def _take_kept(self) -> Connection | None:
        while True:
            try:
                # The last one used, so that those not needed grow old.
                connection = self._kept.pop()
            except IndexError:
                return None
            if time.monotonic() - connection.used_at < _IDLE_S and connection.is_idle():
                return connection
            connection.close()

    def _open(self, deadline: float) -> Connection:
        return Connection(self._address, self._tls, deadline)


def _close(connections: deque[Connection]) -> None:
    for connection in connections:
        connection.close()
