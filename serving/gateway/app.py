"""The gateway's app: its routes, and API Gateway's manners around them."""

from __future__ import annotations

import secrets
import time

from flask import Flask, Response, request

from serving.gateway import errors
from serving.gateway.callers import Authenticate
from serving.gateway.refusals import BAD_REQUEST, Refused, ids
from serving.gateway.routes import routes
from serving.gateway.upstream import Upstream
from serving.web.requests import Recorded, record_of


def create_app(authenticate: Authenticate, upstream: Upstream, *, stage: str) -> Flask:
    """Build the app.

    Nothing is read from the environment or the disk in here: `server` does that, and tests pass
    callers and an upstream of their own.
    """
    app = Flask(__name__, static_folder=None)
    # Or `//default/invocations` would be answered with a redirect.
    app.url_map.merge_slashes = False
    # A caller's X-Request-Id could be anything, by mistake a key; it would stand in the log and go
    # on to the container.
    app.wsgi_app = Recorded(app.wsgi_app, takes_ids=False)  # type: ignore[method-assign]
    errors.register(app, stage)
    app.register_blueprint(routes(authenticate, upstream, stage))

    @app.before_request
    def check_target() -> None:
        record_of(request.environ).route = str(request.url_rule) if request.url_rule else None
        if request.environ["SERVER_PROTOCOL"] == "HTTP/1.1" and "Host" not in request.headers:
            raise Refused(BAD_REQUEST, "no Host")
        # Routes are the bytes that were sent: no %2F, no #fragment, no http://host in front.
        # Flask would serve HEAD where GET is.
        if errors.target() != request.path or request.method == "HEAD":
            raise errors.no_such_route(stage)

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers.update(ids(record_of(request.environ).request_id))
        if response.status_code < 400:
            response.headers["X-Amzn-Trace-Id"] = _trace_id()
        return response

    return app


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
