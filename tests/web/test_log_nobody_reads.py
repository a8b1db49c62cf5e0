"""Servers whose log nobody takes (row 93)."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from serving.gateway.keys import issue
from tests.gateway.fakes import NOON, START, FakeContainer, clean_environ
from tests.load.worker_state import wait_until
from tests.processes import call, free_port

PIPE_BYTES = 64 * 1024


@contextmanager
def running(command, port, **environ):
    """Start a server whose stdout is a pipe that nobody reads."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, env={**clean_environ(), **environ}
    )
    try:
        wait_until(lambda: answers(port), within_s=20, why="it answers no /ping")
        yield process
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(20)


def answers(port):
    try:
        return call(port, "GET", "/ping").status
    except OSError:
        return None


def test_requests_are_answered_while_nobody_takes_the_log_and_their_lines_are_there_later():
    port = free_port()
    command = ["-m", "tests.web.tiny_server", *map(str, (port, 1, 3, 5, 5))]
    with running(command, port) as process:
        statuses = [call(port, "POST", "/echo", b"1", timeout_s=5).status for _ in range(1000)]

        lines = []
        reading = threading.Thread(target=lambda: lines.extend(process.stdout))
        reading.start()
        process.terminate()
        assert process.wait(20) == 0
        reading.join(10)

    assert statuses == [200] * 1000
    assert sum(map(len, lines)) > 2 * PIPE_BYTES
    assert [json.loads(line).get("method") for line in lines].count("POST") == 1000


@pytest.mark.slow
def test_row_93_a_gateway_goes_on_counts_what_it_drops_and_says_so_when_the_log_goes_on(tmp_path):
    container = FakeContainer()
    key = issue(tmp_path / "keys.json", "a", NOON)
    port, metrics_port = free_port(), free_port()
    settings = {
        "SCORECARD_UPSTREAM": container.url,
        "SCORECARD_KEYS_FILE": str(tmp_path / "keys.json"),
        "SCORECARD_GATEWAY_PORT": str(port),
        "SCORECARD_GATEWAY_METRICS_PORT": str(metrics_port),
        "SCORECARD_GATEWAY_WORKERS": "1",
        # Their names are long, so that fewer requests fill what a process keeps.
        "SCORECARD_STAGE": "s" * 128,
    }

    def ask(secret):
        path = f"/{'s' * 128}/invocations"
        return call(port, "POST", path, b"{}", timeout_s=5, x_api_key=secret).status

    def dropped():
        text = call(metrics_port, "GET", "/metrics").body.decode()
        lines = [line.split() for line in text.splitlines()]
        return next(float(line[1]) for line in lines if line[0].startswith("scorecard_log_lines_d"))

    with running(["-c", START], port, **settings) as process:
        statuses = {ask("wrong") for _ in range(3500)}
        last = ask(key.secret)
        counted = dropped()
        lines = []
        reading = threading.Thread(target=lambda: lines.extend(process.stdout))
        reading.start()
        process.terminate()
        assert process.wait(20) == 0
        reading.join(10)
    container.close()

    assert statuses <= {403, 429}
    assert last == 200
    assert counted > 0
    found = [json.loads(line) for line in lines]
    (told,) = [line for line in found if "dropped" in line["event"]]
    assert told["count"] == counted
    assert len([line for line in found if line["event"] == "request"]) + counted == 3501
