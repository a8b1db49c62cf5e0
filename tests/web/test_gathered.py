"""A small answer is one piece on the wire, whatever its pieces are in the server."""

import socket
import threading

import pytest

from serving.web.gathered import HELD_BYTES, Gathered


@pytest.fixture
def ends():
    # On such a pair every sending arrives as a packet of its own.
    ours, callers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, callers:
        callers.settimeout(0.05)
        yield Gathered(ours), callers


def test_small_pieces_go_out_together_and_once(ends):
    gathered, caller = ends

    for piece in (b"head", b"", b"body", b"end"):
        gathered.sendall(piece)
    with pytest.raises(TimeoutError):
        caller.recv(100)
    gathered.flush()
    gathered.flush()

    assert caller.recv(100) == b"headbodyend"
    with pytest.raises(TimeoutError):
        caller.recv(100)


def test_what_is_large_is_not_held_back_and_comes_in_order(ends):
    gathered, caller = ends

    gathered.sendall(b"head")
    gathered.sendall(b"x" * (HELD_BYTES + 1))
    gathered.sendall(b"end")
    gathered.flush()

    assert caller.recv(2 * HELD_BYTES) == b"head"
    assert caller.recv(2 * HELD_BYTES) == b"x" * (HELD_BYTES + 1)
    assert caller.recv(2 * HELD_BYTES) == b"end"


@pytest.mark.parametrize("sizes", [[HELD_BYTES], [HELD_BYTES, 1], [40_000] * 5, [1, 300_000, 1, 2]])
def test_nothing_is_lost_between_pieces_of_all_sizes(sizes):
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    ours, callers = socket.socketpair()
    with ours, callers:

        def send():
            gathered = Gathered(ours)
            for piece in pieces:
                gathered.sendall(piece)
            gathered.flush()
            ours.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        with callers.makefile("rb") as stream:
            received = stream.read()
        sender.join()

    assert received == b"".join(pieces)
