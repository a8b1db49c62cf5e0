"""gunicorn's threaded worker, for servers that strangers may talk to.

What it changes:

- A new connection that says nothing holds no thread.
- Every request is a `Turn` that the watchdog ends when it takes too long.
- A small request that is there whole is served by the loop itself. It waits for no thread, so that
  health checks and single accounts are answered while slow senders hold all threads; and it spares
  two hand-overs between threads, half of what a request costs.
- What is not proper HTTP is refused without repeating it: gunicorn's answer and log line quote the
  broken header or the URL, and a key may stand there.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import selectors
import socket
import termios
import threading
import time
from functools import partial
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from serving.web.requests import log_request, new_request_id
from serving.web.turns import Turn
from serving.web.watchdog import Watchdog

#: A request of at most so many bytes, head and body, counts as small: some twenty accounts.
SMALL_BYTES = 4096

#: Whatever is slower than this must not hold up the loop, for a while.
_SLOW_S = 0.05
_SLOW_FOR_S = 30.0

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,4})[ \t]*(?:\r\n|\Z)", re.IGNORECASE)

_log = logging.getLogger(__name__)


class HttpWorker(ThreadWorker):  # type: ignore[misc]
    """A worker process of a `Server`, which it finds as ``self.app``."""

    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns: set[Turn] = set()
        self._own = threading.local()
        self._quick_from = 0.0
        self._retired_at: float | None = None

    def load_wsgi(self) -> None:
        """Load the app, so that it can find a request's turn."""
        super().load_wsgi()
        app = self.wsgi

        def with_turn(environ: dict[str, Any], start_response: Any) -> Any:
            self._own.turn.attach(environ)
            return app(environ, start_response)

        self.wsgi = with_turn
        Watchdog(self._turns, self.app.limits, partial(self.app.refuse, 503), self._retire).start()

    def enqueue_req(self, conn: TConn) -> None:
        """Serve a connection that may be readable: at once, later, or in a thread."""
        if conn.initialized and conn.parser.unreader.buf.getvalue():
            super().enqueue_req(conn)  # Already read, and no longer to be seen from here.
            return
        try:
            seen = conn.sock.recv(SMALL_BYTES + 1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._park(conn)
            return
        except OSError:
            seen = b""
        conn.data_ready = True
        # An end of the stream is small, too. While the last answer is not taken, the next might
        # not fit beside it, and the loop would wait for the caller.
        if (not seen or self._is_small(seen)) and not _unsent(conn.sock):
            self._serve_at_once(conn)
        else:
            super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve one request of a connection."""
        turn = self._own.turn = Turn(conn.sock)
        self._turns.add(turn)
        try:
            return super().handle(conn)
        finally:
            self._turns.discard(turn)

    def handle_error(self, _req: object, client: Any, _addr: object, exc: BaseException) -> None:
        """Answer a request that never became one."""
        status = _status_of(exc)
        if status == 500:
            _log.error("unexpected error", exc_info=exc)
        request_id = new_request_id()
        reason = f"malformed: {type(exc).__name__}"
        log_request({"request_id": request_id, "status": status, "reason": reason})
        with contextlib.suppress(OSError):
            client.send(self.app.refuse(status, request_id), socket.MSG_DONTWAIT)

    def _is_small(self, seen: bytes) -> bool:
        head_ends = seen.find(b"\r\n\r\n")
        if head_ends < 0 or not seen.startswith(self.app.quick_routes):
            return False
        if time.monotonic() < self._quick_from or b"transfer-encoding" in seen.lower():
            return False
        length = _LENGTH.search(seen, 0, head_ends + 2)
        return len(seen) == head_ends + 4 + int(length[1] if length else 0)

    def _serve_at_once(self, conn: TConn) -> None:
        started = time.monotonic()
        outcome = _Done(self.handle(conn))
        if time.monotonic() - started > _SLOW_S:
            self._quick_from = time.monotonic() + _SLOW_FOR_S
        self.finish_request(conn, outcome)

    def _park(self, conn: TConn) -> None:
        """Wait for the first byte without a thread."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.app.limits.reading
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _retire(self) -> None:
        """Serve what is at hand, then end, with whatever hangs."""
        if self._retired_at is not None:
            return
        self._retired_at = time.monotonic()
        self.alive = False
        self.method_queue.defer(_nothing)
        threading.Thread(target=self._end, daemon=True, name="retire").start()

    def _end(self) -> None:
        # Python would wait for the thread that hangs.
        until = time.monotonic() + self.cfg.graceful_timeout
        time.sleep(STOP_KEEPALIVE_LINGER)
        while time.monotonic() < until and len(self._turns) > self._hanging():
            time.sleep(0.05)
        logging.shutdown()
        os._exit(1)

    def _hanging(self) -> int:
        return sum(turn.is_overdue for turn in list(self._turns))


class _Done:
    """The outcome of a request, as `finish_request` asks for it."""

    def __init__(self, outcome: Any) -> None:
        self._outcome = outcome

    def cancelled(self) -> bool:
        return False

    def result(self) -> Any:
        return self._outcome


def _nothing() -> None:
    """Wake the loop."""


def _unsent(connection: socket.socket) -> bool:
    try:
        left = fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return True  # Not every system can say.
    return left != b"\0\0\0\0"


def _status_of(error: BaseException) -> int:
    if isinstance(error, LimitRequestLine):
        return 414
    if isinstance(error, LimitRequestHeaders):
        return 431
    return 400 if isinstance(error, ParseException) else 500
