"""One record for each decision (row 92), also of what is no HTTP."""

import itertools

import pytest

from tests.gateway.fakes import Reply, running_gateway
from tests.processes import call, free_port

MALFORMED = [
    b"\r\n\r\n",
    b"POST\r\n\r\n",
    b"POST /default/invocations HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /default/invocations HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    b"POST /default/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /default/invocations HTTP/1.1\r\nHost : x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b'POST "}{" HTTP/1.1\r\n\x1b[31m: \x00\r\n\r\n',
]


def requests_in(gateway):
    return [line for line in gateway.log() if line["event"] == "request"]


def test_row_92_what_is_no_http_is_a_decision_too_logged_and_counted(container, keys, tmp_path):
    metrics_port = free_port()
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_GATEWAY_METRICS_PORT=str(metrics_port),
        # The one that is asked for its metrics; those of others may be half a second old.
        SCORECARD_GATEWAY_WORKERS="1",
    ) as gateway:
        answers = [gateway.send_raw(data) for data in MALFORMED]
        gateway.send(x_api_key=keys.key.secret)
        lines = requests_in(gateway)
        metrics = call(metrics_port, "GET", "/metrics").body.decode()

    answered = [answer for answer in answers if answer]
    assert len(answered) >= len(MALFORMED) - 1
    assert [line["decision"] for line in lines] == ["refused"] * len(answered) + ["forwarded"]
    assert all(line["reason"].startswith("malformed") for line in lines[:-1])
    counted = 'scorecard_decisions_total{caller_kind="none",decision="refused",reason="malformed"}'
    assert f"{counted} {len(answered)}.0" in metrics
    assert (
        f'scorecard_requests_total{{route="other",status="400"}} {len(answered) - 2}.0' in metrics
    )


def mixed(secret, count):
    """Give requests of every kind there is, in turn: path, headers, body."""
    kinds = [
        ("/default/invocations", {"x_api_key": secret}, b"{}"),
        ("/default/invocations", {}, b"{}"),
        ("/default/invocations", {"x_api_key": "wrong"}, b"{}"),
        ("/endpoints/scorecard/invocations", {"x_api_key": secret}, b"{}"),
        ("/endpoints/other/invocations", {"x_api_key": secret}, b"{}"),
        ("/default/nothing", {"x_api_key": secret}, b"{}"),
        ("/default/invocations", {"x_api_key": secret, "Content_Encoding": "gzip"}, b"{}"),
        ("/default/invocations", {"x_api_key": secret}, b"x" * 100_000),
        ("/ping", {}, b"{}"),
    ]
    return itertools.islice(itertools.cycle(kinds), count)


@pytest.mark.parametrize("count", [90, pytest.param(10_000, marks=pytest.mark.soak)])
def test_row_92_mixed_requests_and_a_container_that_dies_have_a_decision_each(
    container, keys, tmp_path, count
):
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_FAILURE_RATE="10000/second",
    ) as gateway:
        for number, (path, headers, body) in enumerate(mixed(keys.key.secret, count)):
            container.reply = Reply(
                status=(200, 500, 400)[number % 3],
                hang_up="always" if number % 10 == 0 else "never",
            )
            gateway.send("POST", path, body, **headers)
        lines = requests_in(gateway)

    assert len(lines) == count
    assert {line["decision"] for line in lines} == {"forwarded", "refused", "failed"}
    assert all(line["request_id"] and line["status"] for line in lines)
    assert all("reason" in line for line in lines if line["decision"] != "forwarded")
