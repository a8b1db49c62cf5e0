"""Errors as callers see them: one line of JSON, at most 1 KB, never our internals."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

#: SageMaker passes small one-line bodies on to its caller; longer ones are cut or lost.
MAX_BYTES = 1000
MAX_ERRORS = 10

_log = logging.getLogger(__name__)


class Detail(NamedTuple):
    """Where in the body something is wrong, as a JSON pointer, and what."""

    path: str
    reason: str


class Problem(Exception):
    """A request that is not served, with the status and the words that say why.

    Attributes
    ----------
    status : int
    message : str
        Must suffice alone: says what to change.
    details : tuple of Detail
    headers : mapping of str to str
        Further headers of the answer, such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        message: str,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})


def body_of(message: str, details: Sequence[Detail], request_id: str) -> bytes:
    """Write a problem's body; errors that do not fit are left out, the last of them first."""
    errors = [detail._asdict() for detail in details[:MAX_ERRORS]]
    while True:
        body: dict[str, Any] = {"message": message}
        if errors:
            body["errors"] = errors
        body["request_id"] = request_id
        text = json.dumps(body, ensure_ascii=True).encode()
        if len(text) <= MAX_BYTES:
            return text
        if errors:
            errors.pop()
        else:
            message = message[: max(1, len(message) - (len(text) - MAX_BYTES) - 3)] + "..."


def register(app: Flask) -> None:
    """Make every error of an app a problem: ours, Flask's own, and the unexpected."""

    @app.errorhandler(Problem)
    def ours(problem: Problem) -> Response:
        return answer(problem.status, problem.message, problem.details, problem.headers)

    @app.errorhandler(HTTPException)
    def flasks(error: HTTPException) -> Response:
        status = error.code or 500
        allowed = error.get_response().headers.get("Allow")
        message = f"{error.name}: {allowed} is allowed here" if allowed else error.name
        return answer(status, message, (), {"Allow": allowed} if allowed else {})

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        # The caller gets an id to quote; what happened stands in the log.
        _log.error("unexpected error", exc_info=error)
        return answer(500, "Internal server error", (), {})


def answer(
    status: int, message: str, details: Sequence[Detail], headers: Mapping[str, str]
) -> Response:
    """Build the answer to the request at hand."""
    response = Response(
        body_of(message, details, g.request_id), status, mimetype="application/json"
    )
    response.headers.update(headers)
    return response
