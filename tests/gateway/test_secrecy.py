"""Canaries: a marked secret in every place a caller can put one is seen in no place after that."""

import io
import itertools
import json
import logging

import pytest

from serving.gateway.upstream import UpstreamTimedOut
from serving.web.logs import JsonLines
from tests.gateway.fakes import FakeUpstream
from tests.gateway.in_process import client_of, ring_of

CANARY = "CANARYscs0123456789"
HEADERS = [
    "x-api-key", "Authorization", "Cookie", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Uri",
    "User-Agent", "Referer", "X-Amzn-Trace-Id", "X-Amzn-RequestId", "Accept-Language", "Origin",
    "Content-Encoding", "X-Amzn-SageMaker-Target-Model", "Range", "Host", "Expect",
]  # fmt: skip
PATHS = [
    "/default/invocations",
    f"/default/invocations?x-api-key={CANARY}",
    f"/default/{CANARY}",
    f"/{CANARY}/invocations",
    "/endpoints/css/invocations",
    f"/endpoints/{CANARY}/invocations",
    "/ping",
    f"/ping?{CANARY}",
]
HOSTILE = ["", "\x1b[31m", '"}{"', "{}", "é", "%0d%0a", "' OR 1=1", "${jndi:x}"]


@pytest.fixture
def log():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = logging.getLogger("serving").level
    root.addHandler(handler)
    logging.getLogger("serving").setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    logging.getLogger("serving").setLevel(level)


@pytest.mark.parametrize("upstream", [FakeUpstream(), FakeUpstream(UpstreamTimedOut(), False)])
def test_a_secret_in_any_place_is_never_seen_again(log, keys, upstream):
    secret = keys.key.secret
    client = client_of(upstream, ring_of(keys))
    answers = []
    cases = list(itertools.product(HEADERS, PATHS, HOSTILE, [{}, {"x-api-key": secret}]))

    for header, path, hostile, key in cases:
        headers = {header: f"{CANARY}{hostile}", **key}
        body = f"{CANARY}{hostile}"
        method = "GET" if path.startswith("/ping") else "POST"
        response = client.open(path, method=method, headers=headers, data=body)
        answers.append(f"{response.status} {response.headers} {response.text}")

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    unlogged = 0 if not upstream.ready else sum("200 OK" in a and "Healthy" in a for a in answers)
    assert len([line for line in lines if line["event"] == "request"]) == len(cases) - unlogged
    heard = str([headers for _, headers in upstream.asked])
    assert heard != "[]"
    for text in [log.getvalue(), "".join(answers), heard]:
        assert CANARY not in text
        assert secret not in text
