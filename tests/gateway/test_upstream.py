"""How the container is asked, against a server on a real socket that can do anything."""

import gzip
import socket
import threading
import time

import pytest

from serving.gateway.upstream import (
    MAX_ANSWER_BYTES,
    HttpUpstream,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from tests.gateway.fakes import FakeContainer, Reply, free_port


@pytest.fixture
def upstream(container):
    return HttpUpstream(container.url, timeout_s=1, connections=4)


@pytest.mark.parametrize("status", [200, 204, 400, 413, 415, 424, 429, 500, 503])
def test_status_body_and_media_type_come_back_as_they_are(upstream, container, status):
    body = b"" if status == 204 else b"\x00\xff anything"
    container.reply = Reply(status, {"Content-Type": "text/csv"}, body)

    answer = upstream.invoke(b"{}", {})

    assert (answer.status, answer.media_type, answer.body) == (status, "text/csv", body)


def test_only_headers_meant_for_callers_come_back(upstream, container):
    meant = {
        "X-Scorecard-Version": "v1",
        "X-Amzn-SageMaker-Custom-Attributes": "v1",
        "Retry-After": "5",
    }
    container.reply = Reply(headers={**meant, "Set-Cookie": "a=b", "X-Internal": "1"})

    assert upstream.invoke(b"{}", {}).headers == meant


def test_a_redirect_is_not_followed(upstream, container):
    other = FakeContainer()
    container.reply = Reply(302, {"Location": f"{other.url}/invocations"})

    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {})

    assert not other.heard
    other.close()


def test_a_proxy_in_the_environment_is_not_used(container, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    assert HttpUpstream(container.url, timeout_s=1, connections=1).invoke(b"{}", {}).status == 200


def test_connections_are_kept(upstream, container):
    for _ in range(5):
        upstream.invoke(b"{}", {})

    assert upstream._pool.num_connections == 1


def test_a_kept_connection_that_dies_unanswered_is_replaced_once(upstream, container):
    container.reply = Reply(hang_up="on reuse")

    statuses = [upstream.invoke(b"%d" % n, {}).status for n in range(5)]

    assert statuses == [200] * 5
    # Each of the last four was heard on the old connection, then answered on a new one.
    assert [heard.body for heard in container.heard] == [
        b"0", b"1", b"1", b"2", b"2", b"3", b"3", b"4", b"4",
    ]  # fmt: skip


def test_a_new_connection_that_dies_unanswered_is_not_tried_again(upstream, container):
    container.reply = Reply(hang_up="always")

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})

    assert len(container.heard) == 1


def test_a_retry_that_dies_too_is_the_last(upstream, container):
    upstream.invoke(b"{}", {})
    container.reply = Reply(hang_up="always")

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})

    assert len(container.heard) == 3


def test_an_answer_that_breaks_off_is_not_asked_for_again(upstream, container):
    upstream.invoke(b"{}", {})
    container.reply = Reply(body=b"x" * 100, cut_at=50)

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})

    assert len(container.heard) == 2


@pytest.mark.parametrize(
    "reply", [Reply(delay_s=5), Reply(body=b"x" * 100, drip_s=0.1)], ids=["silent", "dripping"]
)
def test_the_time_limit_is_for_the_whole_answer(upstream, container, reply):
    container.reply = reply
    started = time.monotonic()

    with pytest.raises(UpstreamTimedOut):
        upstream.invoke(b"{}", {})

    assert 0.9 < time.monotonic() - started < 3


def test_a_late_first_byte_leaves_less_time_for_the_others(container):
    container.reply = Reply(delay_s=1.6, body=b"xx", drip_s=10)
    started = time.monotonic()

    with pytest.raises(UpstreamTimedOut):
        HttpUpstream(container.url, timeout_s=2, connections=1).invoke(b"{}", {})

    assert time.monotonic() - started < 3


def test_after_a_time_out_the_next_answer_is_its_own(upstream, container):
    container.reply = Reply(delay_s=1.2, body=b"late")
    with pytest.raises(UpstreamTimedOut):
        upstream.invoke(b"{}", {})
    container.reply = Reply(body=b"mine")
    time.sleep(0.4)

    assert upstream.invoke(b"{}", {}).body == b"mine"


def test_the_largest_answer_passes_and_one_byte_more_does_not(upstream, container):
    container.reply = Reply(body=bytes(MAX_ANSWER_BYTES))
    assert len(upstream.invoke(b"{}", {}).body) == MAX_ANSWER_BYTES

    container.reply = Reply(body=bytes(MAX_ANSWER_BYTES + 1))
    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {})


def test_a_compressed_answer_is_not_passed_on(upstream, container):
    container.reply = Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"{}"))

    with pytest.raises(UpstreamUnusable):
        upstream.invoke(b"{}", {})


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 99])
def test_what_does_not_speak_http_is_unreachable(garbage):
    def talk(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(garbage)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UpstreamUnreachable):
            HttpUpstream(url, timeout_s=1, connections=1).invoke(b"{}", {})
        thread.join()


@pytest.mark.parametrize(("status", "is_ready"), [(200, True), (503, False), (404, False)])
def test_ready_is_what_ping_says(upstream, container, status, is_ready):
    container.reply = Reply(status)

    assert upstream.is_ready() == is_ready


def test_nobody_there_is_not_ready():
    url = f"http://127.0.0.1:{free_port()}"

    assert not HttpUpstream(url, timeout_s=1, connections=1).is_ready()


def test_https_does_not_trust_just_anybody(container):
    url = container.url.replace("http:", "https:")

    upstream = HttpUpstream(url, timeout_s=1, connections=1)

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})
    assert upstream._pool.cert_reqs in (None, "CERT_REQUIRED")
    assert not container.heard
