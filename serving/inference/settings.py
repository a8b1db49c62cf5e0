"""What the container is told by its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from serving.inference.wire.extras import EXTRAS
from serving.inference.wire.formats import JSON, Format, answer_format
from serving.registry.errors import RegistryError
from serving.registry.uri import parse_uri
from serving.web.problems import Problem
from serving.web.settings import (
    SettingsError,
    header_name,
    one_of,
    optional,
    seconds,
    setting,
    share,
    some_of,
    whole_number,
    words,
    yes_or_no,
)


def model_place(text: str) -> str:
    """Parse a path or the address of a registry; what is refused is not repeated."""
    if "://" in text:
        try:
            parse_uri(text)
        except RegistryError as error:
            raise ValueError(str(error)) from None
    return text


def answer_type(text: str) -> str:
    """Parse the type of an answer; empty means none."""
    if text:
        try:
            answer_format(text, JSON)
        except Problem as error:
            raise ValueError(error.message) from None
    return text


@dataclass(frozen=True, kw_only=True)
class InferenceSettings:
    """Settings of the container; SageMaker's own variables keep their names."""

    model: str = setting(
        "SCORECARD_MODEL",
        "SM_MODEL_DIR",
        meaning="Artifact directory, or s3://bucket/prefix or file:///directory of a registry.",
        parse=model_place,
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
    max_payload_mb: int | None = setting(
        "SAGEMAKER_MAX_PAYLOAD_IN_MB",
        meaning="The same in MB, as a batch transform job says it; it wins. 0, which promises no "
        "limit, means 100.",
        parse=optional(whole_number(0, 100)),
        default="",
    )
    bad_rows: str = setting(
        "SCORECARD_BAD_ROWS",
        meaning="What a row that cannot be read does: `strict` refuses the request, `placeholder` "
        "answers nulls in its place.",
        parse=one_of(("strict", "placeholder")),
        default="strict",
    )
    refuse_out_of_range: float | None = setting(
        "SCORECARD_REFUSE_OUT_OF_RANGE",
        meaning="Refuse 20 accounts or more if a larger share of a column than this is outside the "
        "training range: its columns are likely in another order. Not set: never.",
        parse=optional(share),
        default="",
    )
    outputs: tuple[str, ...] = setting(
        "SCORECARD_OUTPUTS",
        meaning="Keys to give instead of all, with commas between; unknown ones are null.",
        parse=words,
        default="",
    )
    extras: tuple[str, ...] = setting(
        "SCORECARD_EXTRAS",
        meaning="What predictions hold beside the scores, with commas between: "
        "`intervals`, `statuses`, `flags`, `band`, `coverage`, `artifact_version`.",
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
    slots: int = setting(
        "SCORECARD_SLOTS",
        meaning="Requests a worker scores at once; further ones get 503 at once.",
        parse=whole_number(1, 64),
        default="4",
    )
    threads: int = setting(
        "SCORECARD_THREADS",
        meaning="Threads per worker: more than slots, for bodies still on their way and for 503s.",
        parse=whole_number(2, 256),
        default="24",
    )
    deadline_s: float = setting(
        "SCORECARD_DEADLINE_S",
        meaning="Seconds a request may take once its body is there; then it gets 503. Two more and "
        "it counts as hanging: it is answered 503 all the same, and its worker replaced.",
        parse=seconds(0.1, 3600),
        default="25",
    )
    read_timeout_s: float = setting(
        "SCORECARD_READ_TIMEOUT_S",
        meaning="Seconds a caller has to send a request.",
        parse=seconds(0.1, 3600),
        default="10",
    )
    is_batch: bool = setting(
        "SAGEMAKER_BATCH",
        meaning="Set by batch transform: callers who take any type get the one they send, and all "
        "answers end with a newline.",
        parse=yes_or_no,
        default="no",
    )
    default_accept: str = setting(
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
        meaning="Type of answers to callers who take any.",
        parse=answer_type,
        default="",
    )
    version_header: str = setting(
        "SCORECARD_VERSION_HEADER",
        meaning="Header that names the artifact; SageMaker lets only "
        "`X-Amzn-SageMaker-Custom-Attributes` through.",
        parse=header_name,
        default="X-Scorecard-Version",
    )
    poll_s: float = setting(
        "SCORECARD_POLL_S",
        meaning="Seconds within which a worker follows its registry, or tries again to load a "
        "model that could not be loaded.",
        parse=seconds(0.1, 3600),
        default="30",
    )
    cache: Path = setting(
        "SCORECARD_CACHE",
        meaning="Where models from a registry are kept: the last few versions, and which was "
        "good last.",
        parse=Path,
        default="/tmp/scorecard-models",  # noqa: S108 (the one place SageMaker lets a container write)
    )

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.threads <= self.slots:
            raise SettingsError("SCORECARD_THREADS must be more than SCORECARD_SLOTS")

    @property
    def body_limit(self) -> int:
        """Largest request body, in bytes."""
        if self.max_payload_mb is None:
            return self.max_body_bytes
        return (self.max_payload_mb or 100) * 2**20

    def usual_answer(self, asked: Format) -> Format:
        """Give the format of the answer to a caller who takes any."""
        if self.default_accept:
            return answer_format(self.default_accept, asked)
        return asked if self.is_batch else JSON

    @property
    def worker_count(self) -> int:
        """How many worker processes to start."""
        return self.workers or _usable_cpus()


def _usable_cpus() -> int:
    # What this process may use, not what the machine has; macOS cannot say.
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
