"""Rows 90 and 91: marked secrets and hostile strings everywhere, against a real process."""

import itertools
import json
import random

import pytest

from tests.gateway.fakes import free_port, running_gateway
from tests.processes import call

MARK = "MARKEDsecret0123456789"
HOSTILE = [
    "", "\x1b[31m", '"}{"', "{}", "\xe9", "%0d%0a", "' OR 1=1", "${jndi:ldap://x}", "\\", "\x85",
    "\\u0000", "a" * 3000, "<script>", '\\"', "\u2028".encode().decode("latin-1"), "\x7f", "\t",
    "[31m", '","level":"error', "\xff\xfe", "\x00", "\r", "\n", "\r\nX: y", "\x0b\x0c",
]  # fmt: skip
HEADERS = [
    "x-api-key", "Authorization", "Cookie", "X-Request-Id", "X-Forwarded-For", "User-Agent",
    "Referer", "X-Amzn-Trace-Id", "Content-Type", "Accept", "Content-Encoding", "Host", "Expect",
    "X-Amzn-SageMaker-Target-Model", "X-Amz-Security-Token", "Range",
]  # fmt: skip
PATHS = [
    "/default/invocations", "/default/invocations?x-api-key={}", "/default/{}",
    "/{}/invocations", "/endpoints/{}/invocations", "/endpoints/scorecard/invocations",
    "/ping/{}", "{}",
]  # fmt: skip
#: What the container may hear, because the caller means it to: a body, and these.
PASSED_ON = {"content-type", "accept"}


def requests(secret, count):
    """Give so many requests, with the key or without, each with marks in several places."""
    chance = random.Random(0)  # noqa: S311 (test data)
    every = list(itertools.product(HEADERS, PATHS, HOSTILE, [True, False]))
    for header, path, hostile, has_key in chance.choices(every, k=count):
        text = f"{MARK}{hostile}"
        lines = [f"POST {path.format(text)} HTTP/1.1", f"{header}: {text}", "Connection: close"]
        lines += ["Host: x"] * (header != "Host")
        lines += [f"x-api-key: {secret}"] * (has_key and header != "x-api-key")
        body = text.encode("latin-1")
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        yield head.encode("latin-1") + body


@pytest.mark.parametrize("count", [300, pytest.param(5_000, marks=pytest.mark.soak)])
def test_marked_secrets_are_seen_nowhere_and_every_line_of_the_log_parses(
    container, keys, tmp_path, count
):
    metrics_port = free_port()
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_GATEWAY_METRICS_PORT=str(metrics_port),
        SCORECARD_FAILURE_RATE="10000/second",
    ) as gateway:
        sent = requests(keys.key.secret, count)
        answers = [gateway.send_raw(data, half_close=True) for data in sent]
        metrics = call(metrics_port, "GET", "/metrics")
        outside = gateway.send("GET", "/metrics", None)
        lines = gateway.log()

    records = [line for line in lines if line["event"] == "request"]
    assert all(answer.startswith(b"HTTP/1.1 ") for answer in answers)
    # One more for the question from outside; what is asked of the metrics is quiet.
    assert len(records) == count + 1
    assert all("\n" not in json.dumps(line) for line in lines)
    assert outside.status == 403
    assert metrics.status == 200
    assert b"scorecard_decisions_total" in metrics.body
    heard = [
        value
        for heard in container.heard
        for name, value in heard.headers
        if name.lower() not in PASSED_ON
    ]
    assert len(container.invocations) > count / 20
    for text in (
        gateway.log_file.read_text(),
        metrics.body.decode(),
        b"".join(answers).decode("latin-1"),
        str(heard),
    ):
        assert MARK not in text
        assert keys.key.secret not in text
