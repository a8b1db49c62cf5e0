"""Requests for the small model of this folder, as bytes on the wire."""

from __future__ import annotations

import json
import random

#: Four inputs: age, bots, rate, region.
REGIONS = ("north", "south", None)

PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"


def accounts(count: int, *, seed: int = 0) -> list[list[object]]:
    """Give accounts as a caller writes them; every seed gives others."""
    chance = random.Random(seed)  # noqa: S311 (test data)
    return [
        [
            chance.randint(1, 90),
            chance.choice([0, None, chance.randint(1, 40)]),
            round(chance.uniform(0, 3), 3),
            chance.choice(REGIONS),
        ]
        for _ in range(count)
    ]


def as_json(rows: list[list[object]]) -> bytes:
    """Write accounts in the format `Json`."""
    return json.dumps({"instances": [{"features": row} for row in rows]}).encode()


def post(body: bytes, *lines: str, content_type: str = "application/json") -> bytes:
    """Make a whole request of a body, with further header lines."""
    return head(f"Content-Length: {len(body)}", *lines, content_type=content_type) + body


def head(*lines: str, content_type: str = "application/json") -> bytes:
    """Make the head of a request to score."""
    first = ["POST /invocations HTTP/1.1", "Host: x", f"Content-Type: {content_type}"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def one_row(first: float = 12.0) -> bytes:
    """Make a request of one account; `first` is its first value."""
    return post(as_json([[first, 3, 0.5, "north"]]))


def chunked(body: bytes, size: int) -> bytes:
    """Make a request whose body comes in chunks."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"


def many_rows(first: float = 12.0) -> bytes:
    """Make a request of 500 accounts; a server may treat large requests in another way."""
    return post(as_json([[first, 3, 0.5, "north"], *accounts(499)]))
