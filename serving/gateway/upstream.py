"""What the gateway asks of the model's side, whatever that is: a port, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: Headers of the container that callers get; the others are between it and the gateway.
RETURNED = (
    "X-Scorecard-Version",
    "X-Amzn-SageMaker-Custom-Attributes",
    "x-Amzn-Invoked-Production-Variant",
    "Retry-After",
)

#: An answer is some 20 times its request; this keeps a container that is not ours from filling the
#: memory, and lets through what the largest body asks for.
MAX_ANSWER_BYTES = 160 * 2**20

CONNECT_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the container answered.

    Attributes
    ----------
    status : int
        0 if SageMaker says that there was no answer.
    media_type : str or None
    body : bytes
    headers : mapping of str to str
        Those of `RETURNED` that it set.
    model_error : bytes or None
        SageMaker's own JSON about this answer; None unless SageMaker stood between and the
        container's status was an error.
    """

    status: int
    media_type: str | None
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    model_error: bytes | None = None


class UpstreamError(Exception):
    """There is no answer that could be passed on."""


class UpstreamTimedOut(UpstreamError):
    """The container took too long."""


class UpstreamUnreachable(UpstreamError):
    """Nobody listens there, or the connection broke."""


class UpstreamUnusable(UpstreamError):
    """The answer is one that scoring never gives, or the gateway may not ask: the operator's."""


class UpstreamFailed(UpstreamError):
    """SageMaker itself failed."""


class UpstreamThrottled(UpstreamError):
    """SageMaker was asked too often."""


class UpstreamBusy(UpstreamError):
    """SageMaker or the model takes nothing on at the moment."""


class UpstreamTooLarge(UpstreamError):
    """The body is larger than SageMaker takes."""


class NoSuchEndpoint(UpstreamError):
    """There is no endpoint of this name."""


class UpstreamCannot(UpstreamError):
    """Nobody can be asked this there, now or later."""


class Upstream(Protocol):
    """What the gateway needs from the model's side."""

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Have accounts scored; raises UpstreamError."""

    def explain(self, body: bytes, headers: Mapping[str, str], /) -> Answer:
        """Have scores explained; raises UpstreamError."""

    def schema(self, request_id: str) -> Answer | None:
        """Read what goes in and out, in what order; None where nobody can be asked for it.

        Raises UpstreamError.
        """

    def is_ready(self) -> bool:
        """Tell whether invocations would be served."""
