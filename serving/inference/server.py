"""The container's process: settings, gunicorn, one model per worker."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from serving.inference.app import create_app
from serving.inference.model_source import ModelSource
from serving.inference.settings import InferenceSettings
from serving.scoring import Scorer, load_scorer
from serving.web.logs import log_json_lines
from serving.web.settings import SettingsError, read_settings, shown

#: SageMaker kills 30 s after SIGTERM; requests at hand get most of that.
GRACEFUL_TIMEOUT_S = 25
#: A worker that does not come back to its loop for this long is replaced.
WORKER_TIMEOUT_S = 65
#: Longer than the gateway keeps an idle connection, so that it is never the one to be surprised.
KEEPALIVE_S = 75

_log = logging.getLogger("serving.inference")


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around the app. Workers load the model themselves, so SIGHUP loads it anew."""

    def __init__(self, settings: InferenceSettings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn is told; nothing comes from its own files or variables."""
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.worker_count,
            "threads": self.settings.threads,
            "worker_class": "gthread",
            "timeout": WORKER_TIMEOUT_S,
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "keepalive": KEEPALIVE_S,
            "preload_app": False,
            # Its socket would lie in the home directory, which a container may not have.
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "scorecard-inference",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build a worker's app and load its model; runs in the worker."""
        log_json_lines()
        model = ModelSource(lambda: load_model(self.settings), retry_s=self.settings.retry_s)
        model.start()
        return create_app(
            model,
            max_body_bytes=self.settings.max_body_bytes,
            extras=self.settings.extras,
        )


def load_model(settings: InferenceSettings) -> Scorer:
    """Load the artifact from its directory, or the current one of a registry.

    Raises
    ------
    ArtifactError
        If there is none that can be used.
    """
    if "://" in settings.model:
        # Here, because S3's client takes a while to import and a directory needs none.
        from serving.registry import fetch_current

        return load_scorer(fetch_current(settings.model, settings.cache))
    return load_scorer(settings.model)


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Run the container. Arguments are not looked at: images are started as `serve serve` too."""
    log_json_lines()
    try:
        settings = read_settings(InferenceSettings, environ)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    _log.info("starting", extra={"fields": shown(settings)})
    Server(settings).run()
