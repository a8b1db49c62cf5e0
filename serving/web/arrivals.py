"""How much of a request has arrived, seen without reading it."""

from __future__ import annotations

import re

#: What is looked at; a longer head is left to the parser.
SEEN_BYTES = 16 * 1024

#: So much of a body, or all of it, should be there before it is worth a thread.
AHEAD_BYTES = 256 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,40})[ \t]*(?:\r\n|\Z)", re.IGNORECASE)


def whole_bytes(seen: bytes) -> int | None:
    """Give the size of the request that begins here, head and body.

    None while that cannot be told: the head is not there whole, or the body comes in chunks.
    """
    head_ends = seen.find(b"\r\n\r\n")
    if head_ends < 0 or b"transfer-encoding" in seen[:head_ends].lower():
        return None
    length = _LENGTH.search(seen, 0, head_ends + 2)
    return head_ends + 4 + (int(length[1]) if length else 0)


def awaited_bytes(seen: bytes) -> int:
    """Give how many bytes should be there before the request is worth a thread.

    0 if that cannot be told: a body in chunks, or a head that is too long.
    """
    whole = whole_bytes(seen)
    if whole is not None:
        return min(whole, AHEAD_BYTES)
    is_head = b"\r\n\r\n" not in seen and len(seen) < SEEN_BYTES
    return len(seen) + 1 if is_head else 0
