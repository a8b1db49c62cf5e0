"""A small text that all workers share, also those that are made later.

It lies in a file without a name, opened before the workers are made: it needs no clearing away, and
a worker that replaces a dead one finds what the others know. Where the system can, the file is in
memory alone, so that no secret is left on a disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: When it was tried last and when it succeeded, in seconds; how long the text is; its digest.
_HEAD = struct.Struct("<ddI32s")


@dataclass(frozen=True, slots=True)
class Shared:
    """What is in a slot.

    Attributes
    ----------
    tried_at, written_at : float
        Seconds on a clock that all processes share.
    text : bytes
        Empty if nothing whole was written yet.
    """

    tried_at: float
    written_at: float
    text: bytes


EMPTY = Shared(float("-inf"), float("-inf"), b"")


class SharedSlot:
    """A slot; to be read and written while `alone` only."""

    def __init__(self) -> None:
        self._number = _nameless_file()
        weakref.finalize(self, os.close, self._number)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes out; one that dies lets the next one in."""
        fcntl.lockf(self._number, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._number, fcntl.LOCK_UN)

    def read(self) -> Shared:
        """Give what was written last; without a text if its writer died meanwhile."""
        data = os.pread(self._number, os.fstat(self._number).st_size, 0)
        if len(data) < _HEAD.size:
            return EMPTY
        tried_at, written_at, length, digest = _HEAD.unpack_from(data)
        text = data[_HEAD.size : _HEAD.size + length]
        if hashlib.sha256(text).digest() != digest:
            return Shared(tried_at, EMPTY.written_at, b"")
        return Shared(tried_at, written_at, text)

    def write(self, shared: Shared) -> None:
        """Replace what is there."""
        digest = hashlib.sha256(shared.text).digest()
        head = _HEAD.pack(shared.tried_at, shared.written_at, len(shared.text), digest)
        os.pwrite(self._number, head + shared.text, 0)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("scorecard")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
