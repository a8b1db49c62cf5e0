"""The peer: our scorer behind FastAPI and orjson, as fast as it gets, and nothing checked.

Run by an environment that has FastAPI; of ours it imports the scorer alone.
"""

import datetime as dt
import os

import numpy as np
import orjson
from fastapi import FastAPI, Request, Response

from serving.scoring import load_scorer
from tests.benchmarks.http_peer import MODEL


def create_app() -> FastAPI:
    """Build the app of one worker."""
    scorer = load_scorer(os.environ[MODEL])
    keys = scorer.outputs
    app = FastAPI(openapi_url=None)

    @app.get("/ping")
    async def ping() -> Response:
        return Response(b"{}", media_type="application/json")

    @app.post("/invocations")
    async def invocations(request: Request) -> Response:
        instances = orjson.loads(await request.body())["instances"]
        accounts = np.array([instance["features"] for instance in instances], dtype=np.float64)
        scores = scorer.score(accounts).values.tolist()
        stamp = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        predictions = [dict(zip(keys, [*row, stamp], strict=True)) for row in scores]
        return Response(orjson.dumps({"predictions": predictions}), media_type="application/json")

    return app
