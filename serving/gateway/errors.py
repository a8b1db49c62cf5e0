"""Whatever goes wrong becomes an answer of API Gateway's, and a reason in the log."""

from __future__ import annotations

import contextlib
import logging
import time

from flask import Flask, Response, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from serving.gateway.refusals import (
    BAD_REQUEST,
    FORBIDDEN,
    INTERNAL_ERROR,
    MAX_BODY_BYTES,
    TOO_LARGE,
    UNKNOWN_ROUTE,
    UNSUPPORTED_MEDIA_TYPE,
    Refusal,
    Refused,
    bad_request,
)
from serving.web.problems import Problem

#: How long the rest of a refused request is read, so that its sender sees the answer.
DRAIN_S = 5.0
_PIECE_BYTES = 64 * 1024

_log = logging.getLogger(__name__)


def register(app: Flask, stage: str) -> None:
    """Make every error of an app one of the refusals."""

    @app.errorhandler(Refused)
    def ours(error: Refused) -> Response:
        return _refuse(error.refusal, error.reason)

    @app.errorhandler(Problem)
    def about_the_body(problem: Problem) -> Response:
        as_api_gateway = {413: TOO_LARGE, 415: UNSUPPORTED_MEDIA_TYPE}
        refusal = as_api_gateway.get(problem.status) or bad_request(problem.message)
        return _refuse(refusal, f"body: {problem.status}")

    @app.errorhandler(HTTPException)
    def flasks(error: HTTPException) -> Response:
        if error.code in (404, 405):
            return ours(no_such_route(stage))
        return _refuse(BAD_REQUEST, f"werkzeug: {error.name}")

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        _log.error("unexpected error", exc_info=error)
        return _refuse(INTERNAL_ERROR, f"unexpected: {type(error).__name__}")


def target() -> str:
    """Give the path as it was sent; `request.path` is decoded and tidied."""
    sent: str = request.environ["RAW_URI"]
    return sent.partition("?")[0]


def no_such_route(stage: str) -> Refused:
    """Tell what is wrong with a path or method that is not served."""
    path = target()
    if path == "/ping" or path.split("/")[1:2] == [stage]:
        return Refused(UNKNOWN_ROUTE, "unknown path or method")
    return Refused(FORBIDDEN, "unknown stage")


def _refuse(refusal: Refusal, reason: str) -> Response:
    g.log["decision"] = "failed" if refusal.status >= 500 else "refused"
    g.log["reason"] = reason
    _drain()
    response = Response(refusal.body, refusal.status, mimetype=refusal.media_type)
    if refusal.error_type:
        response.headers["x-amzn-ErrorType"] = refusal.error_type
    return response


def _drain() -> None:
    """Read and forget what is left of the body.

    gunicorn would read 64 KB of it and close the connection: whoever is still sending then sees
    a broken connection and never hears that the key was wrong.
    """
    body = request.environ["wsgi.input"]
    connection = request.environ.get("gunicorn.socket")
    deadline = time.monotonic() + DRAIN_S
    left = MAX_BODY_BYTES
    try:
        # A body that cannot be read to its end: gunicorn notices too, and closes the connection.
        with contextlib.suppress(OSError, ParseException):
            while left > 0 and (remaining := deadline - time.monotonic()) > 0:
                if connection is not None:
                    connection.settimeout(remaining)
                piece = body.read(min(_PIECE_BYTES, left))
                if not piece:
                    break
                left -= len(piece)
    finally:
        if connection is not None:
            connection.settimeout(None)
