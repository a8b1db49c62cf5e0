"""gunicorn as the container and the gateway run it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from serving.web.plain_requests import MAX_HEADERS
from serving.web.requests import Record
from serving.web.watchdog import Limits
from serving.web.worker import HttpWorker

#: SageMaker and most orchestrators kill 30 s after SIGTERM; requests at hand get most of that, and
#: one that hangs is answered before.
GRACEFUL_TIMEOUT_S = 28
#: A worker whose main thread is not heard of for this long is replaced.
WORKER_TIMEOUT_S = 60
#: Longer than load balancers and the gateway keep an idle connection (60 s), so that they are the
#: ones to close it.
KEEPALIVE_S = 75


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around an app that each worker loads for itself.

    Attributes
    ----------
    limits : Limits
        What the watchdog of a worker grants a request.
    health_routes : tuple of bytes
        Method, a space and path of requests that a worker's loop serves itself.
    quick_routes : tuple of bytes
        The same of those it serves as long as they turn out to be quick.
    """

    health_routes: tuple[bytes, ...] = ()
    quick_routes: tuple[bytes, ...] = ()

    def __init__(self, limits: Limits, options: Mapping[str, Any]) -> None:
        self.limits = limits
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn is told; nothing comes from its own files or variables."""
        for name, value in {**_OPTIONS, **self._options}.items():
            self.cfg.set(name, value)
        if os.access("/dev/shm", os.W_OK):  # noqa: S108
            self.cfg.set("worker_tmp_dir", "/dev/shm")  # noqa: S108

    def refuse(self, status: int, request_id: str) -> bytes:
        """Write the answer to a request that no app will answer: 4xx, 500, 503 if it hangs."""
        raise NotImplementedError

    def note_malformed(self, record: Record) -> None:
        """Note a request that never became one, before its line is written."""


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own words, as lines like ours."""

    def setup(self, cfg: Any) -> None:
        """Hand everything to the root's handler."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


_OPTIONS = {
    "worker_class": HttpWorker,
    "logger_class": JsonLogger,
    "timeout": WORKER_TIMEOUT_S,
    "graceful_timeout": GRACEFUL_TIMEOUT_S,
    "keepalive": KEEPALIVE_S,
    # Whatever is loaded before the fork would outlive a reload.
    "preload_app": False,
    # Its socket would lie in the home directory, which a container may not have.
    "control_socket_disable": True,
    # Nobody may set the scheme, or SCRIPT_NAME and with it the route, from outside.
    "forwarded_allow_ips": "",
    # Dropped, not refused: a proxy's harmless `x_trace` is no reason to turn a caller away.
    "header_map": "drop",
    "limit_request_line": 4094,
    "limit_request_fields": MAX_HEADERS,
    "limit_request_field_size": 8190,
    # It would pass by what is gathered of an answer.
    "sendfile": False,
    "accesslog": None,
}


def bind_to(host: str, port: int) -> str:
    """Write an address as gunicorn takes it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def raw_answer(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """Write a whole answer, after which the connection closes."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
