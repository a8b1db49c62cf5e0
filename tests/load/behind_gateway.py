"""A gateway process in front of whatever is measured."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serving.gateway.keys import issue
from tests.load.worker_state import wait_until, workers_of
from tests.processes import BIN, Process, free_port


@dataclass(frozen=True)
class Behind:
    """A running gateway and a key for it."""

    process: Process
    secret: str

    @property
    def port(self) -> int:
        return self.process.port

    def request(self, plain: bytes) -> bytes:
        """Turn a request for the container into one for the gateway, with its key."""
        head = b"POST /default/invocations HTTP/1.1\r\nx-api-key: %s\r\n" % self.secret.encode()
        return plain.replace(b"POST /invocations HTTP/1.1\r\n", head, 1)


@contextlib.contextmanager
def gateway_on(folder: Path, upstream_port: int, **environ: str) -> Iterator[Behind]:
    """Start a gateway in front of a port and stop it at the end."""
    keys = folder / "keys.json"
    secret = issue(keys, "load", dt.datetime.now(dt.UTC)).secret
    port = free_port()
    command = [BIN / "scorecard", "gateway", "--upstream", f"http://127.0.0.1:{upstream_port}"]
    settings = {"SCORECARD_GATEWAY_WORKERS": "2", **environ}
    process = Process(
        [*command, "--keys", keys, "--port", str(port)],
        folder / "gateway.log",
        port=port,
        **settings,
    )
    try:
        wait_until(
            lambda: (
                "Listening" in process.log()
                and len(workers_of(process.pid)) == int(settings["SCORECARD_GATEWAY_WORKERS"])
            ),
            within_s=20,
            why="the gateway listens",
        )
        yield Behind(process, secret)
    finally:
        process.stop()
