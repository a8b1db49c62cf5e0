"""A SageMaker endpoint behind the gateway, played by a server on a real socket."""

import json

import boto3
import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    TokenRetrievalError,
)
from moto.server import ThreadedMotoServer

from serving.gateway.errors import refused_by
from serving.gateway.sagemaker import SageMakerUpstream
from serving.gateway.upstream import (
    NoSuchEndpoint,
    UpstreamCannot,
    UpstreamTimedOut,
    UpstreamUnreachable,
)
from tests.gateway.fakes import Reply
from tests.gateway.sagemaker_runtime import ARN, error, model_error, unknown_endpoint
from tests.processes import call, free_port

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_MAX_ATTEMPTS": "5",
}


@pytest.fixture
def aws(monkeypatch, container):
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": container.url}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def shared_upstream(session_container):
    # Making a client takes longer than asking it a hundred times.
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", session_container.url)
        yield an_upstream()


@pytest.fixture
def upstream(shared_upstream, container):
    return shared_upstream


def an_upstream():
    return SageMakerUpstream("css", region="eu-west-1", timeout_s=1, connections=2)


def test_nobody_is_asked_for_explanations(upstream, container):
    with pytest.raises(UpstreamCannot):
        upstream.explain(b"3,4", {})

    assert not container.heard


def test_the_endpoint_is_asked_with_the_headers_it_is_given(upstream, container):
    container.reply = Reply(
        headers={
            "Content-Type": "text/csv",
            "X-Amzn-SageMaker-Custom-Attributes": "v7",
            "x-Amzn-Invoked-Production-Variant": "blue",
            "X-Internal": "1",
        },
        body=b"1,2",
    )

    answer = upstream.invoke(
        b"3,4",
        {
            "Content-Type": "text/csv",
            "Accept": "text/csv",
            "X-Amzn-SageMaker-Custom-Attributes": "a",
            "X-Request-Id": "1",
        },
    )

    assert (answer.status, answer.media_type, answer.body) == (200, "text/csv", b"1,2")
    assert answer.headers == {
        "X-Amzn-SageMaker-Custom-Attributes": "v7",
        "x-Amzn-Invoked-Production-Variant": "blue",
    }
    (heard,) = container.heard
    assert (heard.method, heard.path) == ("POST", "/endpoints/css/invocations")
    assert heard.body == b"3,4"
    headers = {name.lower(): value for name, value in heard.headers}
    assert headers["content-type"] == headers["accept"] == "text/csv"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "a"
    assert "/eu-west-1/sagemaker/aws4_request" in headers["authorization"]
    assert "x-request-id" not in headers


@pytest.mark.parametrize(
    ("status", "said"), [(400, '{"message":"x"}'), (413, "a\nb"), (500, '{"message":"y"}')]
)
def test_what_sagemaker_says_of_the_container_is_kept_to_the_byte(
    upstream, container, status, said
):
    container.reply = model_error(status, said)

    answer = upstream.invoke(b"{}", {})

    assert (answer.status, answer.body) == (status, said.encode())
    assert answer.model_error == container.reply.body
    assert ARN.encode() in answer.model_error


def test_no_answer_from_the_container_is_a_status_of_nought(upstream, container):
    container.reply = error(424, "ModelError", {"Message": "Your invocation timed out", "X": 1})

    answer = upstream.invoke(b"{}", {})

    assert (answer.status, answer.model_error) == (0, container.reply.body)


def test_an_unknown_endpoint_is_known_as_that(upstream, container):
    container.reply = unknown_endpoint()

    with pytest.raises(NoSuchEndpoint):
        upstream.invoke(b"{}", {})


CODES = [
    (400, "ThrottlingException", 429), (429, "ThrottlingException", 429),
    (400, "Throttling", 429), (400, "TooManyRequestsException", 429),
    (429, "TooManyRequestsException", 429), (400, "RequestLimitExceeded", 429),
    (503, "SlowDown", 429), (400, "RequestThrottled", 429), (429, "Unheard", 429),
    (429, "ModelNotReadyException", 503), (503, "ServiceUnavailable", 503),
    (503, "ServiceUnavailableException", 503), (503, "Unheard", 503),
    (500, "InternalFailure", 502), (500, "InternalServerError", 502), (502, "Unheard", 502),
    (530, "InternalDependencyException", 502), (504, "Unheard", 502),
    (408, "RequestTimeoutException", 504), (400, "RequestTimeout", 504),
    (413, "RequestEntityTooLarge", 413), (413, "Unheard", 413),
    (403, "AccessDeniedException", 500), (403, "AccessDenied", 500),
    (403, "UnrecognizedClientException", 500), (403, "InvalidSignatureException", 500),
    (403, "ExpiredTokenException", 500), (400, "ExpiredToken", 500),
    (403, "MissingAuthenticationToken", 500), (403, "IncompleteSignature", 500),
    (403, "InvalidClientTokenId", 500), (403, "OptInRequired", 500),
    (404, "UnknownOperationException", 500), (400, "ValidationError", 500),
    (400, "SerializationException", 500),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "told"), CODES)
