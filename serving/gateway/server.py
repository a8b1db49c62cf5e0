"""The gateway's process: settings, gunicorn, one app per worker."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping

from flask import Flask

from serving.gateway.app import create_app
from serving.gateway.callers import by_key_in
from serving.gateway.keyring import WatchedKeys
from serving.gateway.keys import KeysError, pepper_beside
from serving.gateway.refusals import (
    BAD_REQUEST,
    HEADERS_TOO_LARGE,
    INTERNAL_ERROR,
    UPSTREAM_TIMED_OUT,
    URL_TOO_LONG,
    ids,
)
from serving.gateway.settings import GatewaySettings
from serving.gateway.upstream import HttpUpstream
from serving.web.logs import log_json_lines
from serving.web.server import Server, bind_to, raw_answer
from serving.web.settings import SettingsError, read_settings, shown
from serving.web.watchdog import Limits

#: Seconds a caller has to send a request: 10 MB at 3 Mbit/s.
READ_TIMEOUT_S = 30.0
#: An upstream that is too slow is answered by the one who asks it; the watchdog comes after.
GRACE_S = 5.0

_log = logging.getLogger("serving.gateway")


class Gateway(Server):
    """Workers open their own connections."""

    def __init__(self, settings: GatewaySettings, keys: WatchedKeys) -> None:
        self._settings = settings
        self._keys = keys
        limits = Limits(reading=READ_TIMEOUT_S, working=settings.upstream_timeout_s + GRACE_S)
        super().__init__(
            limits,
            {
                "bind": bind_to(settings.host, settings.port),
                "workers": settings.workers,
                "threads": settings.threads,
                "proc_name": "scorecard-gateway",
            },
        )

    def load(self) -> Flask:
        """Build a worker's app; runs in the worker."""
        upstream = HttpUpstream(
            self._settings.upstream,
            timeout_s=self._settings.upstream_timeout_s,
            connections=self._settings.threads,
        )
        authenticate = by_key_in(self._settings.auth_header, self._keys.find)
        return create_app(authenticate, upstream, stage=self._settings.stage)

    def refuse(self, status: int, request_id: str) -> bytes:
        """Write the answer to a request that is no HTTP, or hangs."""
        refusal = _REFUSALS[status]
        headers = {
            "Content-Type": refusal.media_type,
            "x-amzn-ErrorType": str(refusal.error_type),
            **ids(request_id),
        }
        return raw_answer(refusal.status, headers, refusal.body)


_REFUSALS = {
    400: BAD_REQUEST,
    414: URL_TOO_LONG,
    431: HEADERS_TOO_LARGE,
    500: INTERNAL_ERROR,
    503: UPSTREAM_TIMED_OUT,
}


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
    Gateway(settings, keys).run()
