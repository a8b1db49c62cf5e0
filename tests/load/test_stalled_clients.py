"""Clients that send slowly or not at all: E3 and row 28."""

import contextlib
import threading
import time

import pytest

from tests.load.bodies import PING, accounts, as_json, head, one_row, post
from tests.load.client import Load, under_load
from tests.load.hostile import connect, rest_of, stalled
from tests.load.worker_state import holdings, wait_until, workers_of
from tests.processes import call

pytestmark = pytest.mark.slow

THREADS = 8
CLIENTS = 3 * THREADS
PING_LIMIT_S = 2
#: How much later than the timeout a connection may be closed: looking for them takes turns.
SLACK_S = 2.5
TIMEOUT_S = 0.5

LARGE = post(as_json(accounts(2_000)))
HALVES = {
    "nothing": b"",
    "half a head": head("Content-Length: 100")[:40],
    "half a small body": one_row()[:-10],
    "half a large body": LARGE[: len(LARGE) // 2],
    "half a chunk": head("Transfer-Encoding: chunked") + b"400\r\n{",
    "a large body announced and not sent": head("Content-Length: 6000000"),
}


def start_impatient(start, read_timeout_s=TIMEOUT_S):
    return start(SCORECARD_THREADS=str(THREADS), SCORECARD_READ_TIMEOUT_S=str(read_timeout_s))


@pytest.mark.parametrize("score_s", [0, 0.1])
@pytest.mark.parametrize(
    "halves",
    [
        pytest.param(list(HALVES.values()), id="all of them"),
        *(pytest.param([half], id=name, marks=pytest.mark.slow) for name, half in HALVES.items()),
    ],
)
def test_more_stalled_clients_than_threads_hold_nobody_up(start_slow, say, halves, score_s):
    container = start_slow(score_s, SCORECARD_THREADS=str(THREADS))
    others = Load(container.port, [PING, one_row()], clients=2, pause_s=0.01)

    with stalled(container.port, halves * (CLIENTS // len(halves))):
        tally = others.run(seconds=1)

    say(f"{tally.sent} beside {CLIENTS} stalled, longest {tally.longest() * 1e3:.0f} ms")
    assert not tally.lost
    assert tally.answered == {200: tally.sent}
    assert tally.longest() < PING_LIMIT_S


def test_e3_stalled_clients_are_cut_after_the_read_timeout(start):
    container = start_impatient(start)
    began = time.monotonic()

    with stalled(container.port, list(HALVES.values()) * 4) as clients:
        for client in clients:
            rest_of(client, within_s=TIMEOUT_S + SLACK_S - (time.monotonic() - began))

    assert call(container.port, "GET", "/ping").status == 200


def test_clients_that_drip_are_cut_though_bytes_keep_coming(start):
    container = start_impatient(start)
    others = Load(container.port, [PING, one_row()], clients=2, pause_s=0.01)
    began = time.monotonic()

    with under_load(others), stalled(container.port, [LARGE[:20]] * CLIENTS) as clients:
        over = threading.Event()
        dripping = threading.Thread(target=drip, args=(clients, LARGE[20:], over))
        dripping.start()
        try:
            for client in clients:
                rest_of(client, within_s=TIMEOUT_S + SLACK_S - (time.monotonic() - began))
        finally:
            over.set()
            dripping.join()

    assert not others.tally.lost
    assert others.tally.answered == {200: others.tally.sent}
    assert others.tally.longest() < PING_LIMIT_S


def drip(clients, rest, over):
    """Send a byte to each every now and then."""
    for place in range(len(rest)):
        if over.wait(0.1):
            return
        for client in clients:
            with contextlib.suppress(OSError):  # this one has been cut
                client.send(rest[place : place + 1])


def test_a_request_sent_in_two_halves_within_the_time_is_answered(start):
    container = start_impatient(start, read_timeout_s=5)

    with stalled(container.port, [LARGE[:100], one_row()[:30]]) as (large, small):
        time.sleep(0.5)
        large.sendall(LARGE[100:])
        small.sendall(one_row()[30:])
        answers = [client.recv(12) for client in (large, small)]

    assert answers == [b"HTTP/1.1 200"] * 2


def test_an_idle_connection_is_kept_longer_than_a_stalled_one(start):
    container = start_impatient(start, read_timeout_s=0.3)
    load = Load(container.port, [PING], pause_s=0.8)

    tally = load.run(count=2)

    assert tally.answered == {200: 2}
    assert tally.connections == 1  # callers keep connections between requests


def test_clients_that_do_not_close_when_told_hold_nobody_up(start):
    container = start()
    last = post(as_json(accounts(1)), "Connection: close")
    pings = Load(container.port, [PING], pause_s=0.01)

    with under_load(pings), contextlib.ExitStack() as open_ones:
        for _ in range(5):
            client = open_ones.enter_context(connect(container.port))
            client.sendall(last)
            assert client.recv(12) == b"HTTP/1.1 200"
        time.sleep(0.5)

    assert not pings.tally.lost
    assert pings.tally.answered == {200: pings.tally.sent}
    assert pings.tally.longest() < 0.5


@pytest.mark.soak
def test_200_stalled_clients_for_30_seconds_leave_nothing_behind(start, say):
    container = start(SCORECARD_READ_TIMEOUT_S="10")
    others = Load(container.port, [PING, one_row()], clients=2, pause_s=0.01)
    others.run(count=100)
    (worker,) = workers_of(container.pid)
    halves = [list(HALVES.values())[number % len(HALVES)] for number in range(200)]
    began = time.monotonic()

    beside = Load(container.port, [PING, one_row()], clients=2, pause_s=0.01)
    with under_load(beside):
        while time.monotonic() - began < 30:
            with stalled(container.port, halves):
                time.sleep(9.5)

    wait_until(lambda: holdings(worker).descriptors < 50, within_s=15, why="all are closed")
    say(f"pings and rows beside: longest {beside.tally.longest() * 1e3:.0f} ms")
    assert not beside.tally.lost
    assert beside.tally.answered == {200: beside.tally.sent}
    assert beside.tally.longest() < PING_LIMIT_S
