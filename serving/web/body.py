"""Read a request's body whole, within a limit, or refuse it.

Flask's own limit cuts a chunked body at the limit and hands a body that is shorter than its
Content-Length on as if it were whole: rows would be missing from an answer with status 200.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from wsgiref.types import InputStream, WSGIEnvironment

from gunicorn.http.errors import ParseException

from serving.web.problems import Problem
from serving.web.turns import Turn, turn_of

#: gunicorn copies what it has read ahead for every piece, so that small ones of a large body cost
#: several times as much.
_PIECE_BYTES = 512 * 1024

#: How much of a refused body is still read.
_DRAINED_BYTES = 32 * 2**20
#: How long a sender of such a body may pause; the watchdog sees to the time in all.
_DRAINED_PAUSE_S = 0.5


def read_body(
    environ: WSGIEnvironment, max_bytes: int, hold: Callable[[int], None] = lambda _: None
) -> bytes:
    """Read the body.

    Parameters
    ----------
    environ : dict
    max_bytes : int
    hold : callable
        Is told the size of every piece, and raises Problem if there is no room for it.

    Raises
    ------
    Problem
        413 if it is larger than `max_bytes`, 400 if it ends too early or its chunks are broken,
        415 if it is compressed.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise Problem(415, "Content-Encoding is not supported; send the body plain")
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").strip().lower() != "chunked":
        raise Problem(415, "Transfer-Encoding is not supported but for chunked")
    # The server's own stream: werkzeug's wrapper is what hides a short body.
    stream = environ["wsgi.input"]
    announced = _announced_bytes(environ)
    if announced is not None and announced > max_bytes:
        raise _too_large(max_bytes)
    pieces = []
    size = 0
    while size <= max_bytes and size != announced:
        wanted = _PIECE_BYTES if announced is None else min(_PIECE_BYTES, announced - size)
        piece = _read(stream, min(wanted, max_bytes + 1 - size))
        if not piece:
            break
        hold(len(piece))
        pieces.append(piece)
        size += len(piece)
    if size > max_bytes:
        raise _too_large(max_bytes)
    if announced is not None and size != announced:
        raise Problem(400, f"the body ended after {size} of {announced} bytes; send it again")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _announced_bytes(environ: WSGIEnvironment) -> int | None:
    """Give the body's length as announced; None if it comes in chunks, 0 if there is none."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        return int(length)
    return None if environ.get("HTTP_TRANSFER_ENCODING") else 0


def drain(environ: WSGIEnvironment) -> None:
    """Read and forget what is left of the body of a refused request.

    Whoever is still sending when the connection closes sees it broken, and never hears why. Who
    stalls is not waited for: it would hold a thread, and needs no key for that. Nor is anybody
    while as many are waited for as may be, and who was not asked for a body is not asked for it.
    """
    turn = turn_of(environ)
    if turn.is_whole:
        _drain(environ, turn)
    elif turn.is_unasked or not turn.drain_places.acquire(blocking=False):
        turn.cut()
    else:
        try:
            _drain(environ, turn)
        finally:
            turn.drain_places.release()


def _drain(environ: WSGIEnvironment, turn: Turn) -> None:
    turn.drains()
    left = _DRAINED_BYTES
    try:
        if turn.connection is not None:
            turn.connection.settimeout(_DRAINED_PAUSE_S)
        while left > 0 and (piece := environ["wsgi.input"].read(_PIECE_BYTES)):
            left -= len(piece)
        if left <= 0:
            turn.cut()
    except (OSError, ParseException):
        # The reader may take its place in the body for the end: nothing else is read after it.
        turn.cut()
    finally:
        if turn.connection is not None:
            with contextlib.suppress(OSError):
                turn.connection.settimeout(None)


def _read(stream: InputStream, size: int) -> bytes:
    try:
        return stream.read(size)
    except (OSError, ParseException):
        # The caller is gone, or gunicorn does not understand its chunks.
        raise Problem(400, "the body ended early or its chunks are broken; send it again") from None


def _too_large(max_bytes: int) -> Problem:
    return Problem(413, f"the body is larger than {max_bytes} bytes; send fewer accounts at once")
