"""Bytes of an answer are taken in order, until a deadline."""

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.gateway.incoming import Incoming


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 50))
def test_chunks_come_out_as_they_went_in_and_leave_what_follows(chunks, size):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        sent += b"0\r\nX: y\r\n\r\n" + b"z" * size
        theirs.sendall(sent)
        incoming, deadline = Incoming(ours), time.monotonic() + 5

        assert incoming.chunks(deadline) == b"".join(chunks)
        assert incoming.take(size, deadline) == b"z" * size
        assert incoming.is_empty()


def test_the_time_ends_also_while_nothing_is_waited_for(pair):
    ours, theirs = pair
    theirs.sendall(b"1\r\na\r\n" * 100 + b"0\r\n\r\n")
    incoming = Incoming(ours)
    incoming.receive()

    with pytest.raises(TimeoutError):
        incoming.chunks(time.monotonic() - 1)
