"""From a request's header to who is calling."""

from __future__ import annotations

from collections.abc import Callable

from flask import Request

from serving.gateway.keyring import KeyRefused
from serving.gateway.keys import KeyRecord

#: Tells the caller's id for the log, or raises KeyRefused. Must not touch the body.
Authenticate = Callable[[Request], str]


def by_key_in(header: str, find: Callable[[bytes], KeyRecord]) -> Authenticate:
    """Let callers in by a key in a header; nowhere else does a key count.

    Einstein Studio sends what its administrator typed, word for word. Where the header is
    `Authorization`, that may be the key or `Bearer ` and the key, written exactly so.
    """
    variable = "HTTP_" + header.upper().replace("-", "_")
    prefix = b"Bearer " if header.lower() == "authorization" else b""

    def authenticate(request: Request) -> str:
        # Several headers of this name arrive as one with commas, which no key contains.
        # Latin-1 gives back the bytes that were sent, whatever they mean.
        presented = request.environ.get(variable, "").encode("latin-1", "replace")
        if not presented:
            raise KeyRefused("no key")
        return find(presented.removeprefix(prefix)).key_id

    return authenticate
