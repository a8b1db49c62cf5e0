"""What a worker does with slow, silent, greedy and broken callers, and a handler that hangs."""

import socket
import sys
import time
from contextlib import ExitStack, suppress

import pytest

from tests.processes import Process, call, free_port

THREADS = 3
READING_S = 1.0
WORKING_S = 1.5


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    process = start(tmp_path_factory.mktemp("server"))
    yield process
    process.stop()


@pytest.fixture
def server_of_its_own(tmp_path):
    process = start(tmp_path)
    yield process
    process.stop()


def start(folder):
    port = free_port()
    told = [port, 1, THREADS, READING_S, WORKING_S]
    command = [sys.executable, "-m", "tests.web.tiny_server", *told]
    process = Process(command, folder / "log", port=port)
    process.wait_for_ping()
    return process


def connect(process):
    return socket.create_connection(("127.0.0.1", process.port), timeout=10)


def request(path, body=b"", *headers):
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: x", *length, *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_all(client):
    """All that comes until the other side closes, however it does."""
    content = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            content += piece
    return content


def ask(process, path="/"):
    return call(process.port, "GET", path, timeout_s=1)


def test_connections_that_say_nothing_hold_no_thread(server):
    with ExitStack() as silent:
        for _ in range(THREADS * 4):
            silent.enter_context(connect(server))

        # Longer than a thread would wait for them.
        assert ask(server, "/sleep/0").status == 200


@pytest.mark.parametrize(
    "started",
    [b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nx"],
    ids=["head", "body"],
)
def test_small_requests_are_answered_while_slow_senders_hold_every_thread(server, started):
    with ExitStack() as slow:
        for _ in range(THREADS * 2):
            slow.enter_context(connect(server)).sendall(started)
        time.sleep(0.2)

        assert ask(server).status == 200


def test_a_caller_that_stops_sending_is_cut_off_and_its_thread_is_free_again(server):
    with ExitStack() as slow:
        clients = [slow.enter_context(connect(server)) for _ in range(THREADS)]
        for client in clients:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nx")
        for client in clients:
            read_all(client)  # or the socket's time is up

    body = b"y" * 20_000
    assert call(server.port, "POST", "/echo", body, timeout_s=1).body == body


def test_a_caller_that_sends_a_byte_at_a_time_has_no_more_time_than_others(server):
    with connect(server) as client:
        started = time.monotonic()
        while time.monotonic() < started + 10 and send(client, b"G"):
            time.sleep(0.05)

    assert time.monotonic() - started < 5


def send(client, piece):
    try:
        client.sendall(piece)
    except OSError:
        return False
    return True


def test_requests_sent_together_are_answered_in_order(server):
    bodies = [f"<{number}>".encode() for number in range(1000, 1020)]  # not as ids are written
    with connect(server) as client:
        client.sendall(b"".join(request("/echo", body) for body in bodies[:-1]))
        client.sendall(request("/echo", bodies[-1], "Connection: close"))

        answered = read_all(client)

    assert [answered.index(body) for body in bodies] == sorted(map(answered.index, bodies))


def test_a_caller_that_takes_no_answers_holds_up_nobody(server):
    with connect(server) as client:
        for _ in range(200):
            client.sendall(request("/large/100000"))
            time.sleep(0.001)

        assert ask(server).status == 200


def test_small_requests_that_are_slow_leave_the_loop_free(server_of_its_own):
    server = server_of_its_own
    ask(server, "/sleep/0.1")
    with ExitStack() as slow:
        for _ in range(THREADS - 1):
            slow.enter_context(connect(server)).sendall(request("/sleep/1"))
        started = time.monotonic()

        assert ask(server).status == 200
        assert time.monotonic() - started < 0.9


def test_a_handler_that_hangs_is_answered_for_and_its_worker_is_replaced(server_of_its_own):
    server = server_of_its_own
    worker = ask(server).body

    with connect(server) as client:
        client.sendall(request("/sleep/60"))
        answer = read_all(client)

    assert answer.startswith(b"HTTP/1.1 503 ")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if ask(server).body != worker:
                break
        except OSError:
            time.sleep(0.1)
    assert ask(server).body != worker
    (told,) = [line for line in server.log_lines() if line["event"].startswith("a request hangs")]
    assert "time.sleep" in told["traceback"]


def test_what_is_not_http_is_refused_without_repeating_it(server):
    with connect(server) as client:
        client.sendall(b"GET /?key=secret HTTP/1.1\r\nHost: x\r\nno colon secret\r\n\r\n")
        answer = read_all(client)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"secret" not in answer
    assert "secret" not in server.log()


def test_a_caller_that_waits_to_be_asked_for_its_body_is_asked_at_once(server):
    with connect(server) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n")
        client.sendall(b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        client.settimeout(READING_S / 2)
        asked = client.recv(100)
        client.sendall(b"hello")

        assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_all(client).endswith(b"hello")


@pytest.mark.parametrize("length", [b"0" * 45 + b"5", b"5\r\nX: y"], ids=["odd", "plain"])
def test_health_checks_that_announce_a_body_hold_up_nobody(server, length):
    with ExitStack() as odd:
        for _ in range(THREADS * 4):
            client = odd.enter_context(connect(server))
            client.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: " + length)
            client.sendall(b"\r\n\r\n")
        started = time.monotonic()

        assert ask(server).status == 200
        assert time.monotonic() - started < 0.5


def test_the_time_to_send_is_one_limit_for_what_comes_with_and_without_a_thread(server):
    parked_s = 0.7 * READING_S
    with connect(server) as client:
        started = time.monotonic()
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n")
        time.sleep(parked_s)

        # So much of a body in chunks gets a thread, which waits for the rest.
        client.sendall(b"\r\n5000\r\n" + b"x" * 17_000)
        read_all(client)
        took = time.monotonic() - started

    # The watchdog looks four times in that time.
    assert READING_S <= took < READING_S + parked_s - 0.1


def test_a_request_that_was_slow_leaves_the_next_one_on_its_connection_all_the_time(server):
    with connect(server) as client:
        for _ in range(3):
            sent = request("/echo", b"{}")
            client.sendall(sent[:20])
            time.sleep(0.7 * READING_S)
            client.sendall(sent[20:])

            assert client.recv(65536).endswith(b"\r\n\r\n{}")
