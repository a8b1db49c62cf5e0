"""What deploy/README.md shows of the gateway runs as it is written, before a real container."""

import contextlib
import datetime as dt
import io
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import boto3
import pytest

from serving.gateway.keys import issue
from tests.gateway.fakes import clean_environ, running_gateway
from tests.processes import BIN, Process, free_port

README = (Path(__file__).parents[2] / "deploy" / "README.md").read_text()
SCORES = 18

pytestmark = pytest.mark.slow


def block(heading, language):
    """The only block of a language under a heading."""
    section = README[README.index(f"### {heading}\n") :].split("\n### ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return found


@pytest.fixture(scope="module")
def scoring(trained, tmp_path_factory):
    """A container with the sample's model; gives its port."""
    port = free_port()
    log = tmp_path_factory.mktemp("scoring") / "log"
    settings = {"SCORECARD_MODEL": str(trained), "SCORECARD_WORKERS": "1"}
    process = Process([BIN / "serve"], log, port=port, SCORECARD_PORT=str(port), **settings)
    process.wait_for_ping()
    yield port
    process.stop()


def test_a_token_of_an_issuer_on_this_machine_opens_the_gateway_as_shown(scoring, tmp_path):
    port = free_port()
    shown = block("Tokens", "sh")
    commands = shown.replace(":8000", f":{port}").replace(":8080", f":{scoring}")
    environ = clean_environ() | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "SCORECARD_GATEWAY_PORT": str(port),
    }

    with subprocess.Popen(
        ["bash", "-ec", commands],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, complaints = shell.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)

    assert shell.returncode == 0, complaints
    schema, scores = (found for found in objects_in(said) if "time" not in found)
    assert len(schema["inputs"]) == 15
    assert len(scores["predictions"][0]) == SCORES


def objects_in(text):
    """Give the JSON objects in a text, of which some are the gateway's log."""
    position = 0
    while (start := text.find("{", position)) >= 0:
        found, position = json.JSONDecoder().raw_decode(text, start)
        yield found


def test_boto3_s_client_gets_scores_as_shown(scoring, tmp_path, monkeypatch):
    key = issue(tmp_path / "keys.json", "a", dt.datetime.now(dt.UTC))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    said = io.StringIO()

    with (
        running_gateway(
            tmp_path,
            SCORECARD_UPSTREAM=f"http://127.0.0.1:{scoring}",
            SCORECARD_KEYS_FILE=str(tmp_path / "keys.json"),
        ) as gateway,
        contextlib.redirect_stdout(said),
    ):
        shown = block("SageMaker's clients", "python").replace(":8000", f":{gateway.port}")
        exec(shown, {"KEY": key.secret})  # noqa: S102 (it is what users are to run)

    (line,) = said.getvalue().strip().splitlines()
    scores = json.loads(line)["predictions"][0] if line.startswith("{") else line.split(",")
    assert len(scores) == SCORES
