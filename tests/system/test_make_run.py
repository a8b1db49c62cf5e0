"""The whole path on one machine: what `make run` prints works, and Ctrl-C leaves nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from jsonpath_ng import parse as jsonpath

from serving.scoring import load_scorer
from tests.contract.wire import INPUTS, KEYS, ROWS, einstein
from tests.processes import call, free_port
from training.batch import read_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def _listen_to_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """`make run`, without make: its environment is the one the tests run in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gateway_port = free_port()
        self.container_port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, ROOT / "deploy" / "local.py"],
            env={
                **os.environ,
                "RUN_FOLDER": str(folder),
                "GATEWAY_PORT": str(self.gateway_port),
                "CONTAINER_PORT": str(self.container_port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # As in a terminal; what a shell starts in the background ignores it.
            preexec_fn=_listen_to_interrupts,  # noqa: PLW1509 (no other thread is at work here)
        )
        self.printed = ""
        for line in self._process.stdout:
            self.printed += line
            if line.startswith("Ctrl-C"):
                break

    @property
    def curl(self) -> str:
        (line,) = re.findall(r"^curl .*$", self.printed, re.MULTILINE)
        return line

    @property
    def key(self) -> str:
        return re.search(r"x-api-key: (\w+)", self.curl)[1]

    def interrupt(self) -> int:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)
        return self._process.returncode

    def processes(self) -> list[str]:
        """Everything that was started by it, or by what it started, and still runs."""
        mark = f"RUN_FOLDER={self.folder}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("run"))
    assert "curl " in running.printed, running.printed
    yield running
    running.interrupt()


def post(running, rows):
    answer = call(
        running.gateway_port,
        "POST",
        "/default/invocations",
        json.dumps(einstein(rows)),
        Content_Type="application/json",
        X_Api_Key=running.key,
    )
    assert answer.status == 200, answer.body
    return answer.json()


def test_the_curl_that_is_printed_answers_the_answer_that_is_printed(running):
    done = subprocess.run(running.curl, shell=True, check=True, capture_output=True, text=True)

    (prediction,) = json.loads(done.stdout)["predictions"]
    (shown,) = json.loads(re.search(r"^\{.*\}$", running.printed, re.MULTILINE)[0])["predictions"]
    assert set(prediction) == KEYS
    assert {**prediction, "last_modified": 0} == {**shown, "last_modified": 0}


def test_the_readme_s_curl_works_with_a_key_of_one_s_own(running):
    readme = (ROOT / "README.md").read_text()
    shown, answered = re.search(
        r"```console\n\$ (curl .*?)\n(\{.*?)\n```", readme, re.DOTALL
    ).groups()
    command = shown.replace(":8000/", f":{running.gateway_port}/")

    done = subprocess.run(
        command,
        shell=True,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "KEY": running.key},
    )

    (prediction,) = json.loads(done.stdout)["predictions"]
    assert set(prediction) == KEYS
    said = dict(re.findall(r'"(\w+)":([\d.]+),', answered))
    for name, score in said.items():
        assert prediction[name] == pytest.approx(float(score), abs=1e-9)


def test_g30_einstein_s_json_paths_find_eighteen_values_for_each_of_three_accounts(running):
    answer = post(running, ROWS)

    found = {key: jsonpath(f"$.predictions[*].{key}").find(answer) for key in KEYS}
    assert len(found) == 18
    assert {len(values) for values in found.values()} == {3}


def test_five_thousand_accounts_through_the_gateway_score_as_the_scorer_does(running):
    scorer, accounts, _ = read_for(
        running.folder / "artifact", ROOT / "data" / "sample", 0.01, None
    )
    encoded = scorer.encode(accounts.frame)
    rows = [[None if value != value else value for value in row] for row in encoded.tolist()]

    answer = post(running, rows)

    served = pd.DataFrame(answer["predictions"]).drop(columns="last_modified")
    expected = pd.DataFrame(scorer.score(encoded).values, columns=scorer.outputs[:-1])
    pd.testing.assert_frame_equal(served.astype(float), expected, check_exact=True)
    assert [column.name for column in scorer.inputs] == INPUTS


def test_the_container_serves_what_was_published_to_s3(running):
    answer = call(running.container_port, "GET", "/schema")

    version = load_scorer(running.folder / "artifact").artifact.version
    assert answer.json()["artifact_version"] == version
    assert f"version {version} uploaded; it is the current one" in running.printed


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to see processes")
def test_ctrl_c_leaves_no_process(tmp_path):
    running = Running(tmp_path / "run")
    assert len(running.processes()) >= 4  # itself, S3, container, gateway

    assert running.interrupt() == 0

    until = time.monotonic() + 5
    while running.processes() and time.monotonic() < until:
        time.sleep(0.1)
    assert running.processes() == []


def test_a_taken_port_is_said_before_anything_is_started(running):
    taken = subprocess.run(
        [sys.executable, ROOT / "deploy" / "local.py"],
        env={
            **os.environ,
            "RUN_FOLDER": str(running.folder / "second"),
            "CONTAINER_PORT": str(running.container_port),
        },
        check=False,
        capture_output=True,
        text=True,
    )

    assert taken.returncode == 1
    assert f"port {running.container_port} is taken" in taken.stderr
    assert not (running.folder / "second").exists()
