"""Whatever goes wrong becomes one of the refusals, and a reason in the log."""

from __future__ import annotations

import logging

from serving.gateway import refusals
from serving.gateway.refusals import Refusal, Refused
from serving.gateway.upstream import (
    NoSuchEndpoint,
    UpstreamBusy,
    UpstreamCannot,
    UpstreamError,
    UpstreamFailed,
    UpstreamThrottled,
    UpstreamTimedOut,
    UpstreamTooLarge,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from serving.web.problems import Problem
from serving.web.slots import RETRY_AFTER_S

_UPSTREAM: dict[type[UpstreamError], Refusal] = {
    UpstreamTimedOut: refusals.UPSTREAM_TIMED_OUT,
    UpstreamUnreachable: refusals.UPSTREAM_UNREACHABLE,
    UpstreamUnusable: refusals.UPSTREAM_UNUSABLE,
    UpstreamFailed: refusals.UPSTREAM_FAILED,
    UpstreamThrottled: refusals.after(refusals.TOO_MANY_REQUESTS, 1),
    UpstreamBusy: refusals.after(refusals.UPSTREAM_NOT_READY, 5),
    UpstreamTooLarge: refusals.TOO_LARGE_UPSTREAM,
    NoSuchEndpoint: refusals.NO_SUCH_ENDPOINT,
    UpstreamCannot: refusals.NO_EXPLANATIONS,
}

_log = logging.getLogger(__name__)


def refused_by(error: Exception) -> Refused:
    """Tell a caller of an error; one that nobody expected is logged."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, Problem):
        return _about_the_body(error)
    if isinstance(error, UpstreamError):
        return Refused(_UPSTREAM[type(error)], f"upstream: {type(error).__name__}")
    _log.error("unexpected error", exc_info=error)
    return Refused(refusals.INTERNAL_ERROR, f"unexpected: {type(error).__name__}")


def no_such_route(path: str, stage: str) -> Refused:
    """Tell what is wrong with a path or method that is not served."""
    if path == "/ping" or path.split("/")[1:2] in ([stage], ["endpoints"]):
        return Refused(refusals.UNKNOWN_ROUTE, "unknown path or method")
    return Refused(refusals.FORBIDDEN, "unknown stage")


def _about_the_body(problem: Problem) -> Refused:
    if problem.status == 503:
        reason = "as many invocations are under way as may be"
        return Refused(refusals.after(refusals.UPSTREAM_NOT_READY, RETRY_AFTER_S), reason)
    as_api_gateway = {413: refusals.TOO_LARGE, 415: refusals.UNSUPPORTED_MEDIA_TYPE}
    refusal = as_api_gateway.get(problem.status) or refusals.bad_request(problem.message)
    return Refused(refusal, f"body: {problem.status}")