def test_every_error_of_sagemaker_s_has_a_status_and_leaks_nothing(
    upstream, container, caplog, status, code, told
):
    said = "User: arn:aws:sts::123456789012:assumed-role/marked at /opt/marked Traceback"
    container.reply = error(status, code, {"Message": said})

    with pytest.raises(Exception) as failed:  # noqa: PT011 (its kind is what is tested)
        upstream.invoke(b"{}", {})
    refusal = refused_by(failed.value).refusal

    assert refusal.status == told
    assert ("Retry-After" in refusal.headers) == (told in (429, 503))
    assert len(container.heard) == 1
    for text in (refusal.body.decode(), caplog.text, refused_by(failed.value).reason):
        assert not [word for word in ("arn:", "Traceback", "/opt", "marked") if word in text]


URL = {"endpoint_url": "https://marked"}
KINDS = [
    (ReadTimeoutError(**URL), 504),
    (ConnectTimeoutError(**URL), 504),
    (EndpointConnectionError(**URL, error="marked"), 504),
    (ConnectionClosedError(**URL), 504),
    (ProxyConnectionError(proxy_url="https://marked"), 504),
    (SSLError(**URL, error="marked"), 504),
    (HTTPClientError(error="marked"), 504),
    (ResponseStreamingError(error="marked"), 504),
    (IncompleteReadError(actual_bytes=1, expected_bytes=2), 504),
    (NoCredentialsError(), 500),
    (PartialCredentialsError(provider="marked", cred_var="marked"), 500),
    (CredentialRetrievalError(provider="marked", error_msg="marked"), 500),
    (TokenRetrievalError(provider="marked", error_msg="marked"), 500),
    (NoRegionError(), 500),
    (ParamValidationError(report="marked"), 500),
    (RuntimeError("marked"), 500),
]


@pytest.mark.parametrize(("failure", "told"), KINDS, ids=lambda value: type(value).__name__)
def test_every_failure_beneath_sagemaker_has_a_status_too(upstream, monkeypatch, failure, told):
    def fail(**_):
        raise failure

    monkeypatch.setattr(upstream._client, "invoke_endpoint", fail)

    with pytest.raises(Exception) as failed:  # noqa: PT011 (its kind is what is tested)
        upstream.invoke(b"{}", {})
    refusal = refused_by(failed.value).refusal

    assert refusal.status == told
    assert b"marked" not in refusal.body


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(delay_s=3), UpstreamTimedOut),
        (Reply(hang_up="always"), UpstreamUnreachable),
        (Reply(body=b"x" * 100, cut_at=50), UpstreamUnreachable),
    ],
    ids=["silent", "hangs up", "cut"],
)
def test_a_runtime_that_fails_is_asked_once(upstream, container, reply, kind):
    container.reply = reply

    with pytest.raises(kind):
        upstream.invoke(b"{}", {})

    assert len(container.heard) == 1


def test_a_runtime_that_is_not_there_is_unreachable(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(UpstreamUnreachable):
        an_upstream().invoke(b"{}", {})


def test_without_credentials_the_operator_is_told_and_the_caller_is_not(
    aws, monkeypatch, caplog, tmp_path
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(Exception) as failed:  # noqa: PT011 (its kind is what is tested)
        an_upstream().invoke(b"{}", {})

    assert refused_by(failed.value).refusal.body == b'{"message":"Internal server error"}'
    (line,) = [entry for entry in caplog.records if entry.name == "serving.gateway.sagemaker"]
    assert line.fields == {"code": "NoCredentialsError"}


def test_moto_s_runtime_is_asked_as_the_real_one_would_be(aws, monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    sagemaker = boto3.client("sagemaker", region_name="eu-west-1")
    role = "arn:aws:iam::123456789012:role/css"
    sagemaker.create_model(ModelName="css", ExecutionRoleArn=role)
    variant = {"VariantName": "blue", "ModelName": "css", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="css", ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
    )
    sagemaker.create_endpoint(EndpointName="css", EndpointConfigName="css")
    results = {"region": "eu-west-1", "results": [
        {"Body": json.dumps({"predictions": []}), "ContentType": "application/json",
         "InvokedProductionVariant": "blue", "CustomAttributes": "v7"},
    ]}  # fmt: skip
    place = "/moto-api/static/sagemaker/endpoint-results"
    assert call(port, "POST", place, json.dumps(results), host=host).status == 201

    answer = an_upstream().invoke(b"{}", {"Content-Type": "application/json"})
    server.stop()

    assert (answer.status, answer.body) == (200, b'{"predictions": []}')
    assert answer.headers["x-Amzn-Invoked-Production-Variant"] == "blue"
