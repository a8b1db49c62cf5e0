"""Row 28: 200 clients that send and read as slowly as they can, beside those that do not."""

import contextlib
import threading
import time

import pytest

from tests.gateway.fakes import FakeContainer, Reply
from tests.load.behind_gateway import gateway_on
from tests.load.bodies import PING, accounts, as_json, one_row, post
from tests.load.client import Load, under_load
from tests.load.hostile import connect

pytestmark = pytest.mark.slow

CONNECTIONS = 200
PING_LIMIT_S = 0.2
LARGE = post(as_json(accounts(5_000)))


@pytest.fixture
def container():
    fake = FakeContainer()
    fake.reply = Reply(body=b"x" * 200_000)
    yield fake
    fake.close()


def slow_heads(_gateway):
    """Never come to the end of their headers: slowhttptest -H."""
    return b"POST /default/invocations HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"


def slow_bodies(gateway):
    """Announce a body and send it byte by byte, with a key: slowhttptest -B."""
    start, _, rest = gateway.request(LARGE).partition(b"\r\n\r\n")
    return start + b"\r\n\r\n" + rest[:10], b" "


def slow_strangers(_gateway):
    """The same with a wrong key, in chunks, and so much of them that they get a thread."""
    head = b"POST /default/invocations HTTP/1.1\r\nHost: x\r\nx-api-key: wrong\r\n"
    return head + b"Transfer-Encoding: chunked\r\n\r\n5000\r\n" + b"x" * 17_000, b" "


def slow_readers(gateway):
    """Ask for large answers and hardly read them: slowhttptest -X."""
    return gateway.request(one_row()) * 3, b""


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kind", [slow_heads, slow_bodies, slow_strangers, slow_readers])
def test_row_28_slow_clients_hold_nobody_up(container, tmp_path, say, kind, seconds):
    with gateway_on(tmp_path, container.port) as gateway:
        pings = Load(gateway.port, [PING], pause_s=0.02)
        callers = Load(gateway.port, [gateway.request(one_row())], pause_s=0.02)
        pings.run(count=5)

        with slow_clients(gateway.port, *kind(gateway)), under_load(pings), under_load(callers):
            time.sleep(seconds)

    say(
        f"{kind.__name__}, {seconds} s: {pings.tally.sent} pings, p99 "
        f"{pings.tally.quantile(0.99) * 1e3:.0f} ms, slowest {pings.tally.longest() * 1e3:.0f} ms; "
        f"{callers.tally.answered[200]} of {callers.tally.sent} callers served"
    )
    assert set(pings.tally.answered) == {200}
    assert pings.tally.quantile(0.95) < PING_LIMIT_S
    assert callers.tally.answered[200] >= 0.9 * callers.tally.sent
    assert not [load for load in (pings, callers) if load.tally.lost]


@contextlib.contextmanager
def slow_clients(port, start, more):
    """Keep so many connections busy: a little is sent, a little is read."""
    over = threading.Event()
    with contextlib.ExitStack() as open_ones:
        clients = [
            open_ones.enter_context(connect(port, receive_buffer=4096)) for _ in range(CONNECTIONS)
        ]
        for client in clients:
            client.sendall(start)
        dripping = threading.Thread(target=drip, args=(clients, more, over))
        dripping.start()
        try:
            yield
        finally:
            over.set()
            dripping.join()


def drip(clients, more, over):
    for client in clients:
        client.setblocking(False)
    while not over.wait(0.5):
        for client in clients:
            with contextlib.suppress(OSError):  # this one has been cut, or has nothing for us
                client.send(more) if more else client.recv(64)
