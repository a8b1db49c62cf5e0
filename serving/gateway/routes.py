"""The routes: is it ready, score this, and the same as SageMaker's own clients ask it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol
from wsgiref.types import WSGIEnvironment

from serving.gateway import audit
from serving.gateway.callers import Caller
from serving.gateway.errors import no_such_route, refused_by
from serving.gateway.grants import EXPLAIN, INVOKE, READ_MODEL
from serving.gateway.modes import SAID_BY_SAGEMAKER, Mode, in_mode, in_sagemakers_words
from serving.gateway.refusals import (
    BAD_REQUEST,
    MAX_BODY_BYTES,
    NO_SUCH_ENDPOINT,
    NOT_ALLOWED,
    UPSTREAM_NOT_READY,
    Refused,
)
from serving.gateway.replies import Reply, of_answer
from serving.gateway.upstream import (
    Answer,
    Upstream,
    UpstreamTimedOut,
    UpstreamUnreachable,
)
from serving.web.body import read_body
from serving.web.metrics import exposition
from serving.web.problems import JSON
from serving.web.requests import record_of
from serving.web.slots import Shares, Slots
from serving.web.turns import turn_of

PING = "/ping"
METRICS = "/metrics"
#: The route as the log has it; the name is the caller's.
SAGEMAKER_ROUTE = "/endpoints/<name>/invocations"

#: All that the container hears of a caller's headers. Never the key, a cookie, X-Forwarded-*, or
#: one by which SageMaker would choose another model.
_FORWARDED = {
    "CONTENT_TYPE": "Content-Type",
    "HTTP_ACCEPT": "Accept",
    "HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES": "X-Amzn-SageMaker-Custom-Attributes",
}
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{1,1024}")

_SAGEMAKER_PATH = re.compile(r"/endpoints/([A-Za-z0-9-]{1,63})/invocations")


class Admit(Protocol):
    """Lets a request in, counted and noted, or raises Refused; without a look at the body."""

    def __call__(
        self, request: Asking, *, scope: str = INVOKE, endpoint: str | None = None
    ) -> Caller:
        """Raise Refused, or tell who it is."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A request, as those who authenticate see it: without its body."""

    environ: WSGIEnvironment


