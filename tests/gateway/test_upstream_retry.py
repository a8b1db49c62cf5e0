"""A request is repeated once if not one byte of an answer came, and never else."""

import time

import pytest

from serving.gateway.http_upstream import HttpUpstream
from serving.gateway.upstream import UpstreamTimedOut, UpstreamUnreachable
from tests.gateway.scripted_server import HANG_UP, RESET, Scripted
from tests.processes import free_port

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
#: More than sockets hold, so that whoever sends it waits for its reader.
LARGE = b"x" * (24 * 2**20)


@pytest.fixture
def server():
    scripted = Scripted()
    scripted.pieces = [HEAD + b"{}"]
    yield scripted
    scripted.close()


@pytest.fixture(params=[0, 1], ids=["a new connection", "a kept connection"])
def upstream(server, request):
    upstream = HttpUpstream(server.url, timeout_s=2, connections=1)
    for _ in range(request.param):
        upstream.invoke(b"{}", {})
    server.asked = 0
    return upstream


@pytest.mark.parametrize("end", [HANG_UP, RESET], ids=["closed", "reset"])
def test_a_request_to_which_no_byte_came_back_is_repeated_and_answered(server, upstream, end):
    server.first = [end]

    answer = upstream.invoke(b"{}", {})

    assert (answer.status, answer.body) == (200, b"{}")
    assert server.asked == 2


@pytest.mark.parametrize("end", [HANG_UP, RESET], ids=["closed", "reset"])
def test_a_request_to_which_no_byte_came_back_is_repeated_once(server, upstream, end):
    server.pieces = [end]

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})

    assert server.asked == 2


@pytest.mark.parametrize("end", [HANG_UP, RESET], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "came", [HEAD[:1], HEAD[:9], HEAD[:-1], HEAD, HEAD + b"{"],
    ids=["a byte", "a version", "nearly a head", "a head", "a part of the body"],
)  # fmt: skip
def test_a_request_to_which_any_byte_came_back_is_not_repeated(server, upstream, came, end):
    server.first = [came, end]

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})

    assert server.asked == 1


@pytest.mark.parametrize("end", [HANG_UP, RESET], ids=["closed", "reset"])
def test_a_body_in_whose_middle_the_other_side_dies_is_sent_again(server, upstream, end):
    server.reads = 1000
    server.first = [end]
    server.pieces = [HEAD + b"{}", HANG_UP]

    answer = upstream.invoke(LARGE, {})

    assert answer.body == b"{}"
    assert server.asked == 2


def test_a_body_refused_before_it_is_there_whole_is_not_sent_again(server, upstream):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    server.first = [refusal, HANG_UP]
    server.reads = 1000

    answer = upstream.invoke(LARGE, {})

    assert (answer.status, answer.body) == (413, b"no")
    assert server.asked == 1


def test_silence_is_waited_for_once(server):
    server.pieces = []
    started = time.monotonic()

    with pytest.raises(UpstreamTimedOut):
        HttpUpstream(server.url, timeout_s=0.5, connections=1).invoke(b"{}", {})

    assert time.monotonic() - started < 0.9
    assert server.asked == 1


def test_where_nobody_listens_is_not_tried_for_long():
    upstream = HttpUpstream(f"http://127.0.0.1:{free_port()}", timeout_s=2, connections=1)
    started = time.monotonic()

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})

    assert time.monotonic() - started < 1
