"""The container's app, around a model that somebody else loads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

from flask import Flask, Response, g, request

from serving.inference.model_source import ModelSource, NoModel
from serving.inference.wire.answers import JSON, encode_predictions, encode_schema
from serving.inference.wire.extras import extra_values
from serving.inference.wire.formats import check_accepts, choose_decoder
from serving.scoring import InvalidInput, Scorer
from serving.web import problems, requests
from serving.web.body import read_body
from serving.web.problems import Problem


def create_app(
    model: ModelSource,
    *,
    max_body_bytes: int,
    extras: Collection[str] = (),
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> Flask:
    """Build the app.

    `extras` are words of `EXTRAS`: what answers hold beside the scores.

    Nothing is read from the environment or the disk in here: `server` does that, and tests pass
    a model of their own.
    """
    app = Flask(__name__)
    requests.register(app)
    problems.register(app)

    def scorer() -> Scorer:
        try:
            return model.current()
        except NoModel:
            # Why is for the log: it can name buckets and folders.
            raise Problem(503, "no model is loaded", headers={"Retry-After": "5"}) from None

    @app.get("/ping")
    def ping() -> Response:
        scorer()
        return Response(b'{"status":"ok"}', mimetype=JSON)

    @app.get("/schema")
    def schema() -> Response:
        return Response(encode_schema(scorer(), extras), mimetype=JSON)

    @app.post("/invocations")
    def invocations() -> Response:
        # Refused before anything is computed: no model, types, size; then the body.
        model_now = scorer()
        decode = choose_decoder(request)
        check_accepts(request)
        body = read_body(request, max_body_bytes)
        moment = now()
        try:
            accounts = decode(body, model_now.inputs, moment.date())
            scores = model_now.score(accounts)
        except InvalidInput as error:
            raise Problem(400, str(error)) from None
        g.log = {"rows": len(accounts), "artifact_version": model_now.artifact.version}
        further = extra_values(model_now, extras, accounts, scores)
        answer = encode_predictions(model_now.outputs, scores.values, moment, further)
        response = Response(answer, mimetype=JSON)
        response.headers["X-Scorecard-Version"] = model_now.artifact.version
        return response

    return app
