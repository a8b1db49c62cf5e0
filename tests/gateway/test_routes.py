"""The app in one process, in front of an upstream that only remembers."""

import itertools
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.gateway.upstream import (
    Answer,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from tests.gateway.fakes import FakeUpstream
from tests.gateway.in_process import client_of, ring_of

PATH = "/default/invocations"


@pytest.fixture
def upstream():
    return FakeUpstream()


@pytest.fixture(scope="session")
def ring(keys):
    return ring_of(keys)


@pytest.fixture
def client(upstream, ring):
    return client_of(upstream, ring)


@pytest.fixture
def with_key(keys):
    return {"x-api-key": keys.key.secret}


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"]
PATHS = [
    "/default/invocations",
    "/default/invocations/",
    "/default//invocations",
    "//default/invocations",
    "/DEFAULT/invocations",
    "/default/%69nvocations",
    "/default%2finvocations",
    "/default/./invocations",
    "/ping/../default/invocations",
    "/default/invocations?key=1",
    "/default/invocations;x=y",
    "/invocations",
    "/ping/",
    "/ping/invocations",
    "/static/x",
]
SIDE_DOORS = [
    {},
    {"User-Agent": "ELB-HealthChecker/2.0", "X-Forwarded-Uri": "/ping", "X-Original-URL": "/ping"},
    {"X-HTTP-Method-Override": "GET", "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=::1"},
    {"Authorization": "Bearer anything", "X-Remote-User": "admin", "Cookie": "x-api-key=1"},
    {"x-api-key": ""},
    {"x-api-key": "scs"},
    {"X-Amzn-Api-Key-Id": "1", "X-Forwarded-Host": "localhost", "Host": "localhost"},
]


def test_no_path_method_or_header_gets_past_the_missing_key(client, upstream):
    cases = list(itertools.product(METHODS, PATHS, SIDE_DOORS))

    statuses = {
        client.open(path, method=method, headers=headers, data=b"{}").status_code
        for method, path, headers in cases
    }

    assert len(cases) > 1000
    assert statuses == {403}
    assert not upstream.asked


NAMES = st.one_of(
    st.sampled_from(
        [
            "Connection", "Cookie", "Authorization", "X-Forwarded-For", "X-Forwarded-Proto",
            "X-Amzn-SageMaker-Target-Model", "X-Amzn-SageMaker-Custom-Attributes", "Keep-Alive",
            "TE", "Upgrade", "Proxy-Authorization", "X-Request-Id", "Accept", "Content-Type",
            "Accept-Encoding", "Via", "Forwarded", "User-Agent", "Referer", "X-Amz-Security-Token",
        ]
    ),
    st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True),
)  # fmt: skip
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"))
FRAMING = {"content-length", "transfer-encoding", "content-encoding", "x-api-key", "host"}


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(headers=st.dictionaries(NAMES, VALUES, max_size=8))
def test_the_upstream_hears_exactly_the_headers_on_the_list(client, upstream, with_key, headers):
    sent = {name: value for name, value in headers.items() if name.lower() not in FRAMING}
    upstream.asked.clear()

    response = client.post(PATH, data=b"{}", headers={**with_key, **sent})

    assert response.status_code == 200
    ((body, heard),) = upstream.asked
    own_id = heard.pop("X-Request-Id")
    assert own_id == response.headers["x-amzn-RequestId"]
    listed = {"content-type", "accept", "x-amzn-sagemaker-custom-attributes"}
    wanted = {
        name.lower(): value for name, value in sent.items() if name.lower() in listed and value
    }
    assert {name.lower(): value for name, value in heard.items()} == wanted
    assert body == b"{}"


@pytest.mark.parametrize(
    ("failure", "status", "body"),
    [
        (UpstreamTimedOut(), 504, b'{"message":"Endpoint request timed out"}'),
        (UpstreamUnreachable("marked"), 504, b'{"message":"Internal server error"}'),
        (UpstreamUnusable("marked"), 500, b'{"message":"Internal server error"}'),
    ],
)
def test_a_failing_upstream_is_told_in_api_gateway_s_words(
    client, upstream, with_key, failure, status, body
):
    upstream.answer = failure

    response = client.post(PATH, headers=with_key)

    assert (response.status_code, response.data) == (status, body)
    assert response.headers["x-amzn-ErrorType"] == "InternalServerErrorException"


@pytest.mark.parametrize("status", [200, 400, 415, 500, 503])
def test_the_container_s_own_answer_goes_through_as_it_is(client, upstream, with_key, status):
    headers = {"Retry-After": "5", "X-Scorecard-Version": "v1"}
    upstream.answer = Answer(status, "application/json", b'{"message":"x"}', headers)

    response = client.post(PATH, headers=with_key)

    assert (response.status_code, response.data) == (status, b'{"message":"x"}')
    assert response.headers["Content-Type"] == "application/json"
    assert headers.items() <= dict(response.headers).items()
    assert "x-amzn-ErrorType" not in response.headers
    assert ("X-Amzn-Trace-Id" in response.headers) == (status == 200)


def test_an_answer_without_a_media_type_is_json(client, upstream, with_key):
    upstream.answer = Answer(200, None, b"{}")

    assert client.post(PATH, headers=with_key).headers["Content-Type"] == "application/json"


def test_a_bug_is_a_500_that_says_nothing_and_a_log_that_says_all(
    client, upstream, with_key, caplog
):
    upstream.answer = None

    response = client.post(PATH, headers=with_key)

    assert response.status_code == 500
    assert response.data == b'{"message":"Internal server error"}'
    assert response.headers["x-amzn-RequestId"]
    assert [record.exc_info for record in caplog.records if record.levelno == logging.ERROR]


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
def test_ping_is_as_ready_as_the_upstream(client, upstream, ready, status):
    upstream.ready = ready

    assert client.get("/ping").status_code == status
    assert not upstream.asked


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_without_a_key_there_is_ping_by_get_and_nothing_else(client, method):
    assert client.open("/ping", method=method).status_code == 403


def test_the_key_is_checked_before_the_body_is_looked_at(client, upstream):
    too_large = {"Content-Length": str(2**40)}

    for headers in [{"Content-Encoding": "gzip"}, too_large]:
        assert client.post(PATH, headers={**headers, "x-api-key": "wrong"}).status_code == 403


def test_the_header_s_name_and_the_stage_are_settings(upstream, ring, keys):
    client = client_of(upstream, ring, header="X-Scorecard-Key", stage="v2")

    assert client.post("/v2/invocations").status_code == 403
    accepted = client.post("/v2/invocations", headers={"X-Scorecard-Key": keys.key.secret})
    assert accepted.status_code == 200


@pytest.mark.parametrize("header", ["x-api-key", "X-Scorecard-Key"])
def test_a_key_may_follow_bearer_whatever_its_header_is(upstream, ring, keys, header):
    client = client_of(upstream, ring, header=header)

    statuses = [
        client.post(PATH, headers={header: f"{before}{keys.key.secret}"}).status_code
        for before in ("", "Bearer ", "bearer ", "Bearer", "Basic ")
    ]

    assert statuses == [200, 200, 403, 403, 403]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(presented=VALUES)
def test_any_bytes_in_the_key_s_header_are_just_refused(client, upstream, presented):
    response = client.post(PATH, headers={"x-api-key": presented})

    # Two headers of one name arrive as one with a comma.
    assert response.status_code == (400 if "," in presented else 403)
    assert not upstream.asked
