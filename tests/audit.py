"""What happens in this process, as Python's own audit events tell it."""

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

UNPICKLED = "pickle.find_class"

CONNECTED = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "urllib.Request",
    "http.client.connect",
)

WRITTEN = ("os.link", "os.mkdir", "os.remove", "os.rename", "os.symlink", "shutil.unpack_archive")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(eq=False)
class _Watch:
    events: frozenset[str]
    seen: list[tuple[str, Any]] = field(default_factory=list)


class _Watches:
    """All that watch at this moment; Python cannot take a hook away again."""

    def __init__(self) -> None:
        self.active: list[_Watch] = []
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        for watch in self.active:
            if event in watch.events:
                watch.seen.append((event, arguments))


_watches = functools.cache(_Watches)


@contextmanager
def watched(*events: str) -> Iterator[list[tuple[str, Any]]]:
    """Give a list that grows by what happens, in any thread: (event, its arguments)."""
    watch = _Watch(frozenset(events))
    active = _watches().active
    active.append(watch)
    try:
        yield watch.seen
    finally:
        active.remove(watch)


@contextmanager
def watched_writes() -> Iterator[list[tuple[str, Any]]]:
    """The same for files and folders that are made, changed or removed; filled at the end."""
    written: list[tuple[str, Any]] = []
    with watched("open", *WRITTEN) as seen:
        yield written
    written += [
        (event, arguments)
        for event, arguments in seen
        if event != "open" or arguments[2] & _WRITING
    ]
