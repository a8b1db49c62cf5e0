"""How the container is asked, against a server on a real socket that can do anything."""

import gzip
import socket
import ssl
import threading
import time

import pytest

from serving.gateway.http_upstream import HttpUpstream
from serving.gateway.upstream import (
    MAX_ANSWER_BYTES,
    UpstreamTimedOut,
    UpstreamUnreachable,
    UpstreamUnusable,
)
from tests.gateway.fakes import FakeContainer, Reply
from tests.processes import free_port


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


def test_neither_proxy_nor_password_comes_from_the_environment(container, monkeypatch, tmp_path):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    netrc = tmp_path / "netrc"
    netrc.write_text("default login marked password marked\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert HttpUpstream(container.url, timeout_s=1, connections=1).invoke(b"{}", {}).status == 200
    assert "Authorization" not in dict(container.heard[0].headers)


def test_connections_are_kept(upstream, container):
    for _ in range(5):
        upstream.invoke(b"{}", {})

    assert container.connections == 1


def test_connections_are_kept_for_as_many_as_ask_at_once_and_no_more(container):
    container.reply = Reply(delay_s=0.2)
    upstream = HttpUpstream(container.url, timeout_s=5, connections=2)
    for _ in range(2):
        askers = [threading.Thread(target=upstream.invoke, args=(b"{}", {})) for _ in range(3)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()

    # Three at first; then two were kept and one was missing.
    assert container.connections == 4


def test_a_kept_connection_that_dies_unanswered_is_replaced_once(upstream, container):
    container.reply = Reply(hang_up="on reuse")

    statuses = [upstream.invoke(b"%d" % n, {}).status for n in range(5)]

    assert statuses == [200] * 5
    # Each of the last four was heard on the old connection, then answered on a new one.
    assert [heard.body for heard in container.heard] == [
        b"0", b"1", b"1", b"2", b"2", b"3", b"3", b"4", b"4",
    ]  # fmt: skip


def test_a_connection_that_was_closed_while_idle_is_not_used(upstream, container):
    container.reply = Reply(hang_up="after the answer")

    statuses = []
    for number in range(5):
        statuses.append(upstream.invoke(b"%d" % number, {}).status)
        time.sleep(0.02)

    assert statuses == [200] * 5
    assert len(container.heard) == 5


@pytest.mark.parametrize("served", [0, 1])
def test_a_body_that_ends_whoever_reads_it_is_sent_twice_and_no_more(upstream, container, served):
    for _ in range(served):
        upstream.invoke(b"{}", {})
    container.reply = Reply(hang_up="always")

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"poison", {})

    assert [heard.body for heard in container.heard[served:]] == [b"poison"] * 2


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_the_container_is_not_asked_for_again(upstream, container, status):
    container.reply = Reply(status)

    statuses = [upstream.invoke(b"{}", {}).status for _ in range(20)]

    assert statuses == [status] * 20
    assert len(container.heard) == 20


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


def test_the_largest_answer_passes_and_one_byte_more_does_not(container):
    # A second may be too short for it where others are at work, too.
    upstream = HttpUpstream(container.url, timeout_s=20, connections=1)
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
    assert upstream._tls.verify_mode == ssl.CERT_REQUIRED
    assert upstream._tls.check_hostname
    assert not container.heard


@pytest.mark.parametrize("name", ["a..b", "a" * 64])
def test_a_name_that_nobody_can_have_is_unreachable(name):
    upstream = HttpUpstream(f"http://{name}:8080", timeout_s=1, connections=1)

    with pytest.raises(UpstreamUnreachable):
        upstream.invoke(b"{}", {})
    assert not upstream.is_ready()
