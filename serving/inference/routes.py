"""Everything the container answers beside invocations and explanations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from flask import Blueprint, Response

from serving.inference.invocations import TASKS
from serving.inference.model_source import ModelSource, current_model
from serving.inference.openapi import encode_openapi
from serving.inference.wire.answers import encode_schema
from serving.web.problems import JSON, Problem

#: SageMaker's bound on what a batch transform sends at once, in MB.
_MAX_BATCH_MB = 100


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """How SageMaker should send a batch transform, if the job does not say."""

    concurrency: int
    payload_mb: int

    @classmethod
    def for_limits(cls, *, max_body_bytes: int, slots: int) -> BatchPlan:
        """Make a plan: `slots` are those of one worker.

        All connections of a job may end at the same one, and a request that is turned away four
        times fails the job.
        """
        payload_mb = min(max(max_body_bytes // 2**20, 1), _MAX_BATCH_MB)
        return cls(
            concurrency=max(1, min(slots, _MAX_BATCH_MB // payload_mb)), payload_mb=payload_mb
        )


def routes(
    model: ModelSource, plan: BatchPlan, exposition: Callable[[], tuple[bytes, str]] | None
) -> Blueprint:
    """Build the routes; without `exposition` there are no metrics."""
    answers: dict[str, Callable[[], Response]] = {
        "/ping": lambda: _ready(model),
        "/readyz": lambda: _ready(model),
        "/livez": _alive,
        "/schema": lambda: _schema(model),
        "/openapi.json": lambda: Response(encode_openapi(current_model(model)), mimetype=JSON),
        "/execution-parameters": lambda: _execution_parameters(plan),
        "/metrics": lambda: _metrics(exposition),
    }
    blueprint = Blueprint("container", __name__)
    for path, answer in answers.items():
        _add(blueprint, path, "GET", answer)
    # For the methods that are refused. POST to a path as it is written does not come here.
    for path in TASKS:
        _add(blueprint, path, "POST", _another_path)
    return blueprint


def _add(blueprint: Blueprint, path: str, method: str, answer: Callable[[], Response]) -> None:
    # Without OPTIONS, which Flask would answer by itself.
    blueprint.add_url_rule(
        path,
        path.strip("/").replace(".", "_"),
        answer,
        methods=[method],
        provide_automatic_options=False,
    )


def _ready(model: ModelSource) -> Response:
    current_model(model)
    return _json({"status": "ok"})


def _alive() -> Response:
    return _json({"status": "ok"})


def _another_path() -> Response:
    raise Problem(404, "Not Found")


def _schema(model: ModelSource) -> Response:
    served = current_model(model)
    return Response(encode_schema(served.scorer, served.predictions), mimetype=JSON)


def _execution_parameters(plan: BatchPlan) -> Response:
    return _json(
        {
            "MaxConcurrentTransforms": plan.concurrency,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": plan.payload_mb,
        }
    )


def _metrics(exposition: Callable[[], tuple[bytes, str]] | None) -> Response:
    if exposition is None:
        raise Problem(404, "metrics are not kept here")
    text, media_type = exposition()
    return Response(text, content_type=media_type)


def _json(content: dict[str, object]) -> Response:
    return Response(orjson.dumps(content), mimetype=JSON)
