"""What stands around the gateway in its tests: an upstream, a container on a socket, a process."""

import contextlib
import datetime as dt
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from serving.gateway.keys import IssuedKey
from serving.gateway.upstream import Answer, UpstreamError
from tests.processes import check_nothing_was_unpickled, free_port, watched_environ

START = "from serving.gateway.server import main; main()"

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


class Keys(NamedTuple):
    """A keys file with one key in it."""

    path: Path
    key: IssuedKey


@dataclass
class FakeUpstream:
    """An upstream that answers at once, or fails, and remembers what it was asked."""

    answer: Answer | UpstreamError = field(
        default_factory=lambda: Answer(200, "application/json", b'{"predictions":[]}')
    )
    ready: bool = True
    asked: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.asked.append((body, dict(headers)))
        if isinstance(self.answer, UpstreamError):
            raise self.answer
        return self.answer

    def explain(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        return self.invoke(body, headers)

    def schema(self, request_id: str) -> Answer | None:
        self.asked.append((b"schema", {"X-Request-Id": request_id}))
        if isinstance(self.answer, UpstreamError):
            raise self.answer
        return self.answer

    def is_ready(self) -> bool:
        return self.ready


@dataclass
class Reply:
    """How a fake container behaves."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b'{"predictions":[]}'
    #: Before the answer's first byte.
    delay_s: float = 0.0
    #: Between the head and each byte of the body.
    drip_s: float = 0.0
    #: Close without an answer: never, always, or on a connection that has served before ("on
    #: reuse"); or close, without having said so, "after the answer".
    hang_up: str = "never"
    #: Close after so many bytes of the body.
    cut_at: int | None = None


@dataclass
class Heard:
    """One request as it reached the container."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


class FakeContainer:
    """A container on a real socket that answers whatever it is told and records what it hears."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.heard: list[Heard] = []
        self.connections = 0
        self.ping_delay_s = 0.0
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def invocations(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.path == "/invocations"]

    def reset(self) -> None:
        self.reply = Reply()
        self.heard.clear()
        self.connections = 0

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Keep quiet: who asked may have gone."""


def _handler_of(container: FakeContainer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        served = 0

        def setup(self) -> None:
            super().setup()
            container.connections += 1

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            container.heard.append(Heard(self.command, self.path, self.headers.items(), body))
            reply = container.reply
            if self.path == "/ping":
                reply = Reply(reply.status, delay_s=container.ping_delay_s)
            self.served += 1
            if reply.hang_up == "after the answer":
                self.close_connection = True
            if reply.hang_up == "always" or (reply.hang_up == "on reuse" and self.served > 1):
                self.close_connection = True
                return
            with contextlib.suppress(OSError):  # who asked may have given up
                send(self, reply)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    time.sleep(reply.delay_s)
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    if reply.cut_at is not None:
        handler.close_connection = True
    sent = reply.body[: reply.cut_at]
    step = 1 if reply.drip_s else max(1, len(sent))
    for start in range(0, len(sent), step):
        handler.wfile.write(sent[start : start + step])
        time.sleep(reply.drip_s)


@dataclass
class Response:
    """An answer of the gateway."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class RunningGateway:
    """A gateway in a process of its own."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    def send(
        self,
        method: str = "POST",
        path: str = "/default/invocations",
        body: bytes | Iterator[bytes] | None = b"{}",
        **headers: str,
    ) -> Response:
        """Ask on a new connection; underscores in headers' names stand for dashes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())

    def send_raw(self, data: bytes, *, half_close: bool = False) -> bytes:
        """Send bytes, and read until the gateway closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            with contextlib.suppress(TimeoutError):
                while piece := connection.recv(65536):
                    received += piece
                    connection.settimeout(0.3)
            return received

    def log(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]


@contextlib.contextmanager
def running_gateway(folder: Path, **settings: str) -> Iterator[RunningGateway]:
    """Start a gateway, wait until it listens, and stop it at the end."""
    port = free_port()
    log_file = folder / f"gateway-{port}.log"
    environ = {
        **watched_environ(clean_environ()),
        "SCORECARD_GATEWAY_PORT": str(port),
        "SCORECARD_GATEWAY_THREADS": "4",
        **settings,
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START], env=environ, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 15
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, log_file.read_text()
            assert time.monotonic() < deadline, log_file.read_text()
            time.sleep(0.02)
        yield RunningGateway(port, process, log_file)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    check_nothing_was_unpickled(log_file)


def clean_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SCORECARD_")}
