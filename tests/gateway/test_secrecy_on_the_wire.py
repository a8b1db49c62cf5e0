"""Rows 90 and 91: marked secrets and hostile strings everywhere, against a real process."""

import random
import re

import pytest

from tests.gateway.fakes import running_gateway
from tests.gateway.issuing import FakeIssuer
from tests.processes import call, free_port

MARK = "MARKEDsecret0123456789"
FRAGMENTS = [
    "\x1b[31m", '"}{"', "{}", "\xe9", "%0d%0a", "' OR 1=1", "${jndi:ldap://x}", "\\", "\x85",
    "\\u0000", "a" * 3000, "<script>", '\\"', "\u2028".encode().decode("latin-1"), "\x7f", "\t",
    "[31m", '","level":"error', "\xff\xfe", "\x00", "\r", "\n", "\r\nX: y", "\x0b\x0c", "\r\n\r\n",
    '{"event":"request","decision":"forwarded"}', "\n{", "%s%n", "\ud83d\ude00".encode(
        "utf-16", "surrogatepass").decode("utf-16").encode().decode("latin-1"),
]  # fmt: skip
HEADERS = [
    "x-api-key", "Authorization", "Cookie", "X-Request-Id", "X-Forwarded-For", "User-Agent",
    "Referer", "X-Amzn-Trace-Id", "Content-Type", "Accept", "Content-Encoding", "Host", "Expect",
    "X-Amzn-SageMaker-Target-Model", "X-Amz-Security-Token", "Range",
    "X-Amzn-SageMaker-Custom-Attributes", "Content-Length", "Transfer-Encoding", "{}", "X-{}",
]  # fmt: skip
PATHS = [
    "/default/invocations", "/default/invocations?x-api-key={}", "/default/{}",
    "/{}/invocations", "/endpoints/{}/invocations", "/endpoints/scorecard/invocations",
    "/ping/{}", "{}", "/ping?{}", "/metrics?{}",
]  # fmt: skip
FIRST_LINES = ["POST {path} HTTP/1.1"] * 8 + ["{text} {path} HTTP/1.1", "POST {path} {text}"]
#: What the container may hear, because the caller means it to: a body, and these.
PASSED_ON = {"content-type", "accept", "x-amzn-sagemaker-custom-attributes"}
NOT_IN_A_HEADER = re.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f]")
#: What a log line may not hold as it is: whatever ends a line somewhere, or moves a cursor.
ENDS_A_LINE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def hostile_texts(count):
    """Give so many, each of its own."""
    chance = random.Random(0)  # noqa: S311 (test data)
    for number in range(count):
        pieces = chance.choices(FRAGMENTS, k=chance.randint(0, 3))
        noise = bytes(chance.choices(range(256), k=chance.randint(0, 8))).decode("latin-1")
        text = f"{number}{''.join(pieces)}{noise}"
        # Half of them may stand in a header, and so get further.
        yield text if number % 8 < 4 else NOT_IN_A_HEADER.sub("", text)


def requests(secret, issuer, count):
    """Give requests with marks in all places, by callers with a key, with a token, with none."""
    chance = random.Random(1)  # noqa: S311 (test data)
    for number, hostile in enumerate(hostile_texts(count)):
        text = f"{MARK}{hostile}"
        header, path = chance.choice(HEADERS), chance.choice(PATHS).replace("{}", text)
        path = "/default/invocations" if number % 3 else path
        first = chance.choice(FIRST_LINES).format(path=path, text=text)
        lines = [first, f"{header.replace('{}', text)}: {text}", "Connection: close"]
        lines += ["Host: x"] * (header != "Host")
        body = text.encode("latin-1")
        if header not in ("Content-Length", "Transfer-Encoding"):
            lines.append(f"Content-Length: {len(body)}")
        if number % 4 == 0 and header not in ("x-api-key", "Authorization"):
            lines.append(f"x-api-key: {secret}")
        if number % 4 == 1 and header not in ("x-api-key", "Authorization"):
            lines.append(f"Authorization: Bearer {token(issuer, hostile, text, number)}")
        yield "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def token(issuer, hostile, text, number):
    """Give a token; who it is from may be logged, what is wrong with it may not."""
    if number % 8 == 5:
        name = "".join(filter(str.isprintable, hostile))[:200]
        return issuer.token(sub=name, jti=text[:500])
    claim = ("iss", "aud", "scope", "jti", "nbf")[number // 8 % 5]
    return issuer.token({"kid": text[:500]} if number % 16 == 1 else None, **{claim: text[:500]})


@pytest.mark.parametrize("count", [400, pytest.param(5_000, marks=pytest.mark.soak)])
def test_marked_secrets_are_seen_nowhere_and_each_request_is_one_line_of_the_log(
    container, keys, tmp_path, count
):
    metrics_port, issuer = free_port(), FakeIssuer()
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_JWT_ISSUERS_FILE=str(issuer.write(tmp_path)),
        SCORECARD_GATEWAY_METRICS_PORT=str(metrics_port),
        SCORECARD_FAILURE_RATE="10000/second",
    ) as gateway:
        sent = requests(keys.key.secret, issuer, count)
        answers = [gateway.send_raw(data, half_close=True) for data in sent]
        metrics = call(metrics_port, "GET", "/metrics")
        outside = gateway.send("GET", "/metrics", None)

    lines, text = gateway.log(), gateway.log_file.read_text()
    assert not ENDS_A_LINE.search(text)
    assert text.count("\n") == len(lines)
    records = [line for line in lines if line["event"] == "request"]
    # One for each answer, by its id; health checks and what is asked of the metrics are quiet.
    answered = [found for answer in answers for found in ids_in(answer)]
    assert len(answered) >= count
    assert len(records) == len({line["request_id"] for line in records})
    assert {line["request_id"] for line in records} - set(answered) == {
        outside.headers["x-amzn-RequestId"]
    }
    quiet = len(answered) + 1 - len(records)
    assert quiet == sum(b'"Healthy"' in answer for answer in answers)
    assert all(line["decision"] for line in records)
    assert outside.status == 403
    assert metrics.status == 200
    assert b"scorecard_decisions_total" in metrics.body
    heard = [
        value
        for heard in container.heard
        for name, value in heard.headers
        if name.lower() not in PASSED_ON
    ]
    assert len(container.invocations) > count / 40
    assert {line.get("caller_kind") for line in records} == {None, "key", "jwt"}
    for where in (text, metrics.body.decode(), b"".join(answers).decode("latin-1"), str(heard)):
        assert MARK not in where
        assert keys.key.secret not in where


def ids_in(answer):
    return [found.decode() for found in re.findall(rb"x-amzn-RequestId: (\S+)", answer)]
