"""What the container is told by its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from serving.inference.wire.extras import EXTRAS
from serving.web.settings import seconds, setting, some_of, whole_number


@dataclass(frozen=True, kw_only=True)
class InferenceSettings:
    """Settings of the container; SageMaker's own variables keep their names."""

    model: str = setting(
        "SCORECARD_MODEL",
        "SM_MODEL_DIR",
        meaning="Artifact directory, or s3://bucket/prefix of a registry.",
        default="/opt/ml/model",
    )
    host: str = setting("SCORECARD_HOST", meaning="Address to listen on.", default="0.0.0.0")  # noqa: S104 (a container is reached from outside)
    port: int = setting(
        "SAGEMAKER_BIND_TO_PORT",
        "SCORECARD_PORT",
        meaning="Port to listen on.",
        parse=whole_number(1, 65535),
        default="8080",
    )
    max_body_bytes: int = setting(
        "SCORECARD_MAX_BODY_BYTES",
        "MAX_CONTENT_LENGTH",
        meaning="Largest request body.",
        parse=whole_number(1, 2**30),
        default="6291456",
    )
    extras: tuple[str, ...] = setting(
        "SCORECARD_EXTRAS",
        meaning="What predictions hold beside the scores, with commas between: "
        "`flags`, `intervals`, `artifact_version`.",
        parse=some_of(EXTRAS),
        default="",
    )
    workers: int = setting(
        "SCORECARD_WORKERS",
        "SAGEMAKER_MODEL_SERVER_WORKERS",
        meaning="Worker processes; 0 means one per CPU this process may use.",
        parse=whole_number(0, 256),
        default="0",
    )
    threads: int = setting(
        "SCORECARD_THREADS",
        meaning="Threads per worker; several, so that /ping answers beside a long invocation.",
        parse=whole_number(2, 256),
        default="8",
    )
    retry_s: float = setting(
        "SCORECARD_POLL_S",
        meaning="Seconds between attempts to load a model that could not be loaded.",
        parse=seconds(0.1, 3600),
        default="30",
    )
    cache: Path = setting(
        "SCORECARD_CACHE",
        meaning="Where models from a registry are kept.",
        parse=Path,
        default="/tmp/scorecard-models",  # noqa: S108 (the one place SageMaker lets a container write)
    )

    @property
    def worker_count(self) -> int:
        """How many worker processes to start."""
        return self.workers or _usable_cpus()


def _usable_cpus() -> int:
    # What this process may use, not what the machine has; macOS cannot say.
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
