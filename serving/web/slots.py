"""What a worker takes on at once; who comes beyond that is told so at once, not made to wait."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Self

from serving.web.problems import Problem

#: What callers are told to wait, in seconds; a slot is rarely held for longer.
RETRY_AFTER_S = 1


class Slots:
    """So many requests may be at work at once: ``with slots: ...``."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = count
        # Not a semaphore, which is written in Python and takes several times as long.
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Take a slot; raises Problem 503 if none is free."""
        with self._lock:
            if not self._free:
                raise _busy(f"all {self._count} slots of this worker are busy")
            self._free -= 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._free += 1


class BodyMemory:
    """So many bytes of bodies may be held at once, of those on their way, too."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._lock = threading.Lock()

    def body(self) -> HeldBody:
        """Give room for a body: ``with memory.body() as hold: ...``."""
        return HeldBody(self)

    def take(self, size: int) -> None:
        """Take room; raises Problem 503 if there is not so much."""
        with self._lock:
            if size > self._left:
                raise _busy("this worker holds as many bodies as it may")
            self._left -= size

    def give_back(self, size: int) -> None:
        """Give room back."""
        with self._lock:
            self._left += size


class HeldBody:
    """The room of one body, which is told the size of every piece that comes.

    What is announced and not sent takes no room, so that slow senders cannot keep others out.
    """

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.give_back(self._held)

    def __call__(self, size: int) -> None:
        """Hold so much more; raises Problem 503 if there is no room for it."""
        self._memory.take(size)
        self._held += size


class Shares:
    """So many bodies may be on their way at once, of one caller and of all together.

    Else one that stalls with all its bodies would keep everybody else out, and so would several.

    Parameters
    ----------
    count : int
        Of one caller.
    total : int
        Of all callers.
    """

    def __init__(self, count: int, total: int) -> None:
        self._count = count
        self._left = total
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def of(self, caller: str) -> Share:
        """Give a place of a caller's: ``with shares.of(caller): ...``."""
        return Share(self, caller)

    def take(self, caller: str) -> None:
        """Take a place of a caller's; raises Problem 503 if all of them are taken."""
        with self._lock:
            if self._taken[caller] >= self._count:
                raise _busy(f"{self._count} bodies of this caller are on their way")
            if not self._left:
                raise _busy("too many bodies are on their way to this worker")
            self._taken[caller] += 1
            self._left -= 1

    def give_back(self, caller: str) -> None:
        """Give a place back."""
        with self._lock:
            self._left += 1
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]


class Share:
    """A caller's place, held while the body comes."""

    def __init__(self, shares: Shares, caller: str) -> None:
        self._shares = shares
        self._caller = caller

    def __enter__(self) -> None:
        self._shares.take(self._caller)

    def __exit__(self, *_: object) -> None:
        self._shares.give_back(self._caller)


def _busy(why: str) -> Problem:
    return Problem(503, f"{why}; try again", kind="busy", retry_after_s=RETRY_AFTER_S)
