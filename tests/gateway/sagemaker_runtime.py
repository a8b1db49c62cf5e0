"""What the SageMaker runtime answers, as captured: bodies and headers of its errors."""

import json

from tests.gateway.fakes import Reply

LOGS = "/aws/sagemaker/Endpoints/css"
ARN = f"arn:aws:logs:eu-west-1:123456789012:log-group:{LOGS}"


def model_error(status: int, body: str) -> Reply:
    """A container's error, as SageMaker passes it on."""
    is_clients = 400 <= status < 500
    kind = "client" if is_clients else "server"
    document = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if is_clients else "INTERNAL_FAILURE_FROM_MODEL",
        "LogStreamArn": ARN,
        "Message": f'Received {kind} error ({status}) from primary with message "{body}". See '
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        f"#logEventViewer:group={LOGS} in account 123456789012 for more information.",
        "OriginalMessage": body,
        "OriginalStatusCode": status,
    }
    return error(424, "ModelError", document)


def unknown_endpoint() -> Reply:
    said = {"Message": "Endpoint css of account 123456789012 not found."}
    return error(400, "ValidationError", {"ErrorCode": "NO_SUCH_ENDPOINT", **said})


def error(status: int, code: str, document: dict[str, object]) -> Reply:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": code,
        "x-amzn-RequestId": "0e2e1d5c-6c2f-4ac1-9d5b-0f35f7a1f2c4",
    }
    return Reply(status, headers, json.dumps(document, separators=(",", ":")).encode())
