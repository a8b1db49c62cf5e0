"""SageMaker's own client, boto3, pointed at the gateway, and the bodies its SDK makes."""

import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from serving.gateway.grants import Grants
from serving.gateway.keys import issue
from tests.gateway.fakes import NOON, Reply, running_gateway
from tests.gateway.sagemaker_runtime import ARN, model_error, unknown_endpoint

#: What the serializers of the sagemaker SDK (2.257) make of two accounts: media type → body.
SERIALIZED = {
    "text/csv": b"36,200,,5.5\n12,1,north,",
    "application/json": b'[[36, 200, null, 5.5], [12, 1, "north", null]]',
    "application/jsonlines": b'{"features": [36, 200]}\n{"features": [12, 1]}',
    "application/x-npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False}\n"
    + b"\0" * 32,
}


def runtime(gateway, key, header="x-api-key"):
    """Make the client as the README tells."""
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{gateway.port}",
        region_name="eu-west-1",
        aws_access_key_id="not-used",
        aws_secret_access_key="not-used",  # noqa: S106
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register(
        "before-sign.sagemaker-runtime",
        lambda request, **_: request.headers.add_header(header, key),
    )
    return client


@pytest.fixture
def client(gateway, keys):
    return runtime(gateway, keys.key.secret)


@pytest.mark.parametrize("media_type", SERIALIZED)
def test_a_body_of_the_sdk_s_serializers_arrives_as_it_was(client, container, media_type):
    body = SERIALIZED[media_type]

    found = client.invoke_endpoint(
        EndpointName="scorecard",
        Body=body,
        ContentType=media_type,
        Accept="application/json",
        CustomAttributes="trace",
    )

    assert found["Body"].read() == b'{"predictions":[]}'
    assert found["ContentType"] == "application/json"
    assert found["InvokedProductionVariant"] == "AllTraffic"
    (heard,) = container.invocations
    assert heard.body == body
    headers = {name.lower(): value for name, value in heard.headers}
    assert headers["content-type"] == media_type
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace"


def test_the_container_hears_neither_the_signature_nor_a_choice_of_model(client, container, keys):
    client.invoke_endpoint(
        EndpointName="scorecard",
        Body=b"{}",
        TargetModel="marked.tar.gz",
        TargetVariant="marked",
        TargetContainerHostname="marked",
        InferenceId="marked",
        EnableExplanations="`marked`",
        InferenceComponentName="marked",
        SessionId="NEW_SESSION",
    )

    (heard,) = container.invocations
    assert "marked" not in str(heard.headers)
    assert keys.key.secret not in str(heard.headers)
    names = {name.lower() for name, _ in heard.headers}
    assert names <= {
        "host",
        "user-agent",
        "content-type",
        "accept",
        "x-request-id",
        "content-length",
    }


@pytest.mark.parametrize(
    ("status", "code"), [(400, "CLIENT_ERROR_FROM_MODEL"), (500, "INTERNAL_FAILURE_FROM_MODEL")]
)
def test_an_error_of_the_container_is_a_model_error(client, container, status, code):
    container.reply = Reply(status, body=b'{"message":"no such column"}')

    with pytest.raises(client.exceptions.ModelError) as failed:
        client.invoke_endpoint(EndpointName="scorecard", Body=b"{}")

    said = failed.value.response
    assert said["Error"]["Code"] == "ModelError"
    assert said["OriginalStatusCode"] == status
    assert said["OriginalMessage"] == '{"message":"no such column"}'
    assert said["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_a_container_that_does_not_answer_in_time_is_a_model_error_too(client, container):
    container.reply = Reply(delay_s=4)

    with pytest.raises(client.exceptions.ModelError, match="timed out"):
        client.invoke_endpoint(EndpointName="scorecard", Body=b"{}")


def test_neither_an_unknown_nor_a_refused_endpoint_is_there(gateway, client, container, keys):
    elsewhere = issue(keys.path, "b", NOON, grants=Grants(endpoints=("other",)))

    def refusal_of(asking, name):
        with pytest.raises(ClientError) as failed:
            asking.invoke_endpoint(EndpointName=name, Body=b"{}")
        said = failed.value.response
        return said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]

    wait_until_known(gateway, elsewhere.secret, within_s=10)
    others = runtime(gateway, elsewhere.secret)

    assert refusal_of(client, "other") == ("ValidationError", 400)
    assert refusal_of(others, "scorecard") == ("ValidationError", 400)
    assert refusal_of(others, "other") == ("ValidationError", 400)
    assert not container.invocations


def wait_until_known(gateway, secret, within_s):
    path = "/endpoints/other/invocations"
    until = time.monotonic() + within_s
    # One answer for each worker is not enough: which one answers is chance.
    while not all(gateway.send(path=path, x_api_key=secret).status == 400 for _ in range(8)):
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize("key", ["wrong", ""])
def test_without_a_key_a_signature_is_nothing(gateway, container, key):
    with pytest.raises(ClientError) as refused:
        runtime(gateway, key).invoke_endpoint(EndpointName="scorecard", Body=b"{}")

    assert refused.value.response["Error"] == {"Code": "ForbiddenException", "Message": "Forbidden"}
    assert not container.heard


@pytest.fixture
def before_sagemaker(container, keys, tmp_path):
    """A gateway whose upstream is a SageMaker endpoint."""
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM="sagemaker://css",
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_GATEWAY_WORKERS="1",
        AWS_REGION="eu-west-1",
        AWS_ENDPOINT_URL=container.url,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="marked-secret",  # noqa: S106
    ) as gateway:
        yield gateway


def test_a_client_of_sagemaker_s_cannot_tell_the_gateway_from_sagemaker(
    before_sagemaker, container, keys
):
    client = runtime(before_sagemaker, keys.key.secret)
    container.reply = Reply(
        headers={"Content-Type": "text/csv", "x-Amzn-Invoked-Production-Variant": "blue"}, body=b"1"
    )

    found = client.invoke_endpoint(EndpointName="css", Body=b"2", ContentType="text/csv")

    assert (found["Body"].read(), found["InvokedProductionVariant"]) == (b"1", "blue")
    (heard,) = container.heard
    assert (heard.path, heard.body) == ("/endpoints/css/invocations", b"2")
    assert keys.key.secret not in str(heard.headers)

    container.reply = model_error(400, '{"message":"x"}')
    with pytest.raises(client.exceptions.ModelError) as failed:
        client.invoke_endpoint(EndpointName="css", Body=b"2")
    assert failed.value.response["LogStreamArn"] == ARN

    by_curl = before_sagemaker.send(x_api_key=keys.key.secret)
    assert (by_curl.status, by_curl.body) == (424, container.reply.body)

    container.reply = unknown_endpoint()
    with pytest.raises(ClientError, match="ValidationError"):
        client.invoke_endpoint(EndpointName="css", Body=b"2")
    assert b"NO_SUCH_ENDPOINT" in before_sagemaker.send(x_api_key=keys.key.secret).body
    assert before_sagemaker.send("GET", "/ping", None).status == 200
    assert "marked" not in before_sagemaker.log_file.read_text()
