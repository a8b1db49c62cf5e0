"""What a worker takes on at once; who comes beyond that is told so at once, not made to wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
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
    """So many bytes of bodies may be held at once, those of slow senders too."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._lock = threading.Lock()

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Reserve room for a body; raises Problem 503 if there is none."""
        with self._lock:
            if size > self._left:
                raise _busy("this worker holds as many bodies as it may")
            self._left -= size
        try:
            yield
        finally:
            with self._lock:
                self._left += size


def _busy(why: str) -> Problem:
    return Problem(503, f"{why}; try again", kind="busy", retry_after_s=RETRY_AFTER_S)
