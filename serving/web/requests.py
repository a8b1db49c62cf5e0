"""Per request: an id, a clock, and one line in the log."""

from __future__ import annotations

import errno
import logging
import random
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from serving.web.logs import log_fields
from serving.web.turns import turn_of

_KEY = "scorecard.record"

#: What a caller may choose as an id; anything else could break headers or log lines.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: Health checks never end; only what goes wrong with them is worth a line.
QUIET_ROUTES = frozenset({"/ping", "/livez", "/readyz", "/metrics"})

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Record:
    """What is known of a request when its line is written.

    Attributes
    ----------
    request_id : str
    route : str or None
        The route as it is written in the app, never the path; None if there is none.
    status : int
    refusal : str
        Why it was refused, in one word; empty if it was not.
    fields : dict
        Further fields of the line. Never values, keys or bodies.
    """

    request_id: str
    route: str | None = None
    status: int = 0
    refusal: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


class Observer(Protocol):
    """Is told of every request."""

    def begin(self) -> None:
        """Note that a request is at hand."""

    def observe(self, record: Record, seconds: float) -> None:
        """Note that it is answered."""

    def end(self) -> None:
        """Note that it is at hand no longer, answered or not."""


def record_of(environ: Mapping[str, Any]) -> Record:
    """Give the record of a request."""
    record: Record = environ[_KEY]
    return record


class Recorded:
    """Middleware: gives requests their record, and writes a line when they are answered.

    Parameters
    ----------
    app : WSGI application
    takes_ids : bool
        Whether a caller's ``X-Request-Id`` is taken over; it could be anything, by mistake a key.
    observer : Observer, optional
    """

    def __init__(
        self, app: WSGIApplication, *, takes_ids: bool, observer: Observer | None = None
    ) -> None:
        self._app = app
        self._takes_ids = takes_ids
        self._observer = observer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        if self._observer is None:
            return self._serve(environ, start_response)
        self._observer.begin()
        try:
            return self._serve(environ, start_response)
        finally:
            self._observer.end()

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        record = environ[_KEY] = Record(self._id_for(environ))
        turn = turn_of(environ)
        turn.request_id = record.request_id
        turn.note_overdue = partial(self._note_overdue, environ, record, started)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            record.status = int(status[:3])
            headers.append(("X-Request-Id", record.request_id))
            return start_response(status, headers, exc_info)

        pieces = self._app(environ, start)
        if not turn.claim():
            # The watchdog has answered and logged; for the server the caller is gone.
            raise BrokenPipeError(errno.EPIPE, "answered at its deadline")
        self._note(environ, record, started)
        return pieces

    def _note(self, environ: WSGIEnvironment, record: Record, started: float) -> None:
        took = time.perf_counter() - started
        if self._observer:
            self._observer.observe(record, took)
        if record.status >= 400 or record.route not in QUIET_ROUTES:
            log_request(
                {
                    "request_id": record.request_id,
                    "method": environ["REQUEST_METHOD"],
                    "route": record.route,
                    "status": record.status,
                    "ms": round(took * 1000, 2),
                    **record.fields,
                }
            )

    def _note_overdue(self, environ: WSGIEnvironment, record: Record, started: float) -> None:
        record.status, record.refusal = 503, "deadline"
        record.fields["reason"] = "overdue"
        self._note(environ, record, started)

    def _id_for(self, environ: WSGIEnvironment) -> str:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._takes_ids else ""
        return given if _ID.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """Make an id, written as a random UUID is."""
    # The system's randomness would take ten times as long.
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def log_request(fields: Mapping[str, Any]) -> None:
    """Write a request's line."""
    log_fields(_log, "request", fields)
