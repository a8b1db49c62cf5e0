"""Each phase of a request has its limit."""

import socket
import time

import pytest

from serving.web.turns import Turn
from serving.web.watchdog import Limits, Watchdog

LIMITS = Limits(reading=10, working=20, writing=60)


@pytest.fixture
def pair():
    ours, callers = socket.socketpair()
    callers.settimeout(1)
    with ours, callers:
        yield ours, callers


@pytest.fixture
def retired():
    return []


def look(turn, retired, *, after):
    watchdog = Watchdog(
        [turn], LIMITS, lambda request_id: request_id.encode(), lambda: retired.append(1)
    )
    watchdog.look(time.monotonic() + after)


def test_a_caller_that_does_not_send_finds_that_nobody_reads(pair, retired):
    ours, _ = pair
    turn = Turn(ours)

    look(turn, retired, after=11)

    assert ours.recv(1) == b""
    assert not retired


@pytest.mark.parametrize("phase", ["reading", "working", "writing"])
def test_a_request_within_its_limit_is_left_alone(pair, retired, phase):
    ours, callers = pair
    turn = Turn(ours)
    if phase != "reading":
        turn.has_read()
    if phase == "writing":
        turn.claim()

    look(turn, retired, after=9)

    callers.sendall(b"x")
    assert ours.recv(1) == b"x"
    assert not retired


def test_a_request_that_hangs_is_answered_once_and_the_worker_is_replaced(pair, retired):
    ours, callers = pair
    turn = Turn(ours)
    turn.request_id = "id-1"
    turn.has_read()

    noted = []
    turn.note_overdue = lambda: noted.append(1)

    look(turn, retired, after=21)
    look(turn, retired, after=22)

    assert callers.recv(100) == b"id-1"
    assert callers.recv(100) == b""
    assert retired == noted == [1]
    assert not turn.claim()


def test_a_request_that_is_answered_just_in_time_is_not_answered_again(pair, retired):
    ours, callers = pair
    turn = Turn(ours)
    turn.has_read()
    turn.claim()

    look(turn, retired, after=21)

    ours.sendall(b"answer")
    assert callers.recv(100) == b"answer"
    assert not retired


def test_a_caller_that_does_not_take_its_answer_is_cut_off(pair, retired):
    ours, callers = pair
    turn = Turn(ours)
    turn.has_read()
    turn.claim()

    look(turn, retired, after=61)

    assert callers.recv(1) == b""
    assert not retired
