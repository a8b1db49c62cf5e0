"""An S3 that fails as told: a proxy before moto that loses, cuts and alters on the wire."""

import base64
import functools
import hashlib
import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from registries import SECRET, flip

#: Beside these a fault may be a Damage, or S3's (status, code), answered without asking the server.
DROP = "the request is not forwarded and the connection closed"
LOSE = "the server acts, its answer does not arrive"
CUT = "half of the answer's body arrives"
FLIP = "one byte of the answer's body is altered"


@dataclass(frozen=True)
class Damage:
    """An answer's body that arrives altered.

    Its headers tell, as S3's do; or, if it is `hidden`, they agree with what arrives.
    """

    alter: Callable[[bytes], bytes]
    hidden: bool = False


Fault = str | tuple[int, str] | Damage | None
#: (number of the request from 0, its method, its path) → what goes wrong with it.
Plan = Callable[[int, str, str], Fault]


@dataclass
class FaultProxy:
    server: str
    endpoint: str = ""
    plan: Plan = lambda _number, _method, _path: None
    #: Methods and paths, in the order they came.
    seen: list[tuple[str, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def start(self, plan: Plan) -> None:
        """Count from 0 again, and fail by another plan."""
        self.plan = plan
        self.seen.clear()

    def next_fault(self, method: str, path: str) -> Fault:
        with self.lock:
            self.seen.append((method, path))
            return self.plan(len(self.seen) - 1, method, path)


class Handler(BaseHTTPRequestHandler):
    # Such a one answers `Expect: 100-continue`, with which boto3 asks before it sends.
    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: FaultProxy, *arguments: Any) -> None:
        self.proxy = proxy
        super().__init__(*arguments)

    def handle_one_exchange(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.next_fault(self.command, self.path)
        if fault == DROP:
            return
        if isinstance(fault, tuple):
            # S3 does repeat what it was given; nobody else may.
            status, code = fault
            data = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>".encode()
            self.answer(status, [("Content-Length", str(len(data)))], data)
            return
        status, headers, data = self.forward(body)
        if fault == CUT:
            data = data[: len(data) // 2]
        if fault == FLIP:
            data = flip(data)
        if isinstance(fault, Damage):
            headers, data = damaged(fault, headers, data)
        if fault != LOSE:
            self.answer(status, headers, data)

    do_GET = do_PUT = do_DELETE = handle_one_exchange  # noqa: N815 - http.server's names

    def forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(urlsplit(self.proxy.server).netloc, timeout=10)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None: ...


def damaged(fault: Damage, headers: list[tuple[str, str]], whole: bytes) -> tuple[Any, bytes]:
    data = fault.alter(whole)
    if fault.hidden:
        kept = [pair for pair in headers if pair[0].lower() != "content-length"]
        return [*kept, ("Content-Length", str(len(data)))], data
    # S3 sends the checksum it was given; moto does not.
    checksum = base64.b64encode(hashlib.sha256(whole).digest()).decode()
    return [*headers, ("x-amz-checksum-sha256", checksum)], data


@contextmanager
def fault_proxy(server: str) -> Iterator[FaultProxy]:
    """Stand before `server`; forwards faithfully until told otherwise."""
    proxy = FaultProxy(server)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, proxy)) as listener:
        proxy.endpoint = f"http://127.0.0.1:{listener.server_port}"
        Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        yield proxy
        listener.shutdown()
