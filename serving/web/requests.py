"""Per request: an id, a clock, and one line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

#: What a caller may choose as an id; anything else could break headers or log lines.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = logging.getLogger(__name__)


def register(app: Flask, *, quiet_paths: frozenset[str] = frozenset({"/ping"})) -> None:
    """Give every request of an app an id, and a log line when it is answered.

    Successful requests to `quiet_paths` are not logged: health checks never end.
    """

    @app.before_request
    def start() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        g.started = time.monotonic()
        g.log = {}

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        if response.status_code >= 400 or request.path not in quiet_paths:
            # Never the query, headers or body: they can hold keys and customers' data.
            fields = {
                "request_id": g.request_id,
                "method": request.method,
                "route": str(request.url_rule) if request.url_rule else None,
                "status": response.status_code,
                "ms": round((time.monotonic() - g.started) * 1000, 2),
                **g.log,
            }
            _log.info("request", extra={"fields": fields})
        return response
