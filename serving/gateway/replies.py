"""What goes back to a caller: the container's answer or a refusal, in API Gateway's headers."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus

from serving.gateway.refusals import Refused, ids
from serving.gateway.upstream import Answer
from serving.web.problems import JSON


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, headers and a body."""

    status: int
    media_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        """The status with its phrase."""
        return _status_line(self.status)

    def signed(self, request_id: str) -> list[tuple[str, str]]:
        """Give all headers, with those that every answer carries."""
        headers = [
            ("Content-Type", self.media_type),
            ("Content-Length", str(len(self.body))),
            *self.headers.items(),
            *ids(request_id).items(),
        ]
        if self.status < 400:
            headers.append(("X-Amzn-Trace-Id", _trace_id()))
        return headers


def of_answer(answer: Answer) -> Reply:
    """Pass an answer on."""
    return Reply(answer.status, answer.media_type or JSON, answer.body, dict(answer.headers))


def of_refusal(refused: Refused) -> Reply:
    """Write a refusal."""
    refusal = refused.refusal
    headers = dict(refusal.headers)
    if refusal.error_type:
        headers["x-amzn-ErrorType"] = refusal.error_type
    return Reply(refusal.status, refusal.media_type, refusal.body, headers)


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{random.getrandbits(96):024x}"


@lru_cache(maxsize=128)
def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Other"
