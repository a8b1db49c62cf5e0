"""The worker of our servers, which strangers may talk to.

What it changes:

- A connection holds no thread before its request is there, or a good part of a large one. A head
  has to be there whole; the rest of a refused body is waited for by few threads.
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
import socket
import sys
import termios
import threading
import time
from functools import partial
from types import SimpleNamespace
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException

from serving.web.arrivals import SEEN_BYTES, awaited_bytes, is_head_too_long
from serving.web.asked_body import ask_when_read
from serving.web.gathered import Gathered
from serving.web.loop import Connection
from serving.web.parking import ParkingWorker, is_there_whole
from serving.web.plain_requests import PlainAnswer, plain_environ
from serving.web.requests import Record, log_request, new_request_id
from serving.web.turns import Turn
from serving.web.watchdog import Watchdog

#: A request of at most so many bytes, head and body, counts as small: some twenty accounts.
SMALL_BYTES = 4096

#: After a request that held up the loop, the loop serves none but health checks for so long.
_SLOW_FOR_S = 10.0

#: How long a worker that is to be replaced still serves open connections at least.
_RETIRING_S = 1.0

#: How long a thread waits for the rest of a body after the answer; then the connection closes.
_FINISH_S = 0.1

#: Threads that wait for the rest of what was refused: so many, or a quarter of all if that is less.
_MAX_DRAINS = 4

#: How long a thread works while another one waits. Python's own 5 ms add up where several threads
#: score and a health check waits for them all.
_SWITCH_S = 0.001

#: Added once: for Python they are members of an enumeration, and adding them takes a while.
_PEEK = int(socket.MSG_PEEK | socket.MSG_DONTWAIT)

_log = logging.getLogger(__name__)


class HttpWorker(ParkingWorker):
    """A worker process of a `Server`, which it finds as ``self.app``."""

    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns: set[Turn] = set()
        self._own = threading.local()
        self._quick_from = 0.0
        self._drain_places = threading.Semaphore(max(1, min(_MAX_DRAINS, self.cfg.threads // 4)))
        self._is_retiring = False

    def init_process(self) -> None:
        """Begin to work."""
        sys.setswitchinterval(_SWITCH_S)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app, so that it can find a request's turn."""
        super().load_wsgi()
        app = self.wsgi

        def with_turn(environ: dict[str, Any], start_response: Any) -> Any:
            self._own.turn.attach(environ)
            return app(environ, start_response)

        self.wsgi = with_turn
        Watchdog(self._turns, self.app.limits, partial(self.app.refuse, 503), self._retire).start()

    def enqueue_req(self, conn: Connection) -> None:
        """Serve a connection that may be readable: at once, later, or in a thread."""
        ahead = conn.ahead()
        peeked = _peeked(conn.sock)
        if not ahead and peeked is None:
            self.park(conn, 1)
            return
        seen = ahead + (peeked or b"")
        # What was read ahead is not in the socket; and one such request would nest in the other.
        environ = None if ahead else self._plain(seen)
        awaited = 0 if environ else awaited_bytes(seen)
        if seen and len(seen) < awaited != conn.awaited:
            self.park(conn, awaited)
            return
        self.unpark(conn)
        conn.data_ready = True
        conn.is_whole = bool(environ) or is_there_whole(conn, seen, len(ahead))
        # An end of the stream is small, too. While the last answer is not taken, the next might
        # not fit beside it, and the loop would wait for the caller.
        is_small = environ or not seen or (not ahead and self._is_quick(seen, awaited))
        if is_head_too_long(seen):
            self.finish_request(conn, _Done(self.serve_from_loop(self._refuse_head, conn, seen)))
        elif is_small and not _unsent(conn.sock):
            self._serve_at_once(conn, environ, len(seen))
        else:
            super().enqueue_req(conn)

    def handle(self, conn: Connection, environ: dict[str, Any] | None = None, size: int = 0) -> Any:
        """Serve one request of a connection.

        Parameters
        ----------
        conn : Connection
        environ : dict, optional
            What the request says, if it is there whole and needs no parser.
        size : int
            How many bytes it has, in that case.
        """
        # One limit for all of the sending, before there is a thread for it and after.
        turn = self._own.turn = Turn(conn.sock, conn.spent_s, self._drain_places)
        turn.is_whole = conn.is_whole
        conn.spent_s = 0.0
        self._turns.add(turn)
        try:
            if environ and self.alive:
                return self._handle_plain(conn, environ, size)
            return super().handle(conn)
        finally:
            self._turns.discard(turn)

    def _handle_plain(self, conn: Connection, environ: dict[str, Any], size: int) -> bool:
        """Serve a request that needs no parser; as `handle`, says whether another may follow."""
        answer = PlainAnswer()
        try:
            environ["REMOTE_ADDR"] = str(conn.client[0])
            conn.sock.setblocking(True)
            conn.init()
            conn.sock.recv(size, socket.MSG_WAITALL)
            conn.sock.sendall(answer.whole(self.wsgi(environ, answer.start_response)))
        except OSError:
            return False
        except Exception as error:  # noqa: BLE001 (as gunicorn does)
            self.handle_error(None, conn.sock, conn.client, error)
            return False
        return not self._own.turn.is_cut and len(self.keepalived_conns) < self.max_keepalived

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve a request as gunicorn does, but for the pieces in which the answer goes out."""
        turn = self._own.turn
        turn.announce_close = req.force_close
        ask_when_read(req, turn)
        gathered = Gathered(conn.sock)
        seen = SimpleNamespace(sock=gathered, client=conn.client, server=conn.server)
        outcome = super().handle_request(req, seen)
        gathered.flush()
        return outcome

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Say whether another request may follow; what is left of a body is not waited for."""
        if not keepalive or self._own.turn.is_cut or self._own.turn.is_unasked:
            return False
        return bool(conn.parser.finish_body(deadline=time.monotonic() + _FINISH_S))

    def _refuse_head(self, conn: Connection, seen: bytes) -> bool:
        """Refuse a head that does not end, as the parser would after waiting for it."""
        is_line = seen.find(b"\r\n", 0, self.cfg.limit_request_line + 2) < 0
        error = LimitRequestLine(len(seen)) if is_line else LimitRequestHeaders("too long")
        self.handle_error(None, conn.sock, conn.client, error)
        return False

    def handle_error(self, _req: object, client: Any, _addr: object, exc: BaseException) -> None:
        """Answer a request that never became one."""
        status = _status_of(exc)
        if status == 500:
            _log.error("unexpected error", exc_info=exc)
        record = Record(new_request_id(), status=status)
        record.fields["reason"] = f"malformed: {type(exc).__name__}"
        self.app.note_malformed(record)
        log_request({"request_id": record.request_id, "status": status, **record.fields})
        with contextlib.suppress(OSError):
            client.send(self.app.refuse(status, record.request_id), socket.MSG_DONTWAIT)

    def _plain(self, seen: bytes) -> dict[str, Any] | None:
        """Read a request that may be served at once and needs no parser; None for all others."""
        if len(seen) > SMALL_BYTES or time.monotonic() <= self._quick_from:
            return None
        for route in self.app.quick_routes:
            if environ := plain_environ(seen, route):
                return environ
        return None

    def _is_quick(self, seen: bytes, awaited: int) -> bool:
        if not len(seen) == awaited <= SMALL_BYTES:
            return False
        target = seen[: seen.find(b" ", seen.find(b" ") + 1)]
        if target in self.app.quick_routes:
            return time.monotonic() > self._quick_from
        # A health check has no body; one that comes with it is read elsewhere.
        return target in self.app.health_routes and seen.endswith(b"\r\n\r\n")

    def loop_was_held_up(self) -> None:
        """Leave small requests to threads for a while."""
        self._quick_from = time.monotonic() + _SLOW_FOR_S

    def _serve_at_once(self, conn: Connection, environ: dict[str, Any] | None, size: int) -> None:
        self.finish_request(conn, _Done(self.serve_from_loop(self.handle, conn, environ, size)))

    def _retire(self) -> None:
        """Serve what is at hand, then end, with whatever hangs."""
        if self._is_retiring:
            return
        self._is_retiring = True
        self.alive = False
        threading.Thread(target=self._end, daemon=True, name="retire").start()

    def _end(self) -> None:
        # Python would wait for the thread that hangs.
        until = time.monotonic() + self.cfg.graceful_timeout
        # While it lasts there is one worker less, or none.
        time.sleep(_RETIRING_S)
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


def _peeked(connection: socket.socket) -> bytes | None:
    """See what is there; None if nothing is yet, nothing at the end of the stream."""
    try:
        return connection.recv(SEEN_BYTES, _PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


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
