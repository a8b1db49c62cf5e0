"""What the tests of a job are made of: a model that remembers, and a folder with CSVs and a job."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import numpy as np
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from serving.inference.app import create_app
from serving.inference.invocations import Invocations
from serving.inference.model_origins import AtPath
from serving.inference.model_source import ModelSource
from serving.inference.prediction import Manner
from serving.inference.routes import BatchPlan
from serving.inference.served_model import ServedModel
from serving.scoring import Scorer
from training.prediction_job.definition import Job, read_job
from training.prediction_job.job import run_once
from training.prediction_job.objects import OWNERS
from training.prediction_job.sending import Sent

KEY = "the-key-nobody-may-see"
#: The stream → the columns of its files.
COLUMNS = {
    name: [field for field, owner in OWNERS.items() if owner == name]
    for name in dict.fromkeys(OWNERS.values())
}

#: Gives another answer in the place of the model's, or None to let it answer.
Instead = Callable[[Request, Callable[[], Response]], Response | None]


class RecordingModel:
    """The container's own app on a port, with a scripted fault before it where a test wants one."""

    def __init__(self, scorer: Scorer) -> None:
        source = ModelSource(AtPath(Path(), lambda _: ServedModel(scorer)), poll_s=1)
        source.start()
        invocations = Invocations(source, Manner(), slots=8, max_body_bytes=6_291_456)
        self._app = create_app(source, invocations, BatchPlan(concurrency=1, payload_mb=1))
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/invocations"
        self.posts: list[list[list[float | None]]] = []
        self.keys: list[str | None] = []
        #: Each is asked once, in turn, before the model is; then the model answers.
        self.faults: list[Instead] = []
        #: Asked every time.
        self.always: Instead | None = None

    @property
    def instances(self) -> list[list[float | None]]:
        return [instance for post in self.posts for instance in post]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ, start_response):
        request = Request(environ)
        body = request.get_data(cache=True)
        self.keys.append(request.headers.get("x-api-key"))
        self.posts.append([each["features"] for each in json.loads(body)["instances"]])

        def real() -> Response:
            return Response.from_app(self._app, {**environ, "wsgi.input": io.BytesIO(body)})

        instead = self.faults.pop(0) if self.faults else self.always
        answer = (instead(request, real) if instead else None) or real()
        return answer(environ, start_response)


def says(status: int, body: str | bytes, **headers: str) -> Instead:
    """Answer this, whatever is asked."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: Response(body, status, named, content_type="application/json")


def edits(change: Callable[[dict], object]) -> Instead:
    """Answer as the model does, but for a change in the document."""

    def edited(_: Request, real: Callable[[], Response]) -> Response:
        document = json.loads(real().get_data())
        change(document)
        return Response(json.dumps(document), content_type="application/json")

    return edited


class JobFolder:
    """A folder with the CSVs of three streams and a job on them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.environ = {"JOB_KEY": KEY}
        for name in COLUMNS:
            (folder / name).mkdir()

    def put(
        self,
        stream: str,
        rows: Mapping[str, Mapping[str, object]],
        *,
        file: str = "first.csv",
        updated: str | None = "2026-01-01",
    ) -> Path:
        """Write a file of a stream: values by account; columns left out get 1."""
        path = self.folder / stream / file
        dated = [] if updated is None else ["last_updated"]
        with path.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["acct_id", *COLUMNS[stream], *dated])
            for account, values in rows.items():
                given = [values.get(column, 1) for column in COLUMNS[stream]]
                writer.writerow([account, *given, *([updated] if updated else [])])
        return path

    def put_all(self, count: int) -> list[str]:
        """Write one file per stream, of accounts that differ in everything; gives their ids."""
        values = np.random.default_rng(7).uniform(0, 1, (count, len(OWNERS))).round(6)
        ids = [f"a{number:04d}" for number in range(count)]
        for stream, columns in COLUMNS.items():
            at = [list(OWNERS).index(column) for column in columns]
            rows = {
                account: dict(zip(columns, row[at].tolist(), strict=True))
                for account, row in zip(ids, values, strict=True)
            }
            self.put(stream, rows, updated=None if stream == "AccountMini" else "2026-01-01")
        return ids

    def write(self, text: str = "", *, name: str = "scores") -> Path:
        path = self.folder / "job.yaml"
        streams = ", ".join(f"{stream}: {stream}/" for stream in COLUMNS)
        path.write_text(
            f"schema: prediction-job/v1\nname: {name}\nstate: state.sqlite\n"
            f"streams: {{{streams}}}\n"
            f"model: {{name: CSS Mini, status: Activated, url: '{self.url}', key_env: JOB_KEY}}\n"
            f"{text}"
        )
        return path

    def read(self, text: str = "") -> Job:
        return read_job(self.write(text))

    def run(self, text: str = "", *, refresh: bool = False) -> Sent:
        return run_once(self.read(text), self.environ, refresh=refresh)

    def ask(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.folder / "state.sqlite")) as connection:
            return connection.execute(sql).fetchall()

    def stored(self, job: Job) -> dict[str, tuple]:
        """Give the stored outputs by account, the time of scoring left out."""
        names = ", ".join(name for name in job.mapping.outputs if name != "last_modified")
        return {row[0]: row[1:] for row in self.ask(f"SELECT acct_id, {names} FROM scores")}


def by_scorer(scorer: Scorer, jobs: JobFolder) -> dict[str, tuple]:
    """Score what the three tables hold with the scorer itself, joined by hand."""
    tables = {
        stream: {
            row[0]: dict(zip(columns, row[1:], strict=True))
            for row in jobs.ask(f"SELECT acct_id, {', '.join(columns)} FROM {stream}")
        }
        for stream, columns in COLUMNS.items()
    }
    accounts = list(tables["AccountMini"])
    values = np.array(
        [
            [tables[owner].get(account, {}).get(field) for field, owner in OWNERS.items()]
            for account in accounts
        ],
        dtype=np.float64,
    )
    scores = scorer.score(values).values
    return {
        account: tuple(None if np.isnan(value) else value for value in row)
        for account, row in zip(accounts, scores.tolist(), strict=True)
    }
