"""How the container's errors reach callers, by mode and by kind of upstream; no sockets."""

import json

import pytest

from serving.gateway.upstream import (
    Answer,
    NoSuchEndpoint,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamThrottled,
    UpstreamTimedOut,
    UpstreamTooLarge,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from tests.gateway.fakes import FakeUpstream
from tests.gateway.in_process import client_of, ring_of
from tests.gateway.sagemaker_runtime import ARN, model_error

PATH = "/default/invocations"
SAGEMAKER_PATH = "/endpoints/css/invocations"


@pytest.fixture
def ask(keys):
    def ask_one(answer, mode, path=PATH, *, body=b"{}", **headers):
        upstream = FakeUpstream(answer)
        client = client_of(upstream, ring_of(keys), mode=mode)
        sent = {"x-api-key": keys.key.secret, **headers}
        return client.post(path, data=body, headers=sent), upstream

    return ask_one


def from_container(status, body=b'{"message":"x"}'):
    return Answer(status, "application/json", body)


def from_sagemaker(status, text='{"message":"x"}'):
    return Answer(status, None, text.encode(), model_error=model_error(status, text).body)


def test_g14_in_strict_mode_a_400_of_the_container_is_a_424_as_sagemaker_writes_it(ask):
    response, _ = ask(from_container(400), "strict")

    assert response.status_code == 424
    said = response.json
    assert said["ErrorCode"] == "CLIENT_ERROR_FROM_MODEL"
    assert said["OriginalStatusCode"] == 400
    assert said["OriginalMessage"] == '{"message":"x"}'
    assert said["LogStreamArn"].startswith("arn:aws:logs:")
    assert said["Message"].startswith(
        'Received client error (400) from primary with message "{"message":"x"}". See https://'
    )
    assert sorted(said) == sorted(json.loads(model_error(400, "").body))


def test_g15_a_500_of_the_container_is_an_internal_failure(ask):
    response, _ = ask(from_container(500), "strict")

    assert response.status_code == 424
    assert response.json["ErrorCode"] == "INTERNAL_FAILURE_FROM_MODEL"
    assert response.json["Message"].startswith("Received server error (500) from primary")


def test_g16_no_answer_in_time_is_sagemaker_s_server_error_nought(ask):
    response, _ = ask(UpstreamTimedOut(), "proxy", SAGEMAKER_PATH)

    assert response.status_code == 424
    assert response.headers["x-amzn-ErrorType"] == "ModelError"
    assert response.json["OriginalStatusCode"] == 0
    assert (
        'server error (0) from primary with message "Your invocation timed out'
        in (response.json["Message"])
    )


def test_g18_in_css_mini_mode_an_error_is_a_200_with_sagemaker_s_words(ask):
    response, _ = ask(from_container(400), "css-mini")

    assert response.status_code == 200
    assert response.json["ErrorCode"] == "CLIENT_ERROR_FROM_MODEL"


SIX_MIB = 6 * 2**20


@pytest.mark.parametrize(
    ("mode", "failure", "status", "code"),
    [
        ("strict", from_container(413), 424, "CLIENT_ERROR_FROM_MODEL"),
        ("strict", UpstreamTooLarge("413"), 413, None),
        ("proxy", from_container(413), 413, None),
        ("proxy", UpstreamTooLarge("413"), 413, None),
        ("css-mini", from_container(413), 200, "CLIENT_ERROR_FROM_MODEL"),
        ("css-mini", UpstreamTooLarge("413"), 200, "RequestTooLargeException"),
    ],
)
def test_g9_a_body_between_6_mib_and_10_mb_passes_the_gateway_and_is_refused_behind_it(
    ask, mode, failure, status, code
):
    body = bytes(SIX_MIB + 1)

    response, upstream = ask(failure, mode, body=body)

    ((sent, _),) = upstream.asked
    assert len(sent) == len(body)
    assert response.status_code == status
    assert response.json.get("ErrorCode") == code
    assert "predictions" not in response.json


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (UpstreamBusy("ServiceUnavailable"), 503, "ServiceUnavailableException"),
        (UpstreamThrottled("Throttling"), 429, "TooManyRequestsException"),
        (UpstreamFailed("InternalFailure"), 502, "InternalServerErrorException"),
    ],
)
def test_what_sagemaker_says_for_itself_is_a_200_with_a_code_in_css_mini_mode_alone(
    ask, failure, status, code
):
    hidden, _ = ask(failure, "css-mini")
    shown, _ = ask(failure, "strict")
    by_sagemakers_client, _ = ask(failure, "css-mini", SAGEMAKER_PATH)

    assert hidden.status_code == 200
    assert sorted(hidden.json) == ["ErrorCode", "Message"]
    assert hidden.json["ErrorCode"] == code
    assert shown.status_code == by_sagemakers_client.status_code == status


