"""How the container's errors reach callers: as they are, as SageMaker says them, or hidden.

A SageMaker endpoint answers 424 where its container answers an error, and the container's words
stand inside. API Gateway as css-mini sets it up makes 200 of whatever SageMaker says.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Literal

from serving.gateway.refusals import NO_SUCH_ENDPOINT, Refusal
from serving.gateway.upstream import (
    Answer,
    NoSuchEndpoint,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamThrottled,
    UpstreamTimedOut,
    UpstreamTooLarge,
)
from serving.web.problems import JSON

Mode = Literal["proxy", "strict", "css-mini"]
MODES: tuple[Mode, ...] = ("proxy", "strict", "css-mini")

#: What SageMaker answers in the place of its container. All else (no answer in time, nobody there,
#: no rights) API Gateway finds out for itself, and says with its own status in every mode.
SAID_BY_SAGEMAKER = (
    NoSuchEndpoint,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamThrottled,
    UpstreamTooLarge,
)

#: A larger body is no error message.
_MAX_ERROR_BYTES = 4096

_NO_ANSWER = (
    "Your invocation timed out while waiting for a response from container primary. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def in_mode(answer: Answer, mode: Mode, endpoint: str) -> Answer:
    """Give an answer as callers get it.

    Raises
    ------
    UpstreamFailed, UpstreamTimedOut
        In `proxy`, for what SageMaker reports as the container's failure.
    """
    if answer.model_error is None and 200 <= answer.status < 400:
        return answer
    if mode == "proxy":
        return answer if answer.model_error is None else _unwrapped(answer)
    body = answer.model_error or model_error(answer, endpoint)
    return Answer(200 if mode == "css-mini" else 424, JSON, body)


def model_error(answer: Answer, endpoint: str) -> bytes:
    """Write what SageMaker would say of a container's error; the account is made up.

    A status of 0 stands for no answer at all.
    """
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    logs = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
    is_clients = 400 <= answer.status < 500
    words = answer.body.decode("utf-8", "replace") if answer.status else _NO_ANSWER
    kind = "client" if is_clients else "server"
    document = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if is_clients else "INTERNAL_FAILURE_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}",
        "Message": f'Received {kind} error ({answer.status}) from primary with message "{words}". '
        f"See {logs}#logEventViewer:group={group} in account 000000000000 for more information.",
        "OriginalMessage": words,
        "OriginalStatusCode": answer.status,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def in_sagemakers_words(refusal: Refusal) -> bytes:
    """Give what SageMaker says of a failure of its own: a code and words, as css-mini matches on.

    Where it goes out with 200, the code is all that tells.
    """
    if refusal is NO_SUCH_ENDPOINT:
        return refusal.body
    said = {"ErrorCode": refusal.error_type, "Message": json.loads(refusal.body)["message"]}
    return json.dumps(said, separators=(",", ":")).encode()


def _unwrapped(answer: Answer) -> Answer:
    if answer.status == 0:
        raise UpstreamTimedOut("SageMaker had no answer from the container")
    if not 400 <= answer.status < 500:
        raise UpstreamFailed(f"the container answered {answer.status}")
    if _may_be_shown(answer.body):
        return Answer(answer.status, JSON, answer.body)
    message = {"message": _phrase(answer.status)}
    return Answer(answer.status, JSON, json.dumps(message, separators=(",", ":")).encode())


def _may_be_shown(body: bytes) -> bool:
    if len(body) > _MAX_ERROR_BYTES or b"Traceback" in body or b"arn:" in body:
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Bad Request"
