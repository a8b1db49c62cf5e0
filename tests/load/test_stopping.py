"""SIGTERM with requests in flight: H10, H11 and row 38."""

import contextlib
import signal
import time

import pytest

from tests.load.answers import AnswerReader
from tests.load.bodies import PING, accounts, as_json, many_rows, one_row, post
from tests.load.client import Load, under_load
from tests.load.hostile import connect
from tests.load.worker_state import wait_until

IN_FLIGHT = 24
#: SageMaker kills what is still there 30 s after SIGTERM.
KILLED_AFTER_S = 30


@pytest.mark.parametrize(
    "rounds",
    [2, pytest.param(8, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.soak)],
)
def test_sigterm_answers_all_that_is_in_flight_and_exits_0(start_slow, rounds):
    for _ in range(rounds):
        sigterm_with_24_in_flight(start_slow)


def sigterm_with_24_in_flight(start_slow):
    container = start_slow(0.4, SCORECARD_WORKERS="2", SCORECARD_SLOTS="12")
    load = Load(container.port, [one_row(), many_rows()], clients=IN_FLIGHT)

    with under_load(load):
        wait_until(lambda: load.tally.sent >= IN_FLIGHT, within_s=5, why="all were sent")
        time.sleep(0.1)
        load.end()
        began = time.monotonic()
        container.send(signal.SIGTERM)
        code = container.wait()
        took_s = time.monotonic() - began

    tally = load.tally
    assert not tally.lost, container.log()
    assert set(tally.answered) <= {200, 503}
    # One worker may have got more than its slots; the other half was under way.
    assert tally.answered[200] >= IN_FLIGHT / 2
    assert code == 0
    assert took_s < KILLED_AFTER_S


def test_a_request_that_reaches_an_open_connection_after_sigterm_is_answered(start):
    container = start()
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(connect(container.port)) for _ in range(4)]
        for client in clients:
            assert ask(client, PING) == 200

        container.send(signal.SIGTERM)
        time.sleep(0.2)
        statuses = []
        for client in clients:
            statuses.append(ask(client, one_row()))
            client.close()  # as it was told to

    assert set(statuses) <= {200, 503}
    assert container.wait() == 0


def ask(client, request):
    """Send a request on a connection; 0 if it is closed before the answer is whole."""
    client.sendall(request)
    reader = AnswerReader()
    while data := client.recv(65536):
        if reader.feed(data):
            return reader.status
    return 0


@pytest.mark.slow
def test_h10_a_request_of_five_seconds_is_answered_after_sigterm(start_slow):
    container = start_slow(5)
    load = Load(container.port, [one_row()])

    with under_load(load):
        wait_until(lambda: load.tally.sent == 1, within_s=5, why="it was sent")
        time.sleep(0.2)
        load.end()
        began = time.monotonic()
        container.send(signal.SIGTERM)
        code = container.wait()

    assert load.tally.answered == {200: 1}
    assert code == 0
    assert time.monotonic() - began < KILLED_AFTER_S


@pytest.mark.soak  # it waits for half a minute
def test_a_client_that_never_reads_does_not_hold_sigterm_up_for_30_seconds(start):
    container = start()
    began = time.monotonic()

    with connect(container.port, receive_buffer=4096) as client:
        client.sendall(post(as_json(accounts(40_000))))
        wait_until(lambda: bool(client.recv(1)), within_s=10, why="the answer has begun")
        began = time.monotonic()
        container.send(signal.SIGTERM)
        container.wait()

    assert time.monotonic() - began < KILLED_AFTER_S
