"""Callers who stall hold few threads, whatever they stall with."""

import socket
import sys
import time
from contextlib import ExitStack, suppress

import pytest

from serving.web.arrivals import SEEN_BYTES
from tests.processes import Process, call, free_port

THREADS = 3
READING_S = 4.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
FIELDS = b"".join(b"X-%d: %b\r\n" % (n, b"a" * 6000) for n in range(3))
LARGE = b"y" * 20_000

STALLED = {
    "a long head": POST + FIELDS,
    "a head after another request": GET + b"\r\n" + GET,
    "a body after another request": GET + b"\r\n" + POST + b"Content-Length: 9\r\n\r\n",
    "a body that waits to be asked for": POST
    + b"Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n",
    "a body that did not wait": POST
    + b"Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n"
    + b"x" * 61_000,
    "a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5000\r\n" + b"x" * 17_000,
    "a large body": POST + b"Content-Length: 10000000\r\n\r\n" + b"x" * 270 * 1024,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port = free_port()
    command = [sys.executable, "-m", "tests.web.tiny_server", port, 1, THREADS, READING_S, 9]
    process = Process(command, tmp_path_factory.mktemp("server") / "log", port=port)
    process.wait_for_ping()
    yield process
    process.stop()


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=3)


def read_all(client):
    content = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            content += piece
    return content


@pytest.mark.parametrize("stalled", STALLED.values(), ids=STALLED)
def test_a_caller_with_a_large_body_waits_for_none_who_stall(server, stalled):
    with ExitStack() as clients:
        for _ in range(8 * THREADS):
            client = clients.enter_context(connect(server))
            with suppress(OSError):  # it may have been refused before it was whole
                client.sendall(stalled)
        time.sleep(0.1)
        started = time.monotonic()

        answer = call(server.port, "POST", "/echo", LARGE, timeout_s=5)

        assert time.monotonic() - started < 0.6
    assert (answer.status, answer.body) == (200, LARGE)


@pytest.mark.parametrize("before", [b"", GET + b"\r\n"], ids=["first", "after another"])
@pytest.mark.parametrize(
    ("head", "status"),
    [(POST + FIELDS, b"431"), (b"GET /" + b"a" * SEEN_BYTES, b"414")],
    ids=["fields", "line"],
)
def test_a_head_that_does_not_end_is_refused_at_once(server, before, head, status):
    with connect(server) as client:
        started = time.monotonic()
        client.sendall(before + head)

        answers = read_all(client)

    assert time.monotonic() - started < READING_S / 2
    assert answers.split(b"HTTP/1.1 ")[-1].startswith(status)


@pytest.mark.parametrize("before", [b"", GET + b"\r\n"], ids=["first", "after another"])
@pytest.mark.parametrize(("more", "status"), [(0, b"200"), (1, b"431")])
def test_the_limit_of_a_head_is_the_same_wherever_it_stands(server, before, more, status):
    start = GET + b"Connection: close\r\n" + FIELDS[:12_000] + b"\r\nX-Last: "
    head = start + b"a" * (SEEN_BYTES - len(start) - 4 + more) + b"\r\n\r\n"

    with connect(server) as client:
        client.sendall(before + head)
        answers = read_all(client)

    assert answers.split(b"HTTP/1.1 ")[-1].startswith(status)


def test_who_has_sent_all_keeps_the_connection_while_others_are_waited_for(server):
    with ExitStack() as clients:
        for _ in range(2 * THREADS):
            clients.enter_context(connect(server)).sendall(STALLED["a chunk"])

        with connect(server) as client:
            for _ in range(3):
                client.sendall(POST + b"Content-Length: 20000\r\n\r\n" + LARGE)
                assert b"200 OK" in client.recv(1000)


def test_whoever_is_refused_is_not_asked_for_the_body(server):
    with connect(server) as client:
        started = time.monotonic()
        client.sendall(STALLED["a body that waits to be asked for"])

        answer = read_all(client)

    assert time.monotonic() - started < READING_S / 2
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in answer
