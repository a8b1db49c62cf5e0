"""Every answer of the gateway's own: API Gateway's words, byte for byte.

Programs that were written against API Gateway match on these.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

MAX_BODY_BYTES = 10 * 2**20


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not the container's."""

    status: int
    body: bytes
    error_type: str | None
    media_type: str = "application/json"
    #: Further headers of the answer.
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that is not served; the reason is for the log alone."""

    def __init__(self, refusal: Refusal, reason: str) -> None:
        super().__init__(reason)
        self.refusal = refusal
        self.reason = reason


def _says(status: int, message: str, error_type: str) -> Refusal:
    body = json.dumps({"message": message}, separators=(",", ":"))
    return Refusal(status, body.encode(), error_type)


FORBIDDEN = _says(403, "Forbidden", "ForbiddenException")
#: The same for whatever is wrong with a token.
UNAUTHORIZED = replace(
    _says(401, "Unauthorized", "UnauthorizedException"), headers={"WWW-Authenticate": "Bearer"}
)
NOT_ALLOWED = _says(403, "User is not authorized to access this resource", "AccessDeniedException")
TOO_MANY_REQUESTS = _says(429, "Too Many Requests", "TooManyRequestsException")
LIMIT_EXCEEDED = _says(429, "Limit Exceeded", "LimitExceededException")
TWO_CREDENTIALS = _says(400, "Send one key or one token, once", "BadRequestException")
UNKNOWN_ROUTE = _says(403, "Missing Authentication Token", "MissingAuthenticationTokenException")
BAD_REQUEST = _says(400, "Bad Request", "BadRequestException")
URL_TOO_LONG = _says(414, "URI Too Long", "BadRequestException")
HEADERS_TOO_LARGE = _says(431, "Request Header Fields Too Large", "BadRequestException")
UNSUPPORTED_MEDIA_TYPE = _says(415, "Unsupported Media Type", "BadRequestException")
#: The one that is not JSON, there as here.
TOO_LARGE = Refusal(
    413, b"HTTP content length exceeded %d bytes." % MAX_BODY_BYTES, None, "text/plain"
)
UPSTREAM_TIMED_OUT = _says(504, "Endpoint request timed out", "InternalServerErrorException")
UPSTREAM_UNREACHABLE = _says(504, "Internal server error", "InternalServerErrorException")
UPSTREAM_UNUSABLE = _says(500, "Internal server error", "InternalServerErrorException")
#: SageMaker takes less than API Gateway.
TOO_LARGE_UPSTREAM = _says(413, "Request Too Long", "RequestTooLargeException")
UPSTREAM_FAILED = _says(502, "Internal server error", "InternalServerErrorException")
UPSTREAM_NOT_READY = _says(503, "Service Unavailable", "ServiceUnavailableException")
INTERNAL_ERROR = UPSTREAM_UNUSABLE
NO_EXPLANATIONS = _says(
    501,
    "A SageMaker endpoint explains nothing; "
    "use the command line: scorecard explain ARTIFACT --data DIR --account ID",
    "NotImplementedException",
)
#: SageMaker's words, not API Gateway's. Without the name, which anybody may have made up.
NO_SUCH_ENDPOINT = Refusal(
    400, b'{"ErrorCode":"NO_SUCH_ENDPOINT","Message":"Endpoint not found."}', "ValidationError"
)


def bad_request(message: str) -> Refusal:
    """Make a refusal that says what to change."""
    return _says(400, message, "BadRequestException")


def after(refusal: Refusal, seconds: int) -> Refusal:
    """Give a refusal that says when to try again."""
    return replace(refusal, headers={**refusal.headers, "Retry-After": str(seconds)})


def _some_id() -> str:
    # The system's randomness would take several times as long, and nobody has to guess it.
    return base64.urlsafe_b64encode(random.getrandbits(88).to_bytes(11, "big")).decode()


def ids(request_id: str) -> dict[str, str]:
    """Give the headers that every answer carries."""
    return {
        "x-amzn-RequestId": request_id,
        "x-amz-apigw-id": _some_id(),
    }
