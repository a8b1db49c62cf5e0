"""The container's process: settings, gunicorn, one model per worker."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from serving.inference.app import create_app
from serving.inference.invocations import Invocations
from serving.inference.model_origins import origin_of
from serving.inference.model_source import ModelSource
from serving.inference.prediction import Manner
from serving.inference.reloading import CarefulArbiter
from serving.inference.routes import BatchPlan
from serving.inference.served_model import ServedModel
from serving.inference.settings import InferenceSettings
from serving.inference.worker_metrics import WorkerMetrics
from serving.registry import Follower, fetch_current, is_registry_uri
from serving.scoring import load_scorer
from serving.web import metrics
from serving.web.logs import log_json_lines
from serving.web.problems import JSON, Problem, body_of
from serving.web.server import Server, bind_to, raw_answer
from serving.web.settings import SettingsError, read_settings, shown
from serving.web.watchdog import Limits

#: The watchdog comes after the deadline that a request keeps by itself, and before SageMaker's and
#: API Gateway's 29 s.
_GRACE_S = 2.0

_log = logging.getLogger("serving.inference")


class Container(Server):
    """Workers load the model themselves, so SIGHUP loads it anew, if it can be loaded."""

    health_routes = (b"GET /ping", b"GET /livez", b"GET /readyz")
    quick_routes = (b"POST /invocations",)

    def __init__(self, settings: InferenceSettings, *, counted: bool) -> None:
        self._settings = settings
        self._counted = counted
        limits = Limits(reading=settings.read_timeout_s, working=settings.deadline_s + _GRACE_S)
        super().__init__(
            limits,
            {
                "bind": bind_to(settings.host, settings.port),
                "workers": settings.worker_count,
                "threads": settings.threads,
                "proc_name": "scorecard-inference",
                "child_exit": lambda _server, _worker: metrics.worker_ended(),
            },
        )

    def load(self) -> Flask:
        """Build a worker's app and load its model; runs in the worker."""
        log_json_lines()
        settings = self._settings

        kept = WorkerMetrics() if self._counted else None

        def load_served(path: Path) -> ServedModel:
            scorer = load_scorer(path)
            return ServedModel(
                scorer,
                outputs=settings.outputs,
                extras=settings.extras,
                metrics=kept.of(scorer) if kept else None,
            )

        origin = origin_of(settings.model, settings.cache, load_served)
        model = ModelSource(origin, poll_s=settings.poll_s, metrics=kept)
        model.start()
        # What is here now stays; looking through it again and again takes a tenth of the time of
        # large requests.
        gc.freeze()
        invocations = Invocations(
            model,
            Manner(
                deadline_s=settings.deadline_s,
                keep_bad_rows=settings.bad_rows == "placeholder",
                refuse_out_of_range=settings.refuse_out_of_range,
                ends_with_newline=settings.is_batch,
            ),
            slots=settings.slots,
            max_body_bytes=settings.body_limit,
            usual_answer=settings.usual_answer,
            version_header=settings.version_header,
        )
        plan = BatchPlan.for_limits(max_body_bytes=settings.body_limit, slots=settings.slots)
        return create_app(
            model,
            invocations,
            plan,
            exposition=metrics.exposition if self._counted else None,
            observer=metrics.RequestMetrics() if self._counted else None,
        )

    def run(self) -> None:
        """Serve until told to stop."""
        CarefulArbiter(self, lambda: check_model(self._settings)).run()

    def refuse(self, status: int, request_id: str) -> bytes:
        """Write the answer to a request that is no HTTP, or hangs."""
        body = body_of(_REFUSALS[status], request_id)
        headers = {"Content-Type": JSON, "X-Request-Id": request_id, **_REFUSALS[status].headers}
        return raw_answer(status, headers, body)


_REFUSALS = {
    400: Problem(400, "this is not an HTTP request that can be read"),
    414: Problem(414, "the URL is too long"),
    431: Problem(431, "the headers are too large"),
    500: Problem(500, "Internal server error"),
    503: Problem(503, "scoring took too long; send fewer accounts at once", retry_after_s=1),
}


def check_model(settings: InferenceSettings) -> None:
    """Load a model that a worker would find, and drop it.

    Raises
    ------
    ScoringError
        If there is none that can be used.
    """
    if is_registry_uri(settings.model):
        accepted = Follower(settings.model, settings.cache).last_accepted()
        if accepted is None:
            load_scorer(fetch_current(settings.model, settings.cache))
        else:
            load_scorer(accepted.folder)
    else:
        load_scorer(settings.model)


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Run the container. Arguments are not looked at: images are started as `serve serve` too."""
    log_json_lines()
    try:
        settings = read_settings(InferenceSettings, environ)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    _log.info("starting", extra={"fields": shown(settings)})
    Container(settings, counted=metrics.prepare_metrics() is not None).run()
