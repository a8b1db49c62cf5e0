"""Bodies that stall, too large to be waited for without a thread, keep nobody else out."""

import contextlib
import datetime as dt
import socket
import time

import pytest

from serving.gateway.keys import issue
from tests.gateway.fakes import running_gateway

THREADS = 4
CLIENTS = 40
LARGE = b" " * 20_000 + b"{}"


@pytest.fixture
def gateway(container, tmp_path):
    keys = tmp_path / "keys.json"
    names = ("slow", "other", "slow, too", "slow as well")
    secrets = [issue(keys, name, dt.datetime.now(dt.UTC)).secret for name in names]
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys),
        SCORECARD_GATEWAY_THREADS=str(THREADS),
        SCORECARD_GATEWAY_WORKERS="1",
    ) as running:
        yield running, *secrets


@contextlib.contextmanager
def stalled_bodies(gateway, key):
    """Connections that send a part of a body in chunks, and no more."""
    head = f"POST /default/invocations HTTP/1.1\r\nHost: x\r\nx-api-key: {key}\r\n"
    start = f"{head}Transfer-Encoding: chunked\r\n\r\n5000\r\n".encode() + b"x" * 17_000
    with contextlib.ExitStack() as clients:
        for _ in range(CLIENTS):
            place = ("127.0.0.1", gateway.port)
            clients.enter_context(socket.create_connection(place)).sendall(start)
        yield


def test_stalled_bodies_with_a_wrong_key_keep_nobody_waiting(gateway):
    gateway, _, secret, *_ = gateway
    with stalled_bodies(gateway, "wrong"):
        started = time.monotonic()

        statuses = [gateway.send(body=body, x_api_key=secret).status for body in (b"{}", LARGE)]

        assert time.monotonic() - started < 6
    assert statuses == [200, 200]


def test_stalled_bodies_of_one_caller_keep_no_other_out(gateway):
    gateway, slow, secret, *_ = gateway
    with stalled_bodies(gateway, slow):
        time.sleep(1)  # those beyond its share are refused by then
        started = time.monotonic()

        statuses = [gateway.send(body=LARGE, x_api_key=secret).status for _ in range(5)]

        assert time.monotonic() - started < 1
    assert statuses == [200] * 5


def test_stalled_bodies_of_several_callers_keep_no_other_out(gateway):
    gateway, slow, secret, *slow_too = gateway
    with contextlib.ExitStack() as callers:
        for key in (slow, *slow_too):
            callers.enter_context(stalled_bodies(gateway, key))
        time.sleep(1)  # those beyond their shares are refused by then
        started = time.monotonic()

        # These are there whole before anybody waits for them.
        bodies = (b"{}", LARGE, b" " * 200_000 + b"{}")
        statuses = [gateway.send(body=body, x_api_key=secret).status for body in bodies]

        assert time.monotonic() - started < 1
    assert statuses == [200] * 3


def test_whoever_has_no_key_is_not_asked_for_a_body(gateway):
    gateway, _, secret, *_ = gateway
    head = "POST /default/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += "Expect: 100-continue\r\nContent-Length: 2\r\nx-api-key: "

    refused = gateway.send_raw(f"{head}wrong\r\n\r\n".encode())
    asked = gateway.send_raw(f"{head}{secret}\r\n\r\n{{}}".encode())

    assert refused.startswith(b"HTTP/1.1 403 ")
    assert asked.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
