"""The gateway's process: settings, gunicorn, one app per worker."""

from __future__ import annotations

import logging
import os
import sys
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from serving.gateway.app import create_app
from serving.gateway.callers import by_key_in
from serving.gateway.keyring import WatchedKeys
from serving.gateway.keys import KeysError, pepper_beside
from serving.gateway.refusals import (
    BAD_REQUEST,
    HEADERS_TOO_LARGE,
    INTERNAL_ERROR,
    URL_TOO_LONG,
    Refusal,
    ids,
)
from serving.gateway.settings import GatewaySettings
from serving.gateway.upstream import HttpUpstream
from serving.web.logs import log_json_lines
from serving.web.settings import SettingsError, read_settings, shown

#: SageMaker and most orchestrators kill 30 s after SIGTERM; requests at hand get most of that.
GRACEFUL_TIMEOUT_S = 25
#: Longer than load balancers keep an idle connection (60 s), so that they are the ones to close.
KEEPALIVE_S = 75

_log = logging.getLogger("serving.gateway")


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around the app."""

    def __init__(self, settings: GatewaySettings, keys: WatchedKeys) -> None:
        self.settings = settings
        self.keys = keys
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn is told; nothing comes from its own files or variables."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self.settings.port}",
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "worker_class": GatewayWorker,
            "logger_class": JsonLogger,
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "keepalive": KEEPALIVE_S,
            "preload_app": False,
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            # Nobody may set the scheme, or SCRIPT_NAME and with it the route, from outside.
            "forwarded_allow_ips": "",
            # Dropped, not refused: a proxy's harmless `x_trace` is no reason to turn a caller
            # away, and only headers on a list go further.
            "header_map": "drop",
            "limit_request_line": 4094,
            "limit_request_fields": 100,
            "limit_request_field_size": 8190,
            "accesslog": None,
            "proc_name": "scorecard-gateway",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build a worker's app; runs in the worker, which opens its own connections."""
        upstream = HttpUpstream(
            self.settings.upstream,
            timeout_s=self.settings.upstream_timeout_s,
            connections=self.settings.threads,
        )
        authenticate = by_key_in(self.settings.auth_header, self.keys.find)
        return create_app(authenticate, upstream, stage=self.settings.stage)


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own words, as lines like ours."""

    def setup(self, cfg: Any) -> None:
        """Hand everything to the root's handler."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class GatewayWorker(ThreadWorker):  # type: ignore[misc]
    """Refuses what is not proper HTTP without repeating it.

    gunicorn's answer and log line quote the broken header or the URL, and a key may stand there.
    """

    def handle_error(self, _req: object, client: Any, _addr: object, exc: BaseException) -> None:
        """Answer a request that never became one."""
        refusal = _refusal_of(exc)
        if refusal is INTERNAL_ERROR:
            _log.error("unexpected error", exc_info=exc)
        request_id = str(uuid.uuid4())
        fields = {
            "request_id": request_id,
            "status": refusal.status,
            "decision": "failed" if refusal is INTERNAL_ERROR else "refused",
            "reason": f"malformed: {type(exc).__name__}",
        }
        _log.info("request", extra={"fields": fields})
        try:
            write_nonblock(client, _raw(refusal, request_id))
        except OSError:
            _log.debug("the caller is gone")


def _refusal_of(exc: BaseException) -> Refusal:
    if isinstance(exc, LimitRequestLine):
        return URL_TOO_LONG
    if isinstance(exc, LimitRequestHeaders):
        return HEADERS_TOO_LARGE
    return BAD_REQUEST if isinstance(exc, ParseException) else INTERNAL_ERROR


def _raw(refusal: Refusal, request_id: str) -> bytes:
    headers = {
        "Connection": "close",
        "Content-Type": refusal.media_type,
        "Content-Length": str(len(refusal.body)),
        "x-amzn-ErrorType": str(refusal.error_type),
        **ids(request_id),
    }
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + refusal.body


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Run the gateway until it is told to stop; exits 2 if it cannot be started as told."""
    try:
        settings = read_settings(GatewaySettings, environ)
        pepper_file = settings.pepper_file or pepper_beside(settings.keys_file)
        keys = WatchedKeys(settings.keys_file, pepper_file, time.monotonic)
    except (SettingsError, KeysError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    log_json_lines()
    _log.info("starting", extra={"fields": shown(settings)})
    Server(settings, keys).run()
