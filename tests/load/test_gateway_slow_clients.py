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
LARGER_LIMIT_S = 0.5
LARGE = post(as_json(accounts(5_000)))
MORE = post(as_json(accounts(100)))


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


def long_heads(_gateway):
    """Send a head of 18 KB that does not end."""
    fields = b"".join(b"X-%d: %b\r\n" % (number, b"a" * 6000) for number in range(3))
    return b"POST /default/invocations HTTP/1.1\r\nHost: x\r\n" + fields, b"Z"


def unasked_bodies(_gateway):
    """Ask whether to send a body, without a key, and begin before the answer."""
    head = b"POST /default/invocations HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    return head + b"Content-Length: 10000000\r\n\r\n" + b"x" * 61_000, b"y"


def large_bodies(_gateway):
    """Send so much of a large body that it gets a thread, without a key."""
    head = b"POST /default/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
    return head + b"x" * 270 * 1024, b"y"


def slow_readers(gateway):
    """Ask for large answers and hardly read them: slowhttptest -X."""
    return gateway.request(one_row()) * 3, b""


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    "kind",
    [
        slow_heads, slow_bodies, slow_strangers, slow_readers,
        long_heads, unasked_bodies, large_bodies,
    ],
)  # fmt: skip
def test_row_28_slow_clients_hold_nobody_up(container, tmp_path, say, kind, seconds):
    with gateway_on(tmp_path, container.port) as gateway:
        pings = Load(gateway.port, [PING], pause_s=0.02)
        callers = Load(gateway.port, [gateway.request(one_row())], pause_s=0.02)
        # A hundred accounts: more than the loop serves by itself.
        larger = Load(gateway.port, [gateway.request(MORE)], pause_s=0.02)
        pings.run(count=5)

        with (
            slow_clients(gateway.port, *kind(gateway)),
            under_load(pings), under_load(callers), under_load(larger),
        ):  # fmt: skip
            time.sleep(seconds)

    say(
        f"{kind.__name__}, {seconds} s: {pings.tally.sent} pings, p99 "
        f"{pings.tally.quantile(0.99) * 1e3:.0f} ms, slowest {pings.tally.longest() * 1e3:.0f} ms; "
        f"{callers.tally.answered[200]} of {callers.tally.sent} callers served; with 100 accounts "
        f"{larger.tally.answered[200]} of {larger.tally.sent}, slowest "
        f"{larger.tally.longest() * 1e3:.0f} ms"
    )
    assert set(pings.tally.answered) == {200}
    assert pings.tally.quantile(0.95) < PING_LIMIT_S
    assert callers.tally.answered[200] >= 0.9 * callers.tally.sent
    assert larger.tally.answered[200] >= 0.9 * larger.tally.sent
    assert larger.tally.quantile(0.95) < LARGER_LIMIT_S
    assert not [load for load in (pings, callers, larger) if load.tally.lost]


@contextlib.contextmanager
def slow_clients(port, start, more):
    """Keep so many connections busy: a little is sent, a little is read."""
    over = threading.Event()
    with contextlib.ExitStack() as open_ones:
        clients = [
            open_ones.enter_context(connect(port, receive_buffer=4096)) for _ in range(CONNECTIONS)
        ]
        for client in clients:
            with contextlib.suppress(OSError):  # it may be refused before it is sent
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
