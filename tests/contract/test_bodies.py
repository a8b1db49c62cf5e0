"""F4 and F5 of the reliability facts: a body that is cut must never be scored."""

import json
import socket

import pytest

from tests.contract.wire import ROWS, einstein
from tests.processes import call

LIMIT = 6_291_456


def exchange(port, data, *, half_close=False):
    """Send raw bytes; give the first line of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(data)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        return client.recv(65536).split(b"\r\n")[0]


def head(*lines):
    first = ["POST /invocations HTTP/1.1", "Host: x", "Content-Type: application/json"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def chunked(body, size=65536):
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def padded(size):
    body = json.dumps(einstein(ROWS)).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(
    ("size", "status", "why"),
    [
        (LIMIT, b"200", "exactly the limit"),
        (LIMIT + 1, b"413", "one byte more"),
        (LIMIT * 2, b"413", "twice the limit"),
    ],
)
@pytest.mark.parametrize("framing", ["content-length", "chunked"])
def test_e1_e2_a_body_is_read_up_to_the_limit_and_refused_beyond(
    container, framing, size, status, why
):
    body = padded(size)
    data = (
        head("Transfer-Encoding: chunked") + chunked(body)
        if framing == "chunked"
        else head(f"Content-Length: {size}") + body
    )

    line = exchange(container.port, data)

    assert status in line, why


def test_a_body_that_ends_before_its_content_length_is_400(container):
    body = json.dumps(einstein(ROWS)).encode()

    line = exchange(
        container.port, head(f"Content-Length: {len(body) + 5}") + body, half_close=True
    )

    assert b"400" in line


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_chunked_body_that_is_cut_is_never_answered_with_200(container, cut):
    body = chunked(json.dumps(einstein(ROWS)).encode(), size=20)

    line = exchange(
        container.port, head("Transfer-Encoding: chunked") + body[:-cut], half_close=True
    )

    assert b"200" not in line


def test_the_server_answers_after_all_of_this(container):
    assert call(container.port, "GET", "/ping").status == 200
