"""`GET /<stage>/schema` is for those who may read what the model is asked (row 87)."""

import itertools
import json

import pytest

from serving.gateway.grants import EXPLAIN, INVOKE, READ_MODEL, SCOPES, Grants
from serving.gateway.keys import issue
from serving.gateway.upstream import Answer, UpstreamTimedOut, UpstreamUnreachable
from tests.gateway.fakes import NOON, FakeUpstream, Keys, Reply, running_gateway
from tests.gateway.in_process import client_of, ring_of

SCHEMA = b'{"inputs":[{"name":"acct_age"}]}'
ROUTES = {
    ("POST", "/default/invocations"): INVOKE,
    ("POST", "/endpoints/css/invocations"): INVOKE,
    ("GET", "/default/schema"): READ_MODEL,
    ("POST", "/default/explain"): EXPLAIN,
}


@pytest.fixture(scope="module")
def granted(tmp_path_factory):
    """Keys for every set of scopes there is: the scopes → a secret; and their ring."""
    path = tmp_path_factory.mktemp("scopes") / "keys.json"
    sets = [
        scopes
        for size in range(1, len(SCOPES) + 1)
        for scopes in itertools.combinations(SCOPES, size)
    ]
    keys = {scopes: issue(path, "a", NOON, grants=Grants(scopes)) for scopes in sets}
    elsewhere = issue(path, "b", NOON, grants=Grants(SCOPES, ("elsewhere",)))
    secrets = {scopes: key.secret for scopes, key in keys.items()}
    return secrets, elsewhere.secret, ring_of(Keys(path, elsewhere))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_row_87_a_route_is_open_to_its_own_scope_alone(granted, method, path):
    secrets, _, ring = granted
    for scopes, secret in secrets.items():
        upstream = FakeUpstream(Answer(200, "application/json", SCHEMA))

        found = client_of(upstream, ring).open(
            path, method=method, headers={"x-api-key": secret}, data=b""
        )

        may = ROUTES[method, path] in scopes
        assert found.status_code == (200 if may else 403), scopes
        assert len(upstream.asked) == may


def test_without_a_key_for_this_endpoint_nobody_reads_the_schema(granted):
    _, elsewhere, ring = granted
    upstream = FakeUpstream()
    client = client_of(upstream, ring)

    statuses = [
        client.get("/default/schema", headers=headers).status_code
        for headers in ({}, {"x-api-key": "wrong"}, {"x-api-key": elsewhere})
    ]

    assert statuses == [403] * 3
    assert not upstream.asked


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/default/schema"),
        ("HEAD", "/default/schema"),
        ("GET", "/default/schema/"),
        ("GET", "/other/schema"),
        ("GET", "/schema"),
        ("GET", "/default/openapi.json"),
        ("GET", "/default/%73chema"),
    ],
)
def test_no_other_question_is_passed_on(granted, method, path):
    secrets, _, ring = granted
    upstream = FakeUpstream()

    found = client_of(upstream, ring).open(
        path, method=method, headers={"x-api-key": secrets[SCOPES]}
    )

    assert found.status_code == 403
    assert not upstream.asked


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(503, "application/json", b'{"message":"no model"}'), 503),
        (UpstreamTimedOut(), 504),
        (UpstreamUnreachable(), 504),
        (None, 403),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["proxy", "strict", "css-mini"])
def test_what_goes_wrong_is_told_as_it_is_in_every_mode(granted, answer, status, mode):
    secrets, _, ring = granted
    client = client_of(FakeUpstream(answer), ring, mode=mode)

    found = client.get("/default/schema", headers={"x-api-key": secrets[READ_MODEL,]})

    assert found.status_code == status


def test_the_container_is_asked_for_its_schema_and_hears_no_key(container, tmp_path):
    key = issue(tmp_path / "keys.json", "a", NOON, grants=Grants((READ_MODEL,)))
    container.reply = Reply(body=SCHEMA)
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(tmp_path / "keys.json"),
    ) as gateway:
        found = gateway.send("GET", "/default/schema", None, x_api_key=key.secret)
        refused = gateway.send(x_api_key=key.secret)
        lines = [line for line in gateway.log() if line["event"] == "request"]

    assert (found.status, json.loads(found.body)) == (200, json.loads(SCHEMA))
    assert refused.status == 403
    (heard,) = container.heard
    assert (heard.method, heard.path, heard.body) == ("GET", "/schema", b"")
    assert key.secret not in str(heard.headers)
    assert ("X-Request-Id", lines[0]["request_id"]) in heard.headers
    assert [(line["route"], line["decision"]) for line in lines] == [
        ("/default/schema", "forwarded"),
        ("/default/invocations", "refused"),
    ]
