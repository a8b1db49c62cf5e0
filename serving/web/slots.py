"""What a worker takes on at once; who comes beyond that is told so at once, not made to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.web.problems import Problem

#: What callers are told to wait, in seconds; a slot is rarely held for longer.
RETRY_AFTER_S = 1


class Slots:
    """So many requests may be at work at once: ``with slots: ...``."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = threading.BoundedSemaphore(count)

    def __enter__(self) -> None:
        """Take a slot; raises Problem 503 if none is free."""
        if not self._free.acquire(blocking=False):
            raise _busy(f"all {self._count} slots of this worker are busy")

    def __exit__(self, *_: object) -> None:
        self._free.release()


class BodyMemory:
    """So many bytes of bodies may be held at once, of those on their way, too."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._lock = threading.Lock()

    @contextmanager
    def body(self) -> Iterator[Callable[[int], None]]:
        """Hold a body: gives what is to be told the size of every piece that comes.

        That raises Problem 503 if there is no room for it. What is announced and not sent takes no
        room, so that slow senders cannot keep others out.
        """
        held = 0

        def add(size: int) -> None:
            nonlocal held
            with self._lock:
                if size > self._left:
                    raise _busy("this worker holds as many bodies as it may")
                self._left -= size
                held += size

        try:
            yield add
        finally:
            with self._lock:
                self._left += held


def _busy(why: str) -> Problem:
    return Problem(503, f"{why}; try again", kind="busy", retry_after_s=RETRY_AFTER_S)
