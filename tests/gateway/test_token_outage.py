"""A running gateway while an issuer's keys cannot be had (G25, row 86)."""

import json
import math
import statistics
import threading
import time

import pytest

from tests.gateway.fakes import running_gateway
from tests.gateway.issuing import FakeIssuer, key_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuer():
    return FakeIssuer()


@pytest.fixture
def served(issuer):
    with key_server(json.dumps(issuer.jwks).encode()) as (server, uri):
        yield server, uri


@pytest.fixture
def gateway(container, issuer, served, tmp_path):
    path = issuer.write(tmp_path, jwks_file=None, jwks_uri=served[1])
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_JWT_ISSUERS_FILE=str(path),
        SCORECARD_FAILURE_RATE="10000/second",
        SCORECARD_GATEWAY_WORKERS="2",
    ) as running:
        yield running


def send(gateway, token):
    return gateway.send(Authorization=f"Bearer {token}")


def seconds_for(gateway, token):
    started = time.perf_counter()
    assert send(gateway, token).status == 200
    return time.perf_counter() - started


@pytest.mark.soak
def test_row_86_ten_thousand_unknown_keys_at_an_issuer_that_hangs_hold_up_nobody(
    gateway, issuer, served
):
    server, _ = served
    server.delay_s = 60
    asked, started = len(server.asked_at), time.monotonic()
    while len(server.asked_at) == asked:
        assert send(gateway, issuer.token({"kid": "unknown"})).status == 401
        assert time.monotonic() < started + 45
        time.sleep(0.2)
    refused = []

    def ask(first):
        kids = (f"unknown {number}" for number in range(first, 10_000, 4))
        refused.extend(send(gateway, issuer.token({"kid": kid})) for kid in kids)

    asking = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in asking:
        thread.start()
    during = []
    while any(thread.is_alive() for thread in asking):
        during.append(seconds_for(gateway, issuer.token()))
    minutes = (time.monotonic() - started) / 60
    slow = statistics.quantiles(during, n=100)[98]
    print(f"{len(server.asked_at) - asked} fetches in {minutes:.2f} min, p99 {slow:.4f} s")  # noqa: T201

    assert len(refused) == 10_000
    assert {(answer.status, answer.body) for answer in refused} == {
        (401, b'{"message":"Unauthorized"}')
    }
    assert {answer.headers["WWW-Authenticate"] for answer in refused} == {"Bearer"}
    assert 1 <= len(server.asked_at) - asked <= 2 * math.ceil(minutes)
    # Who waited for the issuer would wait for 3 s; the rest depends on what else the machine does.
    assert slow < 0.5


def test_g25_an_issuer_that_is_gone_is_not_missed_also_by_a_worker_that_is_new(
    gateway, issuer, served
):
    server, _ = served
    server.status = 503
    token = issuer.token()
    assert send(gateway, token).status == 200

    gateway.process.send_signal(1)  # SIGHUP: other workers, made by the same master
    deadline = time.monotonic() + 15
    while sum(line["event"].startswith("Booting") for line in gateway.log()) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert {send(gateway, token).status for _ in range(30)} == {200}
