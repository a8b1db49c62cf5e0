"""A container, a gateway and a prediction job as processes that can be killed and come back."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from serving.gateway.keys import issue
from serving.scoring import Scorer
from tests.load.worker_state import workers_of
from tests.processes import BIN, Process, free_port, watched_environ
from training.prediction_job.objects import OBJECTS, OWNERS

FIELDS = tuple(OWNERS)
Inputs = dict[str, dict[str, float]]

_JOB = """
schema: prediction-job/v1
name: scores
state: state.sqlite
every_minutes: 0.001
streams: {{AccountMini: in/AccountMini/, product_metrics: in/product_metrics/,
           usage_metrics: in/usage_metrics/}}
model: {{name: CSS Mini, status: Activated, key_file: job.key,
        url: "http://127.0.0.1:{port}/default/invocations"}}
batch: {{rows: {rows}, in_flight: 2}}
retry: {{budget_s: 60, first_pause_s: 0.05, longest_pause_s: 0.2, timeout_s: 10}}
"""


class Chain:
    """The three processes, by name, each on a port that stays its own."""

    def __init__(self, folder: Path, artifact: Path, *, rows: int) -> None:
        self.folder = folder
        self._artifact = artifact
        self._ports = {"container": free_port(), "gateway": free_port()}
        self._running: dict[str, Process | subprocess.Popen[bytes]] = {}
        self._started = 0
        secret = issue(folder / "keys.json", "job", dt.datetime.now(dt.UTC)).secret
        (folder / "job.key").write_text(secret)
        (folder / "job.yaml").write_text(_JOB.format(port=self._ports["gateway"], rows=rows))
        for name in OBJECTS:
            (folder / "in" / name).mkdir(parents=True)

    def start(self, name: str) -> None:
        """Start a part; the servers answer when this returns, the job is on its way."""
        self._started += 1
        log = self.folder / f"{name}{self._started}.log"
        if name == "job":
            self._running[name] = self._popen(log, "job", "job.yaml")
            return
        port = self._ports[name]
        words = [BIN / "serve"]
        if name == "gateway":
            upstream = f"http://127.0.0.1:{self._ports['container']}"
            words = [BIN / "scorecard", "gateway", "--upstream", upstream]
            words += ["--keys", self.folder / "keys.json", "--port", str(port)]
        process = Process(
            words, log, port=port, SCORECARD_MODEL=str(self._artifact), SCORECARD_WORKERS="1",
            SCORECARD_PORT=str(port), SCORECARD_HOST="127.0.0.1", SCORECARD_GATEWAY_WORKERS="1",
        )  # fmt: skip
        self._running[name] = process
        process.wait_for_ping(200 if name == "container" or "container" in self._running else 503)

    def kill(self, name: str) -> None:
        """End a part and its workers as a power cut does."""
        process = self._running.pop(name)
        for pid in [process.pid, *(workers_of(process.pid) if name != "job" else [])]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(30)

    def run_once(self) -> str:
        """Run the job to its end; gives what it says."""
        done = subprocess.run(
            [BIN / "scorecard", "job", "job.yaml", "--once"],
            cwd=self.folder, check=False, capture_output=True, text=True,
            env=watched_environ(os.environ),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows_scored(self) -> int:
        """Count the accounts of all requests that the containers have answered."""
        process = self._running["container"]
        assert isinstance(process, Process)
        return sum(line.get("rows", 0) for line in process.log_lines() if line.get("status") == 200)

    def stop(self) -> None:
        for name in list(self._running):
            process = self._running.pop(name)
            if isinstance(process, Process):
                process.stop()
            else:
                process.kill()
                process.wait()

    def put(self, inputs: Inputs, *, file: str, updated: dt.datetime) -> None:
        """Write a file of each stream, as something that appears whole."""
        for stream in OBJECTS:
            columns = [field for field in FIELDS if OWNERS[field] == stream]
            path = self.folder / "in" / stream / file
            partial = path.with_suffix(".partial")
            with partial.open("w", newline="") as out:
                rows = csv.writer(out)
                rows.writerow(["acct_id", *columns, "last_updated"])
                for account, values in inputs.items():
                    row = [values[column] for column in columns]
                    rows.writerow([account, *row, updated.isoformat()])
            partial.replace(path)

    def ask(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.folder / "state.sqlite")) as state:
            return state.execute(sql).fetchall()

    def _popen(self, log: Path, *words: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                [BIN / "scorecard", *words], cwd=self.folder, stdout=output, stderr=output,
                env=watched_environ(os.environ),
            )  # fmt: skip


@contextlib.contextmanager
def chain_on(folder: Path, artifact: Path, *, rows: int) -> Iterator[Chain]:
    """Give a chain of which nothing runs yet; all that was started is stopped at the end."""
    chain = Chain(folder, artifact, rows=rows)
    try:
        yield chain
    finally:
        chain.stop()


def random_inputs(rng: np.random.Generator, accounts: list[str]) -> Inputs:
    """Draw inputs for accounts."""
    values = rng.uniform(0, 1, (len(accounts), len(FIELDS))).round(9)
    return {
        account: dict(zip(FIELDS, row, strict=True))
        for account, row in zip(accounts, values.tolist(), strict=True)
    }


def scored_in_process(scorer: Scorer, inputs: Mapping[str, dict[str, float]]) -> dict[str, tuple]:
    """Score inputs with the scorer itself: by account, the outputs but the last, a time."""
    values = np.array([[row[field] for field in FIELDS] for row in inputs.values()])
    rows = scorer.score(values).values.tolist()
    return {
        account: tuple(None if value != value else value for value in row)
        for account, row in zip(inputs, rows, strict=True)
    }


def stored(chain: Chain, scorer: Scorer) -> dict[str, tuple]:
    """Give what the result table holds, likewise."""
    names = ", ".join(scorer.outputs[:-1])
    rows = chain.ask(f"SELECT acct_id, {names} FROM scores")  # noqa: S608 - the model's names
    assert len(rows) == len({row[0] for row in rows})
    return {row[0]: row[1:] for row in rows}
