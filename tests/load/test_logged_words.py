"""What stands in the log and in answers when requests go wrong: E5 and E9."""

import json
import socket

import pytest

from tests.load.bodies import accounts, as_json, head, one_row, post
from tests.load.client import Load, under_load
from tests.load.slow_container import WAITS
from tests.load.worker_state import wait_until

pytestmark = pytest.mark.slow

#: Words of a caller's that are nobody else's business.
KEY, VALUE, TEXT = "sk-3141592653", "271828182.84", "north-by-northwest"
KEY_LINES = (f"X-Api-Key: {KEY}", f"Authorization: Bearer {KEY}")
DEADLINE_S = 1


def with_key(body, *lines, content_type="application/json"):
    return post(body, *KEY_LINES, *lines, content_type=content_type)


WRONG = [
    (with_key(as_json([[VALUE, TEXT, 1, "north"]])), "400", "text for a number"),
    (with_key(as_json([[float(VALUE)] * 5])), "400", "too many values"),
    (with_key(f'{{"instances":[[{VALUE},"{TEXT}"'.encode()), "400", "cut JSON"),
    (with_key(f"{VALUE},{TEXT}\n".encode(), content_type="text/csv"), "400", "a short line"),
    (with_key(f"{VALUE}".encode(), content_type="text/unheard-of"), "415", "a type nobody reads"),
    (with_key(as_json(accounts(1)), "Accept: image/png"), "406", "a type nobody writes"),
    (with_key(as_json([[VALUE, 1, 1, TEXT]]) + b" " * 7_000_000), "413", "too large"),
    (with_key(b"x", "Content-Encoding: gzip"), "415", "compressed"),
    (one_row().replace(b"POST /invocations", f"POST /{TEXT}".encode()), "404", "another path"),
    (f"GET /invocations?key={KEY} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), "405", "another method"),
    (head(*KEY_LINES, f"{TEXT} : 1", "Content-Length: 2") + b"{}", "400", "a broken header"),
    (head(*KEY_LINES, f"X-Long: {KEY * 1000}"), "431", "a header too long"),
    (f"GET /{KEY * 400} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), "414", "a URL too long"),
    (f"{KEY} {TEXT}\r\n\r\n".encode(), "400", "not HTTP"),
    (head(*KEY_LINES, "Transfer-Encoding: chunked") + b"zz\r\n", "400", "broken chunks"),
]


def ask(port, request):
    """Send a request on a connection of its own; give the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.fixture
def container(start_slow):
    return start_slow(0, SCORECARD_DEADLINE_S=str(DEADLINE_S), SCORECARD_READ_TIMEOUT_S="2")


def test_e9_no_value_and_no_key_of_a_caller_is_logged_or_answered(container):
    answers = [(ask(container.port, request), status, why) for request, status, why in WRONG]
    hanging = with_key(as_json([[WAITS, 1, float(VALUE), TEXT]]))
    with under_load(Load(container.port, [hanging]), count=1) as load:
        pass

    for answer, status, why in answers:
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), (why, answer)
        assert not {word for word in (KEY, VALUE, TEXT) if word.encode() in answer}, why
    assert load.tally.answered == {503: 1}
    wait_until(lambda: "hangs" in container.log(), within_s=5, why="the hang is logged")
    assert not {word for word in (KEY, VALUE, TEXT) if word in container.log()}


def test_e5_whatever_goes_wrong_the_answer_is_one_line_of_json(container):
    for request, status, why in WRONG:
        answered, _, body = ask(container.port, request).partition(b"\r\n\r\n")

        assert answered.startswith(f"HTTP/1.1 {status} ".encode()), why
        assert b"\r\ncontent-type: application/json" in answered.lower(), why
        assert len(body) <= 1024, why
        assert body.count(b"\n") <= body.endswith(b"\n"), why
        assert json.loads(body)["message"], why
