import json
import re
from collections.abc import Iterator

import boto3
import pytest

from tests.infrastructure.api_door import BURST, KEY, Door, ministack, open_door
from tests.infrastructure.hosting import ROW
from tests.infrastructure.tools import terraform_environ
from tests.processes import BIN, Process, free_port

pytestmark = pytest.mark.infra

BODY = json.dumps({"instances": [{"features": ROW}]})
JSON = "application/json"


@pytest.fixture(scope="module")
def door(tmp_path_factory, trained, other_account) -> Iterator[Door]:
    """The API, in front of a real container."""
    folder = tmp_path_factory.mktemp("door")
    environ = terraform_environ(folder, other_account)
    port = free_port()
    container = Process(
        [BIN / "serve"],
        folder / "container.log",
        port=port,
        SCORECARD_MODEL=str(trained),
        SCORECARD_WORKERS="1",
        SAGEMAKER_BIND_TO_PORT=str(port),
    )
    try:
        container.wait_for_ping()
        with ministack(folder) as address:
            yield open_door(folder, address, port, environ)
    finally:
        container.stop()


def test_without_a_key_or_with_a_wrong_one_the_answer_is_403(door):
    without = door.post(BODY, Content_Type=JSON)
    wrong = door.post(BODY, Content_Type=JSON, x_api_key=KEY[:-1] + "0")

    for answer in (without, wrong):
        assert answer.status == 403
        assert answer.json() == {"message": "Forbidden"}


def test_another_path_and_another_stage_are_closed(door):
    path = door.post(BODY, path="schema", Content_Type=JSON, x_api_key=KEY)
    stage = door.post(BODY, stage="test", Content_Type=JSON, x_api_key=KEY)

    assert (path.status, path.json()) == (403, {"message": "Missing Authentication Token"})
    assert (stage.status, stage.json()) == (403, {"message": "Forbidden"})


def test_with_the_key_scores_and_errors_come_through_until_there_are_too_many(door):
    good = door.post(BODY, Content_Type=JSON, x_api_key=KEY)
    bad = door.post('{"instances": [{"features": [1]}]}', Content_Type=JSON, x_api_key=KEY)
    rest = [door.post(BODY, Content_Type=JSON, x_api_key=KEY) for _ in range(BURST)]

    assert good.status == 200
    assert len(good.json()["predictions"][0]) == 18
    assert bad.status == 400
    assert "15" in bad.json()["message"]
    assert rest[-1].status == 429
    assert rest[-1].json() == {"message": "Too Many Requests"}


def test_what_sagemaker_answers_reaches_the_caller_with_its_own_status(door):
    client = boto3.client(
        "apigateway",
        endpoint_url=f"http://127.0.0.1:{door.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - an emulator's
    )
    resources = client.get_resources(restApiId=door.api)["items"]
    (resource,) = [one["id"] for one in resources if one["path"] == "/invocations"]
    method = client.get_method(restApiId=door.api, resourceId=resource, httpMethod="POST")
    responses = method["methodIntegration"]["integrationResponses"].values()

    def reaches_the_caller(status: int) -> list[int]:
        fit = [
            int(one["statusCode"])
            for one in responses
            if one.get("selectionPattern") and re.fullmatch(one["selectionPattern"], str(status))
        ]
        others = [int(one["statusCode"]) for one in responses if not one.get("selectionPattern")]
        return fit or others

    assert reaches_the_caller(200) == [200]
    for error in statuses_of_errors():
        assert reaches_the_caller(error) == [error if error != 530 else 502], error
    # A role without rights, and whatever nobody has thought of.
    for error in (401, 403, 404, 418, 501, 599):
        assert reaches_the_caller(error) == [502]


def statuses_of_errors() -> set[int]:
    """Every status that InvokeEndpoint fails with, by AWS's own description."""
    session = boto3.session.Session(region_name="us-east-1")
    model = session.client("sagemaker-runtime").meta.service_model
    shapes = model.operation_model("InvokeEndpoint").error_shapes
    found = {shape.metadata["error"]["httpStatusCode"] for shape in shapes}
    assert {400, 424, 500, 503} <= found
    return found | {413}
