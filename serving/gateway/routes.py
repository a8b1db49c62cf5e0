"""The two routes: is it ready, and score this."""

from __future__ import annotations

import time

from flask import Blueprint, Response, request

from serving.gateway.callers import Authenticate
from serving.gateway.keyring import KeyRefused
from serving.gateway.refusals import (
    FORBIDDEN,
    MAX_BODY_BYTES,
    UPSTREAM_NOT_READY,
    UPSTREAM_TIMED_OUT,
    UPSTREAM_UNREACHABLE,
    UPSTREAM_UNUSABLE,
    Refused,
)
from serving.gateway.upstream import (
    Answer,
    Upstream,
    UpstreamError,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from serving.web.body import read_body
from serving.web.requests import record_of
from serving.web.turns import turn_of

#: All that the container hears of a caller's headers. Never the key, a cookie, X-Forwarded-*.
FORWARDED = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")

JSON = "application/json"

FAILURES = {
    UpstreamTimedOut: UPSTREAM_TIMED_OUT,
    UpstreamUnreachable: UPSTREAM_UNREACHABLE,
    UpstreamUnusable: UPSTREAM_UNUSABLE,
}


def routes(authenticate: Authenticate, upstream: Upstream, stage: str) -> Blueprint:
    """Build the routes of a gateway."""
    blueprint = Blueprint("gateway", __name__)

    @blueprint.get("/ping", provide_automatic_options=False)
    def ping() -> Response:
        if not upstream.is_ready():
            raise Refused(UPSTREAM_NOT_READY, "the upstream is not ready")
        return Response(b'{"message":"Healthy"}', mimetype=JSON)

    @blueprint.post(f"/{stage}/invocations", provide_automatic_options=False)
    def invocations() -> Response:
        # In this order: who has no key costs neither a read nor a word with the container.
        record = record_of(request.environ)
        try:
            record.fields["caller"] = authenticate(request)
        except KeyRefused as error:
            raise Refused(FORBIDDEN, str(error)) from None
        body = read_body(request.environ, MAX_BODY_BYTES)
        turn_of(request.environ).has_read()
        answer = _forward(upstream, body)
        record.fields["decision"] = "forwarded"
        return Response(
            answer.body, answer.status, answer.headers, content_type=answer.media_type or JSON
        )

    return blueprint


def _forward(upstream: Upstream, body: bytes) -> Answer:
    headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
    record = record_of(request.environ)
    headers["X-Request-Id"] = record.request_id
    started = time.monotonic()
    try:
        return upstream.invoke(body, headers)
    except UpstreamError as error:
        raise Refused(FAILURES[type(error)], f"upstream: {type(error).__name__}") from error
    finally:
        record.fields["upstream_ms"] = round((time.monotonic() - started) * 1000, 2)
