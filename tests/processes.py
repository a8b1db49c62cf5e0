"""Real server processes for tests: start, wait until they answer, stop, read what they logged."""

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent

#: Python imports what lies here before a program begins.
_START_UP = Path(__file__).parent / "start_up"
#: What is said there when a program unpickles anything; it ends then.
UNPICKLED = b"a serving process unpickled"


def user_environ(**changes: str) -> dict[str, str]:
    """Give the environment of a user: nothing in it points at the repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "OMP_NUM_THREADS": "1", **changes}


def watched_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Give an environment in which a Python that unpickles anything says so and ends."""
    path = [str(_START_UP), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(path)}


def check_nothing_was_unpickled(log: Path) -> None:
    """Fail if a process that wrote this log did."""
    assert UNPICKLED not in log.read_bytes(), f"see {log}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body, parse_constant=_not_json)


def _not_json(name):
    raise AssertionError(f"{name} is not JSON")


def free_port() -> int:
    """Give a port that nothing listens on, and that no client is given before a server takes it.

    Systems give their clients ports from 16,000 on, most of them higher ones.
    """
    while True:
        # Not by `random`: tests that run at the same time begin with the same seed.
        port = 10_000 + secrets.randbelow(6_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port


def call(port, method, path, body=None, *, host="127.0.0.1", timeout_s=30, **headers) -> Answer:
    """Make one request; header names are given with underscores."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    return Answer(
        response.status, {name.lower(): value for name, value in response.getheaders()}, content
    )


class Process:
    """A server as its users start it: a program, an environment, a port.

    One that is not `watched` may unpickle.
    """

    def __init__(
        self, command, log: Path, *, port: int, watched: bool = True, **environ: str
    ) -> None:
        self.port = port
        self._log = log
        whole = {**os.environ, **environ}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                env=watched_environ(whole) if watched else whole,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        return self._log.read_text()

    def log_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def wait_for_ping(
        self, status: int = 200, *, path: str = "/ping", within_s: float = 30
    ) -> float:
        """Wait until /ping answers with a status; gives the seconds that took."""
        started = time.monotonic()
        while time.monotonic() - started < within_s:
            try:
                if call(self.port, "GET", path, timeout_s=2).status == status:
                    return time.monotonic() - started
            except OSError:
                assert self._process.poll() is None, f"the server is gone:\n{self.log()}"
            time.sleep(0.02)
        raise AssertionError(f"no {status} within {within_s} s:\n{self.log()}")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_s: float = 40) -> int:
        return self._process.wait(timeout_s)

    def stop(self) -> int:
        """End it; a server that does not go by itself is killed and fails the test."""
        if self._process.poll() is None:
            self.send(signal.SIGTERM)
        try:
            status = self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        check_nothing_was_unpickled(self._log)
        return status
