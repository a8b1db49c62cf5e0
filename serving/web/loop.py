"""gunicorn's threaded worker, with a loop that nothing holds up.

gthread accepts, waits and closes in the main thread. Here a thread of its own does, and may serve a
request itself. Should that take long, the main thread has another thread go on with the loop; the
first one ends when it is done with the request.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

#: How often the main thread looks whether the loop goes on.
_TICK_S = 0.02
#: A thread that serves a request for longer has the loop taken from it.
_LONG_S = 0.05

#: Connections that wait for the caller to close, and threads that wait for them.
_MAX_LINGERING = 32
_CLOSERS = 8

_log = logging.getLogger(__name__)


class Connection(TConn):  # type: ignore[misc]
    """A connection whose end the loop does not wait for.

    Attributes
    ----------
    awaited : int
        How many bytes have to be there before it is served; 0 if it does not wait.
    until : float
        When it will have waited long enough, on the monotonic clock, in seconds.
    spent_s : float
        Seconds that it has waited for the request that is there now.
    is_whole : bool
        Whether that is there to its end.
    """

    def __init__(self, worker: LoopWorker, *told: Any) -> None:
        super().__init__(*told)
        self._worker = worker
        self.awaited = 0
        self.until = 0.0
        self.spent_s = 0.0
        self.is_whole = False

    def ahead(self) -> bytes:
        """Give what was read with the last request and belongs to the next."""
        return self.parser.unreader.buf.getvalue() if self.initialized else b""

    def wait_for(self, count: int) -> None:
        """Seem readable once so many bytes are there, or no more will come."""
        self.awaited = count
        missing = max(count - len(self.ahead()), 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, missing)

    def close(self, graceful: bool = False) -> None:
        """Close; gracefully means that the caller is given two seconds to take the answer."""
        if not (graceful and self._worker.linger(self)):
            super().close()

    def wait_and_close(self) -> None:
        """Close gracefully, here and now."""
        super().close(graceful=True)


class LoopWorker(ThreadWorker):  # type: ignore[misc]
    """A worker whose poller and lists of connections belong to whoever holds `_state`.

    The main thread holds it but for its pauses, a thread of the loop while it dispatches but for
    the requests that it serves.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._state = threading.Lock()
        self._loop_number = 0
        self._serving_since: float | None = None
        self._closers = ThreadPoolExecutor(_CLOSERS, "closer")
        self._lingering = 0

    def run(self) -> None:
        """Be the main thread, until told to stop and all is answered."""
        with self._state:
            self._start_loop()
            try:
                super().run()
            finally:
                self._loop_number += 1

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Pause: the loop goes on without the main thread, which looks after it."""
        self._state.release()
        try:
            time.sleep(min(timeout, _TICK_S))
        finally:
            self._state.acquire()
        since = self._serving_since
        if since is not None and time.monotonic() - since > _LONG_S:
            self.loop_was_held_up()
            self._start_loop()

    def loop_was_held_up(self) -> None:
        """Note that a request took too long for the loop to serve it."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or cease to accept; a worker that stops takes what waits at the door, and shuts it.

        Left open, the door would let callers in whom nobody will answer.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            while connection := self._accepted(listener):
                super().enqueue_req(connection)
            listener.close()

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection."""
        if connection := self._accepted(listener):
            self.enqueue_req(connection)

    def _accepted(self, listener: socket.socket) -> Connection | None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                # Until the main thread looks again, some may have closed.
                super().set_accept_enabled(False)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return None
        self.nr_conns += 1
        return Connection(self, self.cfg, client, address, listener.getsockname())

    def serve_from_loop(self, serve: Callable[..., Any], *given: Any) -> Any:
        """Serve a request from the loop: meanwhile others may go on with the loop."""
        own = self._loop_number
        self._serving_since = time.monotonic()
        self._state.release()
        try:
            return serve(*given)
        finally:
            self._state.acquire()
            if self._loop_number == own:
                self._serving_since = None

    def linger(self, connection: Connection) -> bool:
        """Have a connection closed gracefully by another thread, if there are not too many."""
        if self._lingering >= _MAX_LINGERING:
            return False
        self._lingering += 1
        self._closers.submit(self._linger, connection)
        return True

    def _linger(self, connection: Connection) -> None:
        try:
            connection.wait_and_close()
        finally:
            with self._state:
                self._lingering -= 1

    def _start_loop(self) -> None:
        self._loop_number += 1
        self._serving_since = None
        number = self._loop_number
        threading.Thread(
            target=self._loop, args=(number,), daemon=True, name=f"loop-{number}"
        ).start()

    def _loop(self, own: int) -> None:
        while self._loop_number == own:
            try:
                events = self.poller.select(1.0)
            except (OSError, ValueError):
                time.sleep(_TICK_S)  # At the end the poller is closed.
                continue
            with self._state:
                for key, _ in events:
                    if self._loop_number != own:
                        return  # Whoever goes on sees the others again.
                    self._dispatch(key)

    def _dispatch(self, key: selectors.SelectorKey) -> None:
        # Since `select` another thread may have closed it.
        if self.poller.get_map().get(key.fd) != key:
            return
        try:
            key.data(key.fileobj)
        except Exception as error:  # noqa: BLE001 (a worker without its loop is none)
            _log.error("unexpected error", exc_info=error)
            self.alive = False
