"""How much of a request has arrived, seen without reading it."""

from __future__ import annotations

import re

#: What is looked at. A head has to end in it, or it would need a thread to be waited for.
SEEN_BYTES = 16 * 1024

#: So much of a body, or all of it, should be there before it is worth a thread.
AHEAD_BYTES = 256 * 1024

_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)

#: The line before a chunk; a longer one is left to the parser.
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]{0,64})?\r\n")

#: More digits than any body needs are not read plainly: the parser may think otherwise of them.
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n")


def is_head_too_long(seen: bytes) -> bool:
    """Tell whether a head has not ended where it has to."""
    return len(seen) >= SEEN_BYTES and seen.find(b"\r\n\r\n", 0, SEEN_BYTES) < 0


def whole_bytes(seen: bytes) -> int | None:
    """Give the size of the request that begins here, head and body.

    None while that cannot be told: the head is not there whole, the body comes in chunks or only
    when asked for, or its length is not written plainly.
    """
    head_ends = seen.find(b"\r\n\r\n")
    if head_ends < 0:
        return None
    head = seen[: head_ends + 2].lower()
    if b"transfer-encoding" in head or b"\r\nexpect" in head:
        return None
    named = head.count(b"content-length")
    if not named:
        return head_ends + 4
    length = _LENGTH.search(head) if named == 1 else None
    return head_ends + 4 + int(length[1]) if length else None


def awaited_bytes(seen: bytes) -> int:
    """Give how many bytes should be there before the request is worth a thread.

    0 if nothing is awaited: it is there whole, its chunks are too long to be seen whole, it is
    malformed, or its sender waits to be asked for the body.
    """
    whole = whole_bytes(seen)
    if whole is not None:
        return min(whole, AHEAD_BYTES)
    if len(seen) >= SEEN_BYTES:
        return 0
    head_ends = seen.find(b"\r\n\r\n")
    if head_ends >= 0 and b"\r\nexpect" in seen[:head_ends].lower():
        return 0  # Perhaps nothing more comes before somebody has said "100 Continue".
    if head_ends >= 0 and not _CHUNKED.search(seen, 0, head_ends + 2):
        return 0  # Another encoding or an odd length, which the parser has to judge.
    more_comes = head_ends < 0 or _chunks_go_on(seen, head_ends + 4)
    return len(seen) + 1 if more_comes else 0


def _chunks_go_on(seen: bytes, start: int) -> bool:
    """Tell whether chunks that begin at `start` are proper so far, and not at their end."""
    while line := _CHUNK.match(seen, start):
        size = int(line[1], 16)
        if size == 0:
            # What ends the trailers may be the end of this line already.
            return seen.find(b"\r\n\r\n", line.end() - 2) < 0
        start = line.end() + size + 2
        if start > len(seen):
            return True
        if seen[start - 2 : start] != b"\r\n":
            return False
    return b"\n" not in seen[start:]
