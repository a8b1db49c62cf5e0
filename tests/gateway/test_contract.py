"""The rows of the contract about the gateway, over real sockets."""

import re
import time
import uuid

import pytest

from serving.gateway.keys import issue, revoke
from tests.gateway.fakes import NOON, Reply, running_gateway
from tests.processes import free_port

FORBIDDEN = (403, b'{"message":"Forbidden"}', "ForbiddenException")
NO_TOKEN = (
    403,
    b'{"message":"Missing Authentication Token"}',
    "MissingAuthenticationTokenException",
)


def seen(response):
    return response.status, response.body, response.headers["x-amzn-ErrorType"]


def is_signed(response):
    return (
        uuid.UUID(response.headers["x-amzn-RequestId"])
        and re.fullmatch(r"[A-Za-z0-9_-]{15}=", response.headers["x-amz-apigw-id"])
        and response.headers["Content-Type"] == "application/json"
    )


def test_g1_without_a_key_a_caller_is_forbidden(gateway, container):
    response = gateway.send()

    assert seen(response) == FORBIDDEN
    assert is_signed(response)
    assert not container.heard


def test_g2_a_wrong_key_looks_exactly_like_no_key(gateway, container, keys):
    mistyped = keys.key.secret[:-1] + ("A" if keys.key.secret[-1] != "A" else "B")

    none, wrong = gateway.send(), gateway.send(x_api_key=mistyped)

    assert seen(wrong) == seen(none) == FORBIDDEN
    assert sorted(wrong.headers) == sorted(none.headers)
    assert not container.heard


@pytest.mark.parametrize("name", ["x-api-key", "X-Api-Key", "X-API-KEY"])
def test_g3_a_key_counts_in_any_case_of_the_header_s_name(gateway, container, keys, name):
    body = b'{"instances":[{"features":["x",1]}]}'

    response = gateway.send(body=body, **{name: keys.key.secret})

    assert response.status == 200
    assert [heard.body for heard in container.invocations] == [body]


def test_g4_a_key_in_the_query_or_body_does_not_count(gateway, container, keys):
    secret = keys.key.secret

    in_query = gateway.send(path=f"/default/invocations?x-api-key={secret}&api_key={secret}")
    in_body = gateway.send(body=f'{{"x-api-key":"{secret}"}}'.encode())

    assert seen(in_query) == seen(in_body) == FORBIDDEN
    assert not container.heard


def test_g5_a_key_revoked_at_run_time_is_refused_by_every_worker_within_5_s(gateway, keys):
    old, new = issue(keys.path, "old", NOON), issue(keys.path, "new", NOON)
    wait_until(lambda: all(gateway.send(x_api_key=new.secret).status == 200 for _ in range(20)))

    revoke(keys.path, old.key_id, NOON)
    wait_until(lambda: all(gateway.send(x_api_key=old.secret).status == 403 for _ in range(20)))

    assert seen(gateway.send(x_api_key=old.secret)) == FORBIDDEN
    assert gateway.send(x_api_key=new.secret).status == 200


def wait_until(condition, timeout_s=5):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/default/invocations"),
        ("POST", "/default/other"),
        ("POST", "/default"),
        ("OPTIONS", "/default/invocations"),
        ("POST", "/ping"),
    ],
)
def test_g6_an_unknown_path_or_method_misses_a_token(
    gateway, container, keys, method, path, with_key
):
    headers = {"x_api_key": keys.key.secret} if with_key else {}

    response = gateway.send(method, path, **headers)

    assert seen(response) == NO_TOKEN
    assert is_signed(response)
    assert not container.heard


@pytest.mark.parametrize("path", ["/other/invocations", "/invocations", "/", "//default"])
def test_g7_an_unknown_stage_is_forbidden(gateway, container, keys, path):
    assert seen(gateway.send(path=path, x_api_key=keys.key.secret)) == FORBIDDEN
    assert not container.heard


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_g8_a_body_over_ten_megabytes_is_too_long(gateway, container, keys, framing):
    largest, one_more = bytes(10_485_760), bytes(10_485_761)

    def send(body):
        pieces = [body[start : start + 2**20] for start in range(0, len(body), 2**20)]
        sent = body if framing == "Content-Length" else iter(pieces)
        return gateway.send(body=sent, x_api_key=keys.key.secret)

    allowed, refused = send(largest), send(one_more)

    assert allowed.status == 200
    assert refused.status == 413
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert refused.body == b"HTTP content length exceeded 10485760 bytes."
    assert [len(heard.body) for heard in container.invocations] == [10_485_760]


