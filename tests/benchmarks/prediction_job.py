"""How fast a prediction job scores accounts, and which part of the way is the wall.

    python -m tests.benchmarks.prediction_job [--accounts 100000]

Runs a job through a gateway and a container on this machine, all three of them processes, and then
each part alone on the same accounts: the container, the gateway before it, the job's reading of
files, its reading of answers and its storing. A part's share is what the run would take if it were
all there is.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

from serving.gateway.keys import issue
from tests.benchmarks.report import table, write
from tests.processes import BIN, Process, free_port
from training.definition import default_scorecard
from training.prediction_job.answers import AnswerReader
from training.prediction_job.changes import Change, batches, body_of, mark_all
from training.prediction_job.definition import Job, read_job
from training.prediction_job.job import run_once
from training.prediction_job.results import Scored, store
from training.prediction_job.state import opened_state
from training.synthetic import write_sample
from training.train import train

ROOT = Path(__file__).parents[2]
JOB = """
schema: prediction-job/v1
name: scores
state: state.sqlite
streams: {{AccountMini: in/peer_dims, product_metrics: in/product, usage_metrics: in/usage}}
model: {{name: CSS Mini, status: Activated, url: "{url}", key_file: job.key}}
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=100_000)
    accounts = parser.parse_args().accounts
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_sample(folder / "in", accounts, 2026)
        train(ROOT / "data" / "sample", default_scorecard(), folder / "artifact", jobs=1)
        with served(folder) as (container, gateway):
            seconds = measured(folder, container, gateway)
    whole = seconds["job, gateway and container"]
    rows = [
        [part, f"{took:.1f}", f"{accounts / took:,.0f}", f"{took / whole:.0%}"]
        for part, took in seconds.items()
    ]
    text = table(["part", "seconds", "accounts/s", "of the whole"], rows)
    result = {"accounts": accounts, "seconds": seconds, "load": os.getloadavg()}
    write("prediction_job", result, f"A prediction job on {accounts:,} accounts", text, [])


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[int, int]]:
    """Run a container and a gateway as users start them; gives their ports."""
    container, gateway = free_port(), free_port()
    secret = issue(folder / "keys.json", "job", dt.datetime.now(dt.UTC)).secret
    (folder / "job.key").write_text(secret)
    url = f"http://127.0.0.1:{gateway}/default/invocations"
    (folder / "job.yaml").write_text(JOB.format(url=url))
    upstream = f"http://127.0.0.1:{container}"
    words = ["gateway", "--upstream", upstream, "--keys", folder / "keys.json"]
    with contextlib.ExitStack() as stack:
        first = Process(
            [BIN / "serve"], folder / "container.log", port=container, watched=False,
            SCORECARD_MODEL=str(folder / "artifact"), SCORECARD_PORT=str(container),
        )  # fmt: skip
        stack.callback(first.stop)
        first.wait_for_ping(within_s=120)
        second = Process(
            [BIN / "scorecard", *words, "--port", str(gateway)], folder / "gateway.log",
            port=gateway, watched=False,
        )  # fmt: skip
        stack.callback(second.stop)
        second.wait_for_ping(within_s=120)
        yield container, gateway


def measured(folder: Path, container: int, gateway: int) -> dict[str, float]:
    """Give the seconds of each part, the whole first."""
    job = read_job(folder / "job.yaml")
    command = [BIN / "scorecard", "job", folder / "job.yaml", "--once"]
    seconds = {
        "job, gateway and container": timed(
            lambda: subprocess.run(command, check=True, capture_output=True)
        )
    }
    seconds["reading the files, nothing to send"] = reading_s(job)
    with opened_state(job) as connection:
        mark_all(connection, job)
        sent: list[list[Change]] = []
        seconds["finding what changed"] = timed(lambda: sent.extend(batches(connection, job)))
        bodies = [body_of(batch) for batch in sent]
        path = "/invocations"
        answers: list[bytes] = []
        seconds["the container alone"] = timed(
            lambda: answers.extend(posted(container, path, bodies, {}, in_flight=2))
        )
        key = {"x-api-key": (folder / "job.key").read_text()}
        seconds["gateway and container"] = timed(
            lambda: posted(gateway, f"/default{path}", bodies, key, in_flight=2)
        )
        reader = AnswerReader(job.mapping)
        rows = []
        seconds["reading the answers"] = timed(
            lambda: rows.extend(
                reader.read(answer, len(batch)) for answer, batch in zip(answers, sent, strict=True)
            )
        )
        seconds["storing the results"] = timed(lambda: stored(connection, job, sent, rows))
    return seconds


def reading_s(job: Job) -> float:
    """Give the seconds a run takes that reads all files again and finds nothing changed."""
    with contextlib.closing(sqlite3.connect(job.state)) as connection, connection:
        connection.execute("DELETE FROM files")
    return timed(lambda: run_once(job, os.environ))


def stored(
    connection: sqlite3.Connection, job: Job, sent: list[list[Change]], rows: list[list]
) -> None:
    for batch, values in zip(sent, rows, strict=True):
        outcome = [Scored(change, row, "", None) for change, row in zip(batch, values, strict=True)]
        store(connection, job, outcome)


def posted(
    port: int, path: str, bodies: list[bytes], headers: dict[str, str], *, in_flight: int
) -> list[bytes]:
    """Post all bodies, several at a time; gives the answers in their order."""
    pool = urllib3.PoolManager(maxsize=in_flight)
    headers = {"Content-Type": "application/json", **headers}

    def post(body: bytes) -> bytes:
        answer = pool.request("POST", f"http://127.0.0.1:{port}{path}", body=body, headers=headers)
        assert answer.status == 200, answer.data
        return answer.data

    with ThreadPoolExecutor(in_flight) as threads:
        return list(threads.map(post, bodies))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
