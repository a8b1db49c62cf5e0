"""The load client sees every loss: held against a server that loses on purpose."""

import contextlib
import socket
import struct
import threading

import pytest

from tests.load.client import Load, under_load

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
CLOSE = "close"
RESET = "reset"
SILENCE = "silence"


@pytest.fixture
def scripted():
    """Serve connections one after the other, each by its own script of answers."""
    with contextlib.ExitStack() as stack:

        def serve(*scripts):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=play, args=(listener, scripts))
            thread.start()
            stack.callback(thread.join)
            return listener.getsockname()[1]

        yield serve


def play(listener, scripts):
    for script in scripts:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):  # the load may have ended
            for step in script:
                if step == RESET:
                    client.recv(65536)
                    linger = struct.pack("ii", 1, 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                elif step == CLOSE:
                    client.recv(65536)
                elif step == SILENCE:
                    while client.recv(65536):
                        pass
                else:
                    client.recv(65536)
                    client.sendall(step)


@pytest.mark.parametrize(
    ("scripts", "lost", "why"),
    [
        ([[WHOLE] * 4], {}, "one connection, kept"),
        ([[CHUNKS] * 4], {}, "chunks"),
        ([[WHOLE, CLOSING], [WHOLE] * 2], {}, "it was told that the connection would be closed"),
        ([[WHOLE, CLOSE], [WHOLE] * 2], {"closed without an answer": 1}, "closed, untold"),
        ([[WHOLE, RESET], [WHOLE] * 2], {"reset": 1}, "reset"),
        ([[WHOLE, WHOLE[:-1]], [WHOLE] * 2], {"the answer was cut": 1}, "a byte is missing"),
        ([[CHUNKS[:-5]], [WHOLE] * 3], {"the answer was cut": 1}, "the last chunk is missing"),
        ([[WHOLE, WHOLE + WHOLE], [WHOLE] * 2], {"more came than one answer": 1}, "two answers"),
        ([[b"220 ready\r\n\r\n"], [WHOLE] * 3], {"this is no HTTP/1.1 answer": 1}, "not HTTP"),
        ([[SILENCE], [WHOLE] * 3], {"no answer in time": 1}, "no answer"),
    ],
)
def test_whatever_is_sent_is_answered_once_or_lost_once(scripted, scripts, lost, why):
    load = Load(scripted(*scripts), [REQUEST], timeout_s=0.3)

    tally = load.run(count=4)

    assert tally.sent == 4
    assert tally.lost == lost, why
    assert sum(tally.answered.values()) == 4 - sum(lost.values()), why
    assert tally.connections == len(scripts), why


def test_a_connection_closed_while_idle_costs_nothing(scripted):
    port = scripted([WHOLE], [WHOLE])

    tally = Load(port, [REQUEST], pause_s=0.1).run(count=2)

    assert tally.answered == {200: 2}
    assert not tally.lost


def test_statuses_and_bodies_are_told_apart(scripted):
    heard = []
    port = scripted([WHOLE, BUSY, CHUNKS])
    load = Load(port, [REQUEST, REQUEST], on_answer=lambda *answer: heard.append(answer))

    tally = load.run(count=3)

    assert tally.answered == {200: 2, 503: 1}
    assert heard == [(0, 200, b"ok"), (1, 503, b""), (0, 200, b"ok")]
    assert len(tally.took[200]) == 2


def test_a_refused_connection_is_not_a_lost_request():
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]

    tally = Load(port, [REQUEST]).run(seconds=0.05)

    assert tally.sent == 0
    assert tally.not_connected > 0


def test_a_load_whose_time_is_up_in_the_middle_of_sending_ends(scripted, monkeypatch):
    load = Load(scripted([WHOLE]), [REQUEST])
    monkeypatch.setattr(load, "next_request", lambda: None)

    tally = load.run(seconds=30)

    assert tally.sent == 0


def test_a_load_in_the_background_ends_when_told(scripted):
    port = scripted([WHOLE] * 1000)

    with under_load(Load(port, [REQUEST], pause_s=0.01)) as load:
        while load.tally.sent < 5:
            pass

    assert 5 <= load.tally.sent < 1000
    assert load.tally.answered == {200: load.tally.sent}
