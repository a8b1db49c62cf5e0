"""Lines for somebody who reads them, or does not: nobody who writes one waits for that.

A line goes out at once as long as there is room for it; making another thread do that would cost a
request more than the line. Once there is none, lines wait for a thread that writes them, and beyond
a limit they are dropped and counted.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

#: Lines of this process that wait to be written; some 3000.
MAX_WAITING_BYTES = 2**20
#: How long a process that ends waits for those who read.
_LAST_WAIT_S = 2.0


class LineWriter:
    """Writes lines to a descriptor; any thread may, also after a fork.

    Parameters
    ----------
    number : int
        The descriptor. It is not closed.
    tell_dropped : callable
        Makes a line of how many were dropped; it is written when there is room again.

    Attributes
    ----------
    dropped : int
        How many lines of this process were.
    """

    def __init__(self, number: int, tell_dropped: Callable[[int], bytes]) -> None:
        self._number = number
        self._tell_dropped = tell_dropped
        self._impatient = _impatient(number)
        if self._impatient is not None:
            weakref.finalize(self, os.close, self._impatient)
        self._poll = select.poll()
        self._poll.register(number, select.POLLOUT)
        self._begin()
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: _call(begin()))

    def _begin(self) -> None:
        # In a child nothing waits: its parent writes what does, and has the thread for it.
        self._lock = threading.Lock()
        self._is_done = threading.Condition(self._lock)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_writing = False
        self._untold = 0
        self.dropped = 0

    def write(self, line: bytes) -> None:
        """Write a line, with its end, now or soon; never waits."""
        with self._lock:
            if not self._is_writing and self._has_written(line):
                return
            if self._waiting_bytes + len(line) > MAX_WAITING_BYTES:
                self._drop(1)
                return
            self._waiting.append(line)
            self._waiting_bytes += len(line)
            if not self._is_writing:
                self._start()

    def flush(self, timeout_s: float = _LAST_WAIT_S) -> None:
        """Wait until nothing waits, but not for ever: perhaps nobody reads."""
        ends = time.monotonic() + timeout_s
        with self._lock:
            self._is_done.wait_for(lambda: not self._is_writing, ends - time.monotonic())

    def _has_written(self, line: bytes) -> bool:
        # A longer one could be written in part, and those of other processes in between.
        if len(line) > select.PIPE_BUF:
            return False
        try:
            if self._impatient is not None:
                os.write(self._impatient, line)
            elif not self._poll.poll(0):
                return False
            else:
                os.write(self._number, line)
        except BlockingIOError:
            return False
        except OSError:
            self._drop(1)
            return True
        if self._untold:
            self._start()
        return True

    def _start(self) -> None:
        self._is_writing = True
        try:
            threading.Thread(target=self._write_waiting, daemon=True, name="log").start()
        except RuntimeError:  # There can be no more threads.
            self._give_up()

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._untold += count

    def _write_waiting(self) -> None:
        try:
            while line := self._next():
                _write_all(self._number, line)
        except OSError:
            # Who reads is gone, or the disk is full. What comes next tries anew.
            with self._lock:
                self._drop(1)
                self._give_up()

    def _next(self) -> bytes | None:
        """Take the oldest line that waits; None ends the thread."""
        with self._lock:
            if self._waiting:
                line = self._waiting.popleft()
                self._waiting_bytes -= len(line)
                return line
            if self._untold:
                told, self._untold = self._untold, 0
                return self._tell_dropped(told)
            self._give_up()
            return None

    def _give_up(self) -> None:
        self._drop(len(self._waiting))
        self._waiting.clear()
        self._waiting_bytes = 0
        self._is_writing = False
        self._is_done.notify_all()


def _call(method: Callable[[], None] | None) -> None:
    if method is not None:
        method()


def _impatient(number: int) -> int | None:
    """Give another way into a pipe, on which nobody waits; None if there is none."""
    # Not the descriptor itself: others who have it, as a shell does, would not expect that.
    with contextlib.suppress(OSError):
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            return os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK)
    return None


def _write_all(number: int, line: bytes) -> None:
    while line:
        line = line[os.write(number, line) :]
