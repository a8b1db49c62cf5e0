"""`POST /<stage>/explain` is passed on as it is, under a scope of its own."""

import json

import pytest

from serving.gateway.grants import EXPLAIN, Grants
from serving.gateway.keys import issue
from serving.gateway.upstream import Answer, UpstreamCannot, UpstreamTimedOut
from tests.gateway.fakes import NOON, FakeUpstream, Keys, Reply, running_gateway
from tests.gateway.in_process import client_of, ring_of

BODY = b'{"instances":[{"features":[1]}]}'
EXPLAINED = b'{"explanations":[]}'


@pytest.fixture
def key(tmp_path):
    return issue(tmp_path / "keys.json", "a", NOON, grants=Grants((EXPLAIN,)))


@pytest.mark.parametrize("mode", ["proxy", "strict", "css-mini"])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(200, "application/json", EXPLAINED), 200),
        (Answer(400, "application/json", b'{"message":"row 0: macro is text"}'), 400),
        (UpstreamTimedOut(), 504),
    ],
    ids=str,
)
def test_what_the_container_says_is_told_as_it_is_in_every_mode(
    tmp_path, key, answer, status, mode
):
    client = client_of(FakeUpstream(answer), ring_of(Keys(tmp_path / "keys.json", key)), mode=mode)

    found = client.post("/default/explain", headers={"x-api-key": key.secret}, data=BODY)

    assert found.status_code == status


def test_before_sagemaker_it_is_501_and_names_the_command_line(tmp_path, key):
    client = client_of(FakeUpstream(UpstreamCannot()), ring_of(Keys(tmp_path / "keys.json", key)))

    found = client.post("/default/explain", headers={"x-api-key": key.secret}, data=BODY)

    assert found.status_code == 501
    assert "scorecard explain ARTIFACT" in found.json["message"]


def test_the_container_hears_the_body_and_no_key(container, tmp_path, key):
    container.reply = Reply(body=EXPLAINED)
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(tmp_path / "keys.json"),
    ) as gateway:
        found = gateway.send("POST", "/default/explain", BODY, x_api_key=key.secret)

    assert (found.status, json.loads(found.body)) == (200, json.loads(EXPLAINED))
    (heard,) = container.heard
    assert (heard.method, heard.path, heard.body) == ("POST", "/explain", BODY)
    assert key.secret not in str(heard.headers)
