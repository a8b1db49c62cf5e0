"""Read a request's body whole, within a limit, or refuse it.

Flask's own limit cuts a chunked body at the limit and hands a body that is shorter than its
Content-Length on as if it were whole: rows would be missing from an answer with status 200.
"""

from __future__ import annotations

from typing import IO

from flask import Request
from gunicorn.http.errors import ParseException

from serving.web.problems import Problem

_PIECE_BYTES = 64 * 1024

#: How much of a body that is too large is still read: a client that is sending when the answer
#: comes sees a broken connection instead of the answer.
_DRAINED_BYTES = 32 * 2**20


def read_body(request: Request, max_bytes: int) -> bytes:
    """Read the body.

    Raises
    ------
    Problem
        413 if it is larger than `max_bytes`, 400 if it ends too early or its chunks are broken,
        415 if it is compressed.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise Problem(415, f"Content-Encoding {encoding[:40]!r} is not supported; send it plain")
    # The server's own stream: werkzeug's wrapper is what hides a short body.
    stream = request.environ["wsgi.input"]
    announced = request.content_length
    if announced is not None and announced > max_bytes:
        _drain(stream, announced)
        raise _too_large(max_bytes)
    pieces = []
    size = 0
    while size <= max_bytes and size != announced:
        wanted = _PIECE_BYTES if announced is None else min(_PIECE_BYTES, announced - size)
        piece = _read(stream, min(wanted, max_bytes + 1 - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    if size > max_bytes:
        _drain(stream, _DRAINED_BYTES)
        raise _too_large(max_bytes)
    if announced is not None and size != announced:
        raise Problem(400, f"the body ended after {size} of {announced} bytes; send it again")
    return b"".join(pieces)


def _drain(stream: IO[bytes], announced: int) -> None:
    left = min(announced, _DRAINED_BYTES)
    while left > 0 and (piece := _read(stream, min(_PIECE_BYTES, left))):
        left -= len(piece)


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except (OSError, ParseException):
        # The caller is gone, or gunicorn does not understand its chunks.
        raise Problem(400, "the body ended early or its chunks are broken; send it again") from None


def _too_large(max_bytes: int) -> Problem:
    return Problem(413, f"the body is larger than {max_bytes} bytes; send fewer accounts at once")
