"""`POST /invocations`, as a WSGI app of its own.

Of what a web framework does for a request this route needs nothing, and it would take as long as
scoring an account.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from serving.inference.model_source import ModelSource, current_model
from serving.inference.prediction import Manner, predict
from serving.inference.wire.formats import JSON, Format, answer_format, request_format
from serving.web.body import drain, read_body
from serving.web.problems import Problem, answer_of, unexpected
from serving.web.requests import Record, record_of
from serving.web.slots import BodyMemory, Slots
from serving.web.turns import turn_of

ROUTE = "/invocations"

#: What SageMaker passes on between its caller and the container, as long as it is visible ASCII.
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_ATTRIBUTES = re.compile(r"[\x20-\x7e]{1,1024}")


def utc_now() -> dt.datetime:
    """Give the time."""
    return dt.datetime.now(dt.UTC)


class Invocations:
    """Answers invocations with the model of the moment.

    Parameters
    ----------
    model : ModelSource
    manner : Manner
        How requests are scored.
    slots : int
        How many are scored at once; who comes beyond that gets 503.
    max_body_bytes : int
        Largest body; `slots` times as much is held in memory at once.
    usual_answer : callable
        Gives, for the request's format, that of the answer to a caller who takes any.
    version_header : str
        Header that names the artifact.
    now : callable
        Gives the time, in UTC.
    """

    def __init__(
        self,
        model: ModelSource,
        manner: Manner,
        *,
        slots: int,
        max_body_bytes: int,
        usual_answer: Callable[[Format], Format] = lambda _: JSON,
        version_header: str = "X-Scorecard-Version",
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._model = model
        self._manner = manner
        self._slots = Slots(slots)
        self._memory = BodyMemory(slots * max_body_bytes)
        self._max_body_bytes = max_body_bytes
        self._usual_answer = usual_answer
        self._version_header = version_header
        self._now = now

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one invocation."""
        record = record_of(environ)
        record.route = ROUTE
        try:
            headers, pieces = self._serve(environ, record)
            status = "200 OK"
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller gets an answer)
            problem = error if isinstance(error, Problem) else unexpected(error, record)
            drain(environ)
            status, headers, body = answer_of(problem, record)
            pieces = [body]
        start_response(status, headers)
        return pieces

    def _serve(
        self, environ: WSGIEnvironment, record: Record
    ) -> tuple[list[tuple[str, str]], list[bytes]]:
        # Refused before anything is read or computed: no model, types, size, no room.
        model = current_model(self._model)
        record.fields["artifact_version"] = model.version
        asked = request_format(environ.get("CONTENT_TYPE", ""))
        given = answer_format(environ.get("HTTP_ACCEPT", ""), self._usual_answer(asked))
        with self._memory.body() as hold:
            body = read_body(environ, self._max_body_bytes, hold)
            turn_of(environ).has_read()
            with self._slots:
                answer = predict(model, body, asked, given, self._manner, self._now())
        record.fields.update(answer.fields)
        headers = [
            ("Content-Type", given.answer_type),
            ("Content-Length", str(sum(map(len, answer.pieces)))),
            (self._version_header, model.version),
        ]
        attributes = environ.get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES", "")
        if _ATTRIBUTES.fullmatch(attributes):
            headers = [entry for entry in headers if entry[0].lower() != ATTRIBUTES.lower()]
            headers.append((ATTRIBUTES, attributes))
        if answer.bad_rows:
            headers.append(("X-Scorecard-Bad-Rows", str(answer.bad_rows)))
        return headers, answer.pieces
