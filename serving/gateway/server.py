"""The gateway's process: settings, gunicorn, one app per worker."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from wsgiref.types import WSGIApplication

from serving.gateway.admission import admission_of
from serving.gateway.app import create_app
from serving.gateway.configuration import (
    METRICS_HOST,
    Configuration,
    Misconfigured,
    read_configuration,
)
from serving.gateway.metrics import Counts, Uncounted
from serving.gateway.pace import Pace
from serving.gateway.readiness import Readiness
from serving.gateway.refusals import (
    BAD_REQUEST,
    HEADERS_TOO_LARGE,
    INTERNAL_ERROR,
    UPSTREAM_TIMED_OUT,
    URL_TOO_LONG,
    ids,
)
from serving.gateway.routes import Doors
from serving.gateway.settings import GatewaySettings, mode_of, sagemaker_endpoint
from serving.gateway.upstream import Upstream
from serving.web import metrics
from serving.web.logs import log_json_lines
from serving.web.requests import Record
from serving.web.server import Server, bind_to, raw_answer
from serving.web.settings import shown
from serving.web.slots import Shares, Slots
from serving.web.watchdog import Limits

#: Seconds a caller has to send a request: 10 MB at 3 Mbit/s.
READ_TIMEOUT_S = 30.0
#: An upstream that is too slow is answered by the one who asks it; the watchdog comes after.
GRACE_S = 5.0
#: Threads beside those that wait for the upstream and for bodies: for refusals.
SPARE_THREADS = 8

_log = logging.getLogger("serving.gateway")


class Gateway(Server):
    """Workers open their own connections."""

    health_routes = (b"GET /ping",)

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._settings = settings = configuration.settings
        self._observer: Counts | Uncounted = Uncounted()
        self._pace = Pace()
        self._invocations = f"POST /{settings.stage}/invocations".encode()
        binds = [bind_to(settings.host, settings.port)]
        if settings.metrics_port:
            binds.append(bind_to(METRICS_HOST, settings.metrics_port))
        limits = Limits(reading=READ_TIMEOUT_S, working=settings.upstream_timeout_s + GRACE_S)
        super().__init__(
            limits,
            {
                "bind": binds,
                "workers": settings.workers,
                "threads": 2 * settings.threads + SPARE_THREADS,
                "proc_name": "scorecard-gateway",
                "child_exit": lambda _server, _worker: metrics.worker_ended(),
            },
        )

    def load(self) -> WSGIApplication:
        """Build a worker's app; runs in the worker."""
        settings = self._settings
        if settings.metrics_port:
            self._observer = Counts()
        upstream = _upstream_of(settings)
        doors = Doors(
            admit=admission_of(self._configuration, self._observer.storage_failed).admit,
            upstream=upstream,
            is_ready=Readiness(upstream.is_ready),
            stage=settings.stage,
            endpoint=settings.endpoint or sagemaker_endpoint(settings) or "scorecard",
            mode=mode_of(settings),
            slots=Slots(settings.threads),
            # One that stalls leaves half of these places to the others.
            senders=Shares(settings.threads // 2, total=settings.threads),
            took=self._note,
            metrics_port=settings.metrics_port,
        )
        self._note(0.0)
        return create_app(doors, self._observer)

    def note_malformed(self, record: Record) -> None:
        """Note a request that is no HTTP as one that was refused."""
        self._observer.observe(record, 0.0)

    def _note(self, seconds: float) -> None:
        self._pace.note(seconds)
        self.quick_routes = (self._invocations,) if self._pace.is_quick else ()

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


def _upstream_of(settings: GatewaySettings) -> Upstream:
    if endpoint := sagemaker_endpoint(settings):
        # Here, because boto3 takes longer to import than all the rest.
        from serving.gateway.sagemaker import SageMakerUpstream

        return SageMakerUpstream(
            endpoint,
            region=str(settings.region),
            timeout_s=settings.upstream_timeout_s,
            connections=settings.threads,
        )
    from serving.gateway.http_upstream import HttpUpstream

    return HttpUpstream(
        settings.upstream, timeout_s=settings.upstream_timeout_s, connections=settings.threads
    )


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Run the gateway until it is told to stop; exits 2 if it cannot be started as told."""
    try:
        configuration = read_configuration(environ)
    except Misconfigured as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    log_json_lines()
    _log.info("starting", extra={"fields": shown(configuration.settings)})
    if configuration.settings.metrics_port:
        metrics.prepare_metrics()
    Gateway(configuration).run()
