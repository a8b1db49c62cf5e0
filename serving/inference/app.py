"""The container's app: invocations and explanations, and Flask for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, request

from serving.inference.invocations import TASKS, Invocations
from serving.inference.model_source import ModelSource
from serving.inference.routes import BatchPlan, routes
from serving.web import problems
from serving.web.requests import Observer, Recorded, record_of


def create_app(
    model: ModelSource,
    invocations: Invocations,
    plan: BatchPlan,
    *,
    exposition: Callable[[], tuple[bytes, str]] | None = None,
    observer: Observer | None = None,
) -> Flask:
    """Build the app.

    Nothing is read from the environment or the disk in here: `server` does that, and tests pass
    a model of their own.

    Parameters
    ----------
    model : ModelSource
    invocations : Invocations
    plan : BatchPlan
    exposition : callable, optional
        Gives the body and the type of ``GET /metrics``.
    observer : Observer, optional
        Is told of every request.
    """
    app = Flask(__name__, static_folder=None)
    # Or `//ping` would be answered with a redirect.
    app.url_map.merge_slashes = False
    problems.register(app)
    app.register_blueprint(routes(model, plan, exposition))

    @app.before_request
    def note_route() -> None:
        record_of(request.environ).route = str(request.url_rule) if request.url_rule else None

    flask = app.wsgi_app

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] in TASKS and environ["REQUEST_METHOD"] == "POST":
            return invocations(environ, start_response)
        return flask(environ, start_response)

    app.wsgi_app = Recorded(dispatch, takes_ids=True, observer=observer)  # type: ignore[method-assign]
    return app
