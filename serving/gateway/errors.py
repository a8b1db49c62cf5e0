"""Whatever goes wrong becomes an answer of API Gateway's, and a reason in the log."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from serving.gateway.refusals import (
    BAD_REQUEST,
    FORBIDDEN,
    INTERNAL_ERROR,
    TOO_LARGE,
    UNKNOWN_ROUTE,
    UNSUPPORTED_MEDIA_TYPE,
    Refusal,
    Refused,
    bad_request,
)
from serving.web.body import drain
from serving.web.problems import Problem
from serving.web.requests import record_of

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
    record = record_of(request.environ)
    record.fields["decision"] = "failed" if refusal.status >= 500 else "refused"
    record.fields["reason"] = reason
    drain(request.environ)
    response = Response(refusal.body, refusal.status, mimetype=refusal.media_type)
    if refusal.error_type:
        response.headers["x-amzn-ErrorType"] = refusal.error_type
    return response