def test_g12_a_slow_container_is_given_up_after_the_time_limit(gateway, container, keys):
    container.reply = Reply(delay_s=6)
    started = time.monotonic()

    response = gateway.send(x_api_key=keys.key.secret)

    assert 0.9 < time.monotonic() - started < 4
    assert seen(response) == (
        504,
        b'{"message":"Endpoint request timed out"}',
        "InternalServerErrorException",
    )


def test_g13_a_container_that_is_not_there_is_a_504_and_ping_says_503(tmp_path, keys):
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=f"http://127.0.0.1:{free_port()}",
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_GATEWAY_WORKERS="1",
    ) as gateway:
        response = gateway.send(x_api_key=keys.key.secret)
        ping = gateway.send("GET", "/ping", None)

    assert seen(response) == (
        504,
        b'{"message":"Internal server error"}',
        "InternalServerErrorException",
    )
    assert ping.status == 503


def test_g22_a_success_carries_what_api_gateway_adds(gateway, keys):
    response = gateway.send(x_api_key=keys.key.secret)

    assert response.status == 200
    assert is_signed(response)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", response.headers["X-Amzn-Trace-Id"])


def test_g23_in_authorization_a_key_may_follow_bearer_written_exactly_so(container, keys, tmp_path):
    secret = keys.key.secret
    expected = {
        secret: 200,
        f"Bearer {secret}": 200,
        f"bearer {secret}": 403,
        f"Bearer  {secret}": 403,
        f"Bearer Bearer {secret}": 403,
        f"Bearer{secret}": 403,
        f"Basic {secret}": 403,
        "Bearer": 403,
    }
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_AUTH_HEADER="Authorization",
        SCORECARD_STAGE="prod",
        SCORECARD_GATEWAY_WORKERS="1",
    ) as gateway:
        path = "/prod/invocations"
        actual = {sent: gateway.send(path=path, Authorization=sent).status for sent in expected}
        elsewhere = gateway.send(path=path, x_api_key=secret)

    assert actual == expected
    assert elsewhere.status == 403


def test_g27_the_log_holds_one_json_line_per_request_and_nothing_of_what_was_sent(
    gateway, container, keys
):
    container.reply = Reply(body=b'{"predictions":["marked-answer"]}')
    before = len(gateway.log())
    secret, request_ids = keys.key.secret, []
    for headers in [{"x_api_key": secret}, {"x_api_key": "marked-wrong"}]:
        response = gateway.send(
            path=f"/default/invocations?marked-query={secret}",
            body=b"marked-body",
            Cookie="marked-cookie",
            X_Request_Id=secret,
            **headers,
        )
        request_ids.append(response.headers["x-amzn-RequestId"])
    # What gunicorn refuses by itself, and would quote.
    gateway.send_raw(f"POST / HTTP/1.1\r\nx-api-key {secret}\r\n\r\n".encode())
    gateway.send_raw(f"GET /?key={secret} HTTP/9.9\r\n\r\n".encode())

    lines = gateway.log()[before:]

    forwarded, refused, *malformed = [line for line in lines if line["event"] == "request"]
    assert [forwarded["request_id"], refused["request_id"]] == request_ids
    assert forwarded["caller"] == keys.key.key_id
    assert forwarded["decision"] == "forwarded"
    assert isinstance(forwarded["upstream_ms"], float)
    assert (refused["decision"], refused["reason"]) == ("refused", "mistyped key")
    assert [line["status"] for line in malformed] == [400, 400]
    whole_log = gateway.log_file.read_text()
    assert "marked" not in whole_log
    assert secret not in whole_log


def test_ping_needs_no_key_and_forwards_nothing(gateway, container):
    response = gateway.send(
        "GET", "/ping?marked=1", None, Cookie="marked", X_Forwarded_For="marked"
    )

    assert response.status == 200
    assert is_signed(response)
    (heard,) = container.heard
    assert (heard.method, heard.path, heard.body) == ("GET", "/ping", b"")
    assert "marked" not in str(heard.headers)
