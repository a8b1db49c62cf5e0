"""The rest of a refused body is read for a while, and its sender is not waited for."""

import socket
import time

import pytest

from serving.web.body import drain
from serving.web.turns import Turn
from serving.web.watchdog import Limits, Watchdog


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def turn_on(ours):
    turn = Turn(ours)
    environ = {"wsgi.input": ours.makefile("rb", buffering=0)}
    turn.attach(environ)
    return turn, environ


def test_a_sender_that_stalls_holds_a_thread_for_less_than_a_second(pair):
    ours, theirs = pair
    turn, environ = turn_on(ours)
    theirs.sendall(b"x" * 1000)
    started = time.monotonic()

    drain(environ)

    assert time.monotonic() - started < 1
    assert turn.is_cut  # what comes later is no request
    ours.sendall(b"answer")
    assert theirs.recv(100) == b"answer"


def test_a_body_that_was_sent_to_its_end_leaves_its_connection_open(pair):
    ours, theirs = pair
    turn, environ = turn_on(ours)
    theirs.sendall(b"x" * 1000)
    theirs.shutdown(socket.SHUT_WR)

    drain(environ)

    assert not turn.is_cut
    assert ours.gettimeout() is None


def test_a_sender_that_drips_is_cut_after_two_seconds(pair):
    ours, theirs = pair
    turn = Turn(ours)
    turn.drains()
    since = turn.state[1]
    watchdog = Watchdog({turn}, Limits(reading=30, working=30), lambda _: b"", lambda: None)

    watchdog.look(since + 1.9)
    assert not turn.is_cut

    watchdog.look(since + 2.1)
    assert turn.is_cut
    assert ours.recv(100) == b""
    ours.sendall(b"answer")
    assert theirs.recv(100) == b"answer"
