"""An endpoint of SageMaker's, asked by `InvokeEndpoint`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 (botocore's own: whatever keeps it from the other side)
    ConnectTimeoutError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from serving.gateway.upstream import (
    CONNECT_TIMEOUT_S,
    MAX_ANSWER_BYTES,
    Answer,
    NoSuchEndpoint,
    UpstreamBusy,
    UpstreamCannot,
    UpstreamError,
    UpstreamFailed,
    UpstreamThrottled,
    UpstreamTimedOut,
    UpstreamTooLarge,
    UpstreamUnreachable,
    UpstreamUnusable,
)

#: What the gateway hands on → what botocore calls it.
_PARAMETERS = {
    "Content-Type": "ContentType",
    "Accept": "Accept",
    "X-Amzn-SageMaker-Custom-Attributes": "CustomAttributes",
}
#: The same on the way back.
_RETURNED = {
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InvokedProductionVariant": "x-Amzn-Invoked-Production-Variant",
}

#: SageMaker's code → what it means for the caller. All others are the operator's to mend: rights,
#: credentials, the region.
_CODES: dict[str, type[UpstreamError]] = {
    "413": UpstreamTooLarge,
    "503": UpstreamBusy,
    "ModelNotReadyException": UpstreamBusy,
    "ServiceUnavailable": UpstreamBusy,
    "ServiceUnavailableException": UpstreamBusy,
    "SlowDown": UpstreamThrottled,
    "RequestLimitExceeded": UpstreamThrottled,
    "RequestThrottled": UpstreamThrottled,
    "RequestThrottledException": UpstreamThrottled,
    "Throttling": UpstreamThrottled,
    "ThrottlingException": UpstreamThrottled,
    "ThrottledException": UpstreamThrottled,
    "TooManyRequestsException": UpstreamThrottled,
    "429": UpstreamThrottled,
    "RequestTimeout": UpstreamTimedOut,
    "RequestTimeoutException": UpstreamTimedOut,
}

#: The kind of failure beneath SageMaker's answer → the same; the first that fits.
_FAILURES: tuple[tuple[type[Exception], type[UpstreamError]], ...] = (
    (ReadTimeoutError, UpstreamTimedOut),
    (ConnectTimeoutError, UpstreamTimedOut),
    (ConnectionClosedError, UpstreamUnreachable),
    (ConnectionError, UpstreamUnreachable),
    (ResponseStreamingError, UpstreamUnreachable),
    (IncompleteReadError, UpstreamUnreachable),
    (HTTPClientError, UpstreamUnreachable),
)

_log = logging.getLogger(__name__)


class SageMakerUpstream:
    """An endpoint.

    Credentials and `AWS_ENDPOINT_URL` are found where all AWS programs look for them.

    Parameters
    ----------
    endpoint : str
        Its name; no caller can choose another one.
    region : str
    timeout_s : float
        For each wait for SageMaker's answer.
    connections : int
        How many are kept open between requests.
    """

    def __init__(self, endpoint: str, *, region: str, timeout_s: float, connections: int) -> None:
        self._endpoint = endpoint
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=timeout_s,
            max_pool_connections=connections,
            # Whoever asks the gateway tries again, or not; twice would be a storm.
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        session = boto3.session.Session(region_name=region)
        self._client = session.client("sagemaker-runtime", config=config)
        self._client.meta.events.register("after-call.sagemaker-runtime", _keep_model_error)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Invoke the endpoint."""
        given = {word: headers[name] for name, word in _PARAMETERS.items() if name in headers}
        try:
            found = self._client.invoke_endpoint(EndpointName=self._endpoint, Body=body, **given)
            answer = found["Body"].read(MAX_ANSWER_BYTES + 1)
            # Only at its end is it noticed that an answer was cut.
            found["Body"].read(1)
        except ClientError as error:
            return _answer_in(error)
        except Exception as error:
            raise _meaning_of(error) from error
        if len(answer) > MAX_ANSWER_BYTES:
            raise UpstreamUnusable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
        returned = {name: found[word] for word, name in _RETURNED.items() if word in found}
        return Answer(200, found.get("ContentType"), answer, returned)

    def explain(self, _body: bytes, _headers: Mapping[str, str], /) -> Answer:
        """Refuse: SageMaker lets no question but invocations through."""
        raise UpstreamCannot("only invocations reach a SageMaker endpoint")

    def schema(self, request_id: str) -> None:
        """Give nothing: SageMaker lets no question but invocations through."""

    def is_ready(self) -> bool:
        """Say yes: SageMaker has no question that would tell, but for invoking."""
        return True


def _keep_model_error(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
    """Keep SageMaker's JSON as it came; botocore drops what its model does not name."""
    if http_response.status_code == 424:
        parsed["ModelErrorBody"] = http_response.content


def _answer_in(error: ClientError) -> Answer:
    """Give the container's answer that SageMaker reports; raises UpstreamError if there is none."""
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ModelError" or status == 424:
        return Answer(
            int(response.get("OriginalStatusCode") or 0),
            None,
            str(response.get("OriginalMessage") or "").encode(),
            model_error=response.get("ModelErrorBody") or b"{}",
        )
    raise _meaning_of_code(code, status, str(response.get("Error", {}).get("Message", "")))


def _meaning_of_code(code: str, status: int, message: str) -> UpstreamError:
    if code in ("ValidationError", "ValidationException", "NO_SUCH_ENDPOINT"):
        is_unknown = code == "NO_SUCH_ENDPOINT" or "not found" in message
        return NoSuchEndpoint(code) if is_unknown else _to_be_mended(code)
    by_status = {413: UpstreamTooLarge, 429: UpstreamThrottled, 503: UpstreamBusy}
    kind = _CODES.get(code) or by_status.get(status)
    if kind is None and status >= 500:
        kind = UpstreamFailed
    return kind(code) if kind else _to_be_mended(code)


def _meaning_of(error: Exception) -> UpstreamError:
    for kind, meaning in _FAILURES:
        if isinstance(error, kind):
            return meaning(type(error).__name__)
    if isinstance(error, BotoCoreError):
        return _to_be_mended(type(error).__name__)
    if isinstance(error, OSError | TimeoutError):
        return UpstreamUnreachable(type(error).__name__)
    raise error


def _to_be_mended(code: str) -> UpstreamUnusable:
    # Not the message: it names accounts and roles.
    _log.error("SageMaker refuses the gateway", extra={"fields": {"code": code}})
    return UpstreamUnusable(code)
