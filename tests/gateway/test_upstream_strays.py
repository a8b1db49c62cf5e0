"""What comes beside the answer: interim ones are skipped, strays answer nobody."""

import pytest

from serving.gateway.http_upstream import HttpUpstream
from serving.gateway.upstream import UpstreamUnusable
from tests.gateway.scripted_server import Scripted

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def server():
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture
def upstream(server):
    return HttpUpstream(server.url, timeout_s=2, connections=1)


def answer(body, request_id=None):
    told = b"X-Request-Id: %b\r\n" % request_id if request_id else b""
    return OK + told + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("interim", [CONTINUE, HINTS, CONTINUE + HINTS * 3])
@pytest.mark.parametrize("size", [1, 10_000])
def test_interim_answers_are_skipped(server, upstream, interim, size):
    sent = interim + answer(b"{}", b"mine")
    server.pieces = [sent[start : start + size] for start in range(0, len(sent), size)]

    bodies = [upstream.invoke(b"{}", {"X-Request-Id": "mine"}).body for _ in range(2)]

    assert bodies == [b"{}"] * 2


@pytest.mark.parametrize(
    "interim",
    [CONTINUE * 20, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"],
    ids=["interim ones without end", "another protocol"],
)
def test_other_interim_answers_make_an_answer_unusable(server, upstream, interim):
    server.pieces = [interim + answer(b"{}")]

    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {})

    assert server.asked == 1


def test_an_interim_answer_to_another_request_is_a_stray(server, upstream):
    hints = b"HTTP/1.1 103 Early Hints\r\nX-Request-Id: other\r\n\r\n"
    server.pieces = [hints + answer(b"{}", b"mine")]

    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {"X-Request-Id": "mine"})


def test_a_stray_without_an_id_on_a_kept_connection_is_not_passed_on(server, upstream):
    server.pieces = [answer(b"first", b"one")]
    assert upstream.invoke(b"{}", {"X-Request-Id": "one"}).body == b"first"
    server.first = [answer(b"stray")]
    server.pieces = [answer(b"second", b"two")]

    second = upstream.invoke(b"{}", {"X-Request-Id": "two"})

    assert second.body == b"second"
    assert server.asked == 3  # asked again, on a connection of its own


def test_a_stray_without_an_id_does_not_say_that_the_container_is_ready(server, upstream):
    server.pieces = [answer(b"first", b"one")]
    upstream.invoke(b"{}", {"X-Request-Id": "one"})
    server.first = [answer(b"stray")]
    server.pieces = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]

    assert not upstream.is_ready()


def test_a_container_that_never_says_to_what_it_answers_gets_new_connections(server, upstream):
    server.pieces = [answer(b"{}")]

    bodies = [upstream.invoke(b"{}", {"X-Request-Id": f"{n}"}).body for n in range(4)]

    assert bodies == [b"{}"] * 4
    assert server.asked == 4