@dataclass(frozen=True)
class Doors:
    """What the routes need.

    Attributes
    ----------
    admit : Admit
    upstream : Upstream
    is_ready : callable
        Tells at once whether the upstream is.
    stage : str
        First part of the path of invocations.
    endpoint : str
        Name under which SageMaker's clients find the upstream.
    mode : Mode
        How errors of the container reach those who ask by the stage; SageMaker's clients always
        get SageMaker's.
    slots : Slots
        How many invocations may be under way.
    senders : Shares
        How many bodies may be on their way.
    took : callable
        Told the seconds of every answer of the upstream.
    metrics_port : int or None
        The port, of those listened on, that has `/metrics`; None if none has.
    """

    admit: Admit
    upstream: Upstream
    is_ready: Callable[[], bool]
    stage: str
    endpoint: str
    mode: Mode
    slots: Slots
    senders: Shares
    took: Callable[[float], None]
    metrics_port: int | None = None

    def serve(self, environ: WSGIEnvironment) -> Reply:
        """Answer a request, or raise what `errors.refused_by` takes."""
        record = record_of(environ)
        # Routes are the bytes that were sent: no %2F, no #fragment, no http://host in front.
        path = environ["RAW_URI"].partition("?")[0]
        method = environ["REQUEST_METHOD"]
        if method == "POST" and path == f"/{self.stage}/invocations":
            record.route = path
            return self._invoke(environ)
        if method == "GET" and path == PING:
            record.route = path
            return self._ping(environ)
        if method == "POST" and path == f"/{self.stage}/explain":
            record.route = path
            return self._explain(environ)
        if method == "GET" and path == f"/{self.stage}/schema":
            record.route = path
            return self._schema(environ)
        if method == "POST" and (found := _SAGEMAKER_PATH.fullmatch(path)):
            record.route = SAGEMAKER_ROUTE
            return self._invoke_as_sagemaker(environ, found[1])
        _check_host(environ)
        if method == "GET" and path == METRICS and self._is_for_metrics(environ):
            record.route = path
            body, media_type = exposition()
            return Reply(200, media_type, body)
        # A target that is odd was perhaps read otherwise by a server before this one, and what
        # follows on the connection is perhaps not the caller's.
        turn_of(environ).cut()
        raise no_such_route(path, self.stage)

    def _is_for_metrics(self, environ: WSGIEnvironment) -> bool:
        # The port of the socket, not of the header `Host`.
        return self.metrics_port is not None and environ["SERVER_PORT"] == str(self.metrics_port)

    def _ping(self, environ: WSGIEnvironment) -> Reply:
        _check_host(environ)
        if not self.is_ready():
            raise Refused(UPSTREAM_NOT_READY, "the upstream is not ready")
        return Reply(200, JSON, b'{"message":"Healthy"}')

    def _invoke(self, environ: WSGIEnvironment) -> Reply:
        caller = self._let_in(environ, self.endpoint)
        headers = _forwarded(environ)
        if self.mode == "css-mini":
            # Its gateway hands on a type and no more.
            headers = {"Content-Type": headers.get("Content-Type", JSON), "Accept": JSON}
        try:
            answer = self._ask(environ, caller, headers, self.upstream.invoke)
        except SAID_BY_SAGEMAKER as error:
            if self.mode != "css-mini":
                raise
            refused = refused_by(error)
            audit.note_decision(record_of(environ), "failed", refused.reason)
            return Reply(200, JSON, in_sagemakers_words(refused.refusal))
        return of_answer(in_mode(answer, self.mode, self.endpoint))

    def _invoke_as_sagemaker(self, environ: WSGIEnvironment, name: str) -> Reply:
        # A name that is not ours could be anything, by mistake a key; it stands in no log.
        known = name if name == self.endpoint else None
        try:
            caller = self._let_in(environ, known)
        except Refused as error:
            if error.refusal is NOT_ALLOWED and error.reason == "endpoint not granted":
                raise Refused(NO_SUCH_ENDPOINT, error.reason) from None
            raise
        if known is None:
            raise Refused(NO_SUCH_ENDPOINT, "no such endpoint")
        try:
            answer = self._ask(environ, caller, _forwarded(environ), self.upstream.invoke)
        except (UpstreamTimedOut, UpstreamUnreachable) as error:
            audit.note_decision(record_of(environ), "failed", f"upstream: {type(error).__name__}")
            answer = Answer(0, None, b"")
        return of_sagemaker(answer, self.endpoint)

    def _explain(self, environ: WSGIEnvironment) -> Reply:
        caller = self._let_in(environ, self.endpoint, EXPLAIN)
        return of_answer(self._ask(environ, caller, _forwarded(environ), self.upstream.explain))

    def _schema(self, environ: WSGIEnvironment) -> Reply:
        record = record_of(environ)
        self._let_in(environ, self.endpoint, READ_MODEL)
        turn_of(environ).has_read()
        with self.slots:
            answer = self.upstream.schema(record.request_id)
        if answer is None:
            raise no_such_route(environ["RAW_URI"].partition("?")[0], self.stage)
        audit.note_decision(record, "forwarded")
        return of_answer(answer)

    def _let_in(
        self, environ: WSGIEnvironment, endpoint: str | None, scope: str = INVOKE
    ) -> Caller:
        # In this order: who has no key costs neither a read nor a word with the container.
        _check_host(environ)
        return self.admit(Asking(environ), scope=scope, endpoint=endpoint)

    def _ask(
        self,
        environ: WSGIEnvironment,
        caller: Caller,
        headers: dict[str, str],
        question: Callable[[bytes, Mapping[str, str]], Answer],
    ) -> Answer:
        record = record_of(environ)
        headers["X-Request-Id"] = record.request_id
        turn = turn_of(environ)
        # Who sends slowly holds a place of its own, and none of those where the upstream is asked.
        with nullcontext() if turn.is_whole else self.senders.of(caller.id):
            body = read_body(environ, MAX_BODY_BYTES)
        turn.has_read()
        with self.slots:
            started = time.monotonic()
            try:
                answer = question(body, headers)
            finally:
                took = time.monotonic() - started
                self.took(took)
                record.fields["upstream_ms"] = round(took * 1000, 2)
        audit.note_decision(record, "forwarded")
        return answer


def of_sagemaker(answer: Answer, endpoint: str) -> Reply:
    """Answer as the SageMaker runtime does."""
    reply = of_answer(in_mode(answer, "strict", endpoint))
    if reply.status < 400:
        reply.headers.setdefault("x-Amzn-Invoked-Production-Variant", "AllTraffic")
    elif reply.status == 424:
        reply.headers["x-amzn-ErrorType"] = "ModelError"
    return reply


def _check_host(environ: WSGIEnvironment) -> None:
    if environ["SERVER_PROTOCOL"] == "HTTP/1.1" and "HTTP_HOST" not in environ:
        raise Refused(BAD_REQUEST, "no Host")


def _forwarded(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: environ[variable]
        for variable, name in _FORWARDED.items()
        if _VALUE.fullmatch(environ.get(variable, ""))
    }
