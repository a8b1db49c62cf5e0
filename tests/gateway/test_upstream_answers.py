"""Answers as bytes: those that can be read in one way only are passed on."""

import contextlib
import socket
import time

import pytest

from serving.gateway.http_upstream import HttpUpstream
from serving.gateway.upstream import (
    UpstreamError,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from tests.gateway.scripted_server import HANG_UP, Scripted

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def server():
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture
def upstream(server):
    return HttpUpstream(server.url, timeout_s=2, connections=1)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (OK + b"content-length:2\r\n\r\n{}", b"{}"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n", b"{}"),
        (OK + b"Transfer-Encoding: Chunked\r\n\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
         b"0123456789"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 400\r\nContent-Length: 1\r\n\r\nx", b"x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_an_answer_is_whole_however_it_comes_in_pieces(server, upstream, answer, body, size):
    server.pieces = [answer[start : start + size] for start in range(0, len(answer), size)]

    first, second = upstream.invoke(b"{}", {}), upstream.invoke(b"{}", {})

    assert (first.body, second.body) == (body, body)
    assert server.asked == 2


def test_a_large_answer_in_chunks_is_whole(server, upstream):
    chunks = [b"%x\r\n" % size + bytes([size % 256]) * size + b"\r\n" for size in (1, 70_000, 300)]
    server.pieces = [OK + b"Transfer-Encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n"]

    body = upstream.invoke(b"{}", {}).body

    assert body == b"\x01" + bytes([70_000 % 256]) * 70_000 + bytes([300 % 256]) * 300


def seconds_for(count, server, upstream):
    """Read an answer of so many chunks of a byte; gives the processor's time."""
    server.pieces = [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * count]
    server.pieces.append(b"0\r\n\r\n")
    began = time.thread_time()
    assert upstream.invoke(b"{}", {}).body == b"a" * count
    return time.thread_time() - began


def test_an_answer_in_very_many_small_chunks_takes_no_time_by_its_square(server, upstream):
    few = min(seconds_for(25_000, server, upstream) for _ in range(2))

    many = min(seconds_for(200_000, server, upstream) for _ in range(2))

    assert many < 20 * few  # eight times as many; the square would be 64 times


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OK + b"\r\n{}", "nobody knows where it ends"),
        (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "the length twice"),
        (OK + b"Content-Length: 2, 2\r\n\r\n{}", "a list of lengths"),
        (OK + b"Content-Length: +2\r\n\r\n{}", "a signed length"),
        (OK + b"Content-Length: -2\r\n\r\n{}", "a negative length"),
        (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "both"),
        (OK + b"Content-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\n2\r\n{}", "a blank"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n{}", "an unknown coding"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", "a size in letters"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}", "a negative size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}0\r\n\r\n", "a chunk without an end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 40_000, "trailers"),
        (OK + b"Content-Length: 999999999999\r\n\r\n", "more than the memory"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "a redirect"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "nothing was conditional"),
        (OK + b"X: " + b"a" * 200_000, "a head without end"),
        (OK + b"no colon\r\nContent-Length: 0\r\n\r\n", "no header"),
        (OK + b"X: a\r\n folded\r\nContent-Length: 0\r\n\r\n", "a folded header"),
        (b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", "another version"),
        (b"HTTP/1.1 99 x\r\nContent-Length: 0\r\n\r\n", "no status"),
    ],
)
def test_an_answer_that_could_be_read_in_two_ways_is_not_passed_on(server, upstream, answer, why):
    server.pieces = [answer]

    with pytest.raises((UpstreamUnusable, UpstreamUnreachable)):
        upstream.invoke(b"{}", {})

    assert server.asked == 1, why


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Content-Length: 2\r\n\r\n{}" + OK + b"Content-Length: 6\r\n\r\npoison",
    ],
    ids=["told to close", "an old version", "more than was asked for"],
)
def test_nothing_that_is_left_over_answers_the_next_request(server, upstream, answer):
    server.pieces = [answer]

    bodies = [upstream.invoke(b"{}", {}).body for _ in range(4)]

    assert bodies == [b"{}"] * 4


HEAD = OK + b"Content-Length: 30\r\n\r\n"


@pytest.mark.parametrize("cut", range(1, len(HEAD) + 30, 6))
def test_an_answer_cut_anywhere_is_an_error_and_not_asked_for_again(server, upstream, cut):
    server.pieces = [(HEAD + b"x" * 30)[:cut], HANG_UP]

    with pytest.raises(UpstreamError):
        upstream.invoke(b"{}", {})

    assert server.asked == 1


@pytest.mark.parametrize(
    "line",
    [b"X-Scorecard-Version: v1\nSet-Cookie: a=b", b"Retry-After: 1\rX: y", b"X-Other: \x00",
     b"X-Sc\x7forecard: a"],
)  # fmt: skip
def test_control_characters_in_a_header_make_an_answer_unusable(server, upstream, line):
    server.pieces = [OK + line + b"\r\nContent-Length: 2\r\n\r\n{}"]

    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {})


def test_an_answer_with_the_id_of_another_request_is_not_passed_on(server, upstream):
    server.pieces = [OK + b"X-Request-Id: mine\r\nContent-Length: 2\r\n\r\n{}"]

    assert upstream.invoke(b"{}", {"X-Request-Id": "mine"}).body == b"{}"
    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {"X-Request-Id": "yours"})
    assert upstream.invoke(b"{}", {"X-Request-Id": "mine"}).body == b"{}"


def test_an_answer_that_is_repeated_late_answers_nobody_else(server, upstream):
    answer = OK + b"X-Request-Id: first\r\nContent-Length: 2\r\n\r\n{}"
    server.pieces = [answer, answer]

    upstream.invoke(b"{}", {"X-Request-Id": "first"})
    time.sleep(0.1)
    asked_on_a_new_connection = upstream.invoke(b"{}", {"X-Request-Id": "first"})

    assert asked_on_a_new_connection.body == b"{}"


def test_the_time_to_connect_is_for_all_addresses_together(monkeypatch):
    with contextlib.ExitStack() as stack:
        places = [full_listener(stack, f"127.0.9.{n}") for n in range(1, 4)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
        started = time.monotonic()

        with pytest.raises(UpstreamTimedOut):
            HttpUpstream("http://many:1", timeout_s=29, connections=1).invoke(b"{}", {})

    assert time.monotonic() - started < 3


def test_an_address_that_is_dead_leaves_time_for_the_next(monkeypatch, server):
    server.pieces = [OK + b"Content-Length: 2\r\n\r\n{}"]
    alive = (socket.AF_INET, socket.SOCK_STREAM, 6, "", server.address)
    with contextlib.ExitStack() as stack:
        places = [full_listener(stack, "127.0.9.9"), alive]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)

        assert HttpUpstream("http://two:1", timeout_s=29, connections=1).invoke(b"{}", {}).body


def full_listener(stack, address):
    """An address that answers no one who connects, as one behind a firewall."""
    listener = stack.enter_context(socket.socket())
    listener.bind((address, 0))
    listener.listen(0)
    for _ in range(3):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", listener.getsockname())
