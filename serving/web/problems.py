"""Errors as callers see them: one line of JSON, at most 1 KB, never our internals."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from serving.web.requests import Record, record_of

#: SageMaker passes small one-line bodies on to its caller; longer ones are cut or lost.
MAX_BYTES = 1000
MAX_ERRORS = 10

JSON = "application/json"

#: Status → what such a refusal is called in metrics, unless the problem says.
_KINDS = {
    400: "bad_request",
    404: "not_found",
    405: "method",
    406: "not_acceptable",
    413: "too_large",
    415: "media_type",
}

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
        Must suffice alone: says what to change. Holds no value of the caller's: it is logged.
    details : tuple of Detail
    kind : str
        One word for metrics.
    retry_after_s : int or None
        When to try again, told in a header and in the body: not every proxy passes the header on.
    headers : mapping of str to str
        Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
        *,
        kind: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = tuple(details)
        self.kind = kind or _KINDS.get(status, "unexpected")
        self.retry_after_s = retry_after_s
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(retry_after_s)


def body_of(problem: Problem, request_id: str) -> bytes:
    """Write a problem's body; errors that do not fit are left out, the last of them first."""
    errors = [detail._asdict() for detail in problem.details[:MAX_ERRORS]]
    message = problem.message
    while True:
        body: dict[str, Any] = {"message": message}
        if errors:
            body["errors"] = errors
        if problem.retry_after_s is not None:
            body["retry_after"] = problem.retry_after_s
        body["request_id"] = request_id
        text = json.dumps(body, ensure_ascii=True).encode()
        if len(text) <= MAX_BYTES:
            return text
        if errors:
            errors.pop()
        else:
            message = message[: max(1, len(message) - (len(text) - MAX_BYTES) - 3)] + "..."


def status_line(status: int) -> str:
    """Give a status with its phrase."""
    return f"{status} {HTTPStatus(status).phrase}"


def answer_of(problem: Problem, record: Record) -> tuple[str, list[tuple[str, str]], bytes]:
    """Give status, headers and body of a problem, and note it for the log and the metrics."""
    record.refusal = problem.kind
    if problem.status < 500 or problem.retry_after_s is not None:
        record.fields["reason"] = problem.message[:300]
    body = body_of(problem, record.request_id)
    headers = [
        ("Content-Type", JSON),
        ("Content-Length", str(len(body))),
        *problem.headers.items(),
    ]
    return status_line(problem.status), headers, body


def unexpected(error: Exception, record: Record) -> Problem:
    """Log an error nobody expected; the caller gets an id to quote."""
    fields = {"request_id": record.request_id}
    _log.error("unexpected error", exc_info=error, extra={"fields": fields})
    return Problem(500, "Internal server error")


def register(app: Flask) -> None:
    """Make every error of an app a problem: ours, Flask's own, and the unexpected."""

    @app.errorhandler(Problem)
    def ours(problem: Problem) -> Response:
        status, headers, body = answer_of(problem, record_of(request.environ))
        return Response(body, status, headers)

    @app.errorhandler(HTTPException)
    def flasks(error: HTTPException) -> Response:
        allowed = error.get_response().headers.get("Allow")
        message = f"{error.name}: {allowed} is allowed here" if allowed else error.name
        headers = {"Allow": allowed} if allowed else {}
        return ours(Problem(error.code or 500, message, headers=headers))

    @app.errorhandler(Exception)
    def others(error: Exception) -> Response:
        return ours(unexpected(error, record_of(request.environ)))
