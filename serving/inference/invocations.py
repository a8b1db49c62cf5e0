"""`POST /invocations` and `POST /explain`, as a WSGI app of their own.

Of what a web framework does for a request these routes need nothing, and it would take as long as
scoring an account.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

from serving.inference.explanations import EXPLAINED, explain
from serving.inference.model_source import ModelSource, current_model
from serving.inference.prediction import Manner, Prediction, predict
from serving.inference.views import read_view
from serving.inference.wire.formats import FORMATS, JSON, Format, answer_format, request_format
from serving.web.body import drain, read_body
from serving.web.problems import Problem, answer_of, unexpected
from serving.web.requests import Record, record_of
from serving.web.slots import BodyMemory, Slots
from serving.web.turns import turn_of


class Task(NamedTuple):
    """What a route does with a body, and the formats in which it answers; the first is usual.

    A task takes the slots that a worker has for scoring, or has its own, so that it never keeps
    callers out who want scores. One that `takes_view` is given what its URL asks for; what the
    URLs of others ask for does not matter.
    """

    do: Callable[..., Prediction]
    formats: tuple[Format, ...]
    own_slots: int | None = None
    takes_view: bool = False


#: To answer another question about accounts, add an entry.
TASKS: Mapping[str, Task] = {
    "/invocations": Task(predict, FORMATS),
    # An account takes a hundred times as long as in a large body to score.
    "/explain": Task(explain, EXPLAINED, own_slots=1, takes_view=True),
}

#: What SageMaker passes on between its caller and the container, as long as it is visible ASCII.
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_ATTRIBUTES = re.compile(r"[\x20-\x7e]{1,1024}")


class _Room:
    """What requests of a task, or of several, take on their way."""

    def __init__(self, slots: int, max_body_bytes: int) -> None:
        self.slots = Slots(slots)
        self.memory = BodyMemory(slots * max_body_bytes)


def utc_now() -> dt.datetime:
    """Give the time."""
    return dt.datetime.now(dt.UTC)


class Invocations:
    """Does the `TASKS` with the model of the moment.

    Parameters
    ----------
    model : ModelSource
    manner : Manner
        How requests are scored.
    slots : int
        How many requests are scored at once; who comes beyond that gets 503. Tasks with slots of
        their own do not count.
    max_body_bytes : int
        Largest body; as many times as there are slots of a task, it is held in memory at once.
    usual_answer : callable
        Gives, for the request's format, that of the answer to a caller who takes any; of a task
        that does not answer in it, the first that it does is given.
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
        shared = _Room(slots, max_body_bytes)
        self._rooms = {
            path: _Room(task.own_slots, max_body_bytes) if task.own_slots else shared
            for path, task in TASKS.items()
        }
        self._max_body_bytes = max_body_bytes
        self._usual_answer = usual_answer
        self._version_header = version_header
        self._now = now

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request to the path of a task."""
        record = record_of(environ)
        record.route = environ["PATH_INFO"]
        try:
            headers, pieces = self._serve(environ["PATH_INFO"], environ, record)
            status = "200 OK"
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller gets an answer)
            problem = error if isinstance(error, Problem) else unexpected(error, record)
            drain(environ)
            status, headers, body = answer_of(problem, record)
            pieces = [body]
        start_response(status, headers)
        return pieces

    def _serve(
        self, path: str, environ: WSGIEnvironment, record: Record
    ) -> tuple[list[tuple[str, str]], list[bytes]]:
        task, room = TASKS[path], self._rooms[path]
        # Refused before anything is read or computed: no model, types, size, no room.
        model = current_model(self._model)
        record.fields["artifact_version"] = model.version
        asked = request_format(environ.get("CONTENT_TYPE", ""))
        usual = self._usual_answer(asked)
        given = answer_format(environ.get("HTTP_ACCEPT", ""), usual, task.formats)
        query = environ.get("QUERY_STRING", "") if task.takes_view else ""
        view = read_view(query, model.scorer) if query else None
        do = task.do if view is None else partial(task.do, view=view)
        with room.memory.body() as hold:
            body = read_body(environ, self._max_body_bytes, hold)
            turn_of(environ).has_read()
            with room.slots:
                answer = do(model, body, asked, given, self._manner, self._now())
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