@pytest.mark.parametrize(
    ("failure", "status"),
    [(UpstreamTimedOut(), 504), (UpstreamUnreachable(), 504), (UpstreamUnusable(), 500)],
)
def test_what_the_gateway_finds_out_for_itself_keeps_its_status_in_css_mini_mode(
    ask, failure, status
):
    response, _ = ask(failure, "css-mini")

    assert response.status_code == status


def test_a_failure_that_goes_out_with_200_is_a_failure_in_the_log(ask, caplog):
    caplog.set_level("INFO", "serving")

    ask(UpstreamTooLarge("413"), "css-mini")

    (line,) = [record.fields for record in caplog.records if record.getMessage() == "request"]
    assert line["status"] == 200
    assert (line["decision"], line["reason"]) == ("failed", "upstream: UpstreamTooLarge")


@pytest.mark.parametrize(("mode", "status"), [("css-mini", 200), ("strict", 400), ("proxy", 400)])
def test_g17_and_g19_no_endpoint_is_told_by_its_code(ask, mode, status):
    response, _ = ask(NoSuchEndpoint(), mode)

    assert response.status_code == status
    assert response.json["ErrorCode"] == "NO_SUCH_ENDPOINT"


def test_g20_and_g21_css_mini_s_gateway_hands_on_a_type_and_nothing_else(ask):
    sent = {"Accept": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "a"}
    of_json = {"Content-Type": "application/json"}

    _, by_css_mini = ask(from_container(200), "css-mini", **of_json, **sent)
    _, by_proxy = ask(from_container(200), "proxy", **of_json, **sent)

    ((_, to_css_mini),) = by_css_mini.asked
    ((_, to_proxy),) = by_proxy.asked
    to_css_mini.pop("X-Request-Id")
    assert to_css_mini == {**of_json, "Accept": "application/json"}
    assert sent.items() <= to_proxy.items()


@pytest.mark.parametrize("status", [400, 424, 500, 503])
def test_by_proxy_a_container_s_answer_is_as_it_was(ask, status):
    response, _ = ask(from_container(status), "proxy")

    assert (response.status_code, response.data) == (status, b'{"message":"x"}')


@pytest.mark.parametrize(
    ("status", "text", "told", "body"),
    [
        (400, '{"message":"x"}', 400, b'{"message":"x"}'),
        (413, '{"message":"x"}', 413, b'{"message":"x"}'),
        (400, "no JSON", 400, b'{"message":"Bad Request"}'),
        (406, "", 406, b'{"message":"Not Acceptable"}'),
        (418, json.dumps({"message": "x" * 5000}), 418, b'{"message":"I\'m a Teapot"}'),
        (499, "<html>", 499, b'{"message":"Bad Request"}'),
        (400, json.dumps({"message": f"see {ARN}"}), 400, b'{"message":"Bad Request"}'),
        (400, '{"message":"Traceback (most"}', 400, b'{"message":"Bad Request"}'),
        (500, '{"message":"x"}', 502, b'{"message":"Internal server error"}'),
        (503, '{"message":"x"}', 502, b'{"message":"Internal server error"}'),
        (0, "", 504, b'{"message":"Endpoint request timed out"}'),
    ],
)
def test_by_proxy_sagemaker_s_424_is_unwrapped_and_names_no_account(ask, status, text, told, body):
    response, _ = ask(from_sagemaker(status, text), "proxy")

    assert (response.status_code, response.data) == (told, body)
    assert b"arn:" not in response.data


@pytest.mark.parametrize(("mode", "status"), [("strict", 424), ("css-mini", 200)])
@pytest.mark.parametrize("original", [0, 400, 500])
def test_sagemaker_s_own_words_pass_to_the_byte(ask, mode, status, original):
    answer = from_sagemaker(original)

    response, _ = ask(answer, mode)

    assert (response.status_code, response.data) == (status, answer.model_error)
    assert response.headers["Content-Type"] == "application/json"
