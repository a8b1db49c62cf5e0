"""What is recognised as plain, gunicorn reads in the same way; what is odd is left to gunicorn."""

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import default_environ
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.web.plain_requests import MAX_HEADERS, PlainAnswer, plain_environ

ROUTE = b"POST /invocations"
FIRST = b"POST /invocations HTTP/1.1"
HOST, TYPE, LENGTH = b"Host: a:8080", b"Content-Type: application/json", b"Content-Length: 2"


def request(*lines, first=FIRST, body=b"{}"):
    return b"\r\n".join([first, *lines, b"", b""]) + body


AS_THEY_COME = {
    "curl": [HOST, b"User-Agent: curl/8.5.0", b"Accept: */*", TYPE, LENGTH],
    "Python": [b"Accept-Encoding: identity", LENGTH, HOST, b"User-Agent: Python-urllib/3.11", TYPE],
    "requests": [HOST, b"Connection: keep-alive", b"Accept: */*", LENGTH, TYPE],
    "lower case": [b"host: a", b"content-type: text/csv", b"content-length: 2"],
    "SageMaker": [HOST, b"X-Amzn-SageMaker-Custom-Attributes: id-1", TYPE, LENGTH],
}


@pytest.mark.parametrize("lines", AS_THEY_COME.values(), ids=AS_THEY_COME)
def test_requests_as_programs_send_them_are_plain(lines):
    environ = plain_environ(request(*lines), ROUTE)

    assert environ["wsgi.input"].read() == b"{}"
    assert environ == environ | gunicorns(request(*lines))


ODD = {
    "another path": request(HOST, LENGTH, first=b"POST /invocations/ HTTP/1.1"),
    "another method": request(HOST, LENGTH, first=b"PUT /invocations HTTP/1.1"),
    "a query": request(HOST, LENGTH, first=b"POST /invocations?a HTTP/1.1"),
    "an old version": request(HOST, LENGTH, first=b"POST /invocations HTTP/1.0"),
    "two spaces": request(HOST, LENGTH, first=b"POST  /invocations HTTP/1.1"),
    "no host": request(LENGTH),
    "no length": request(HOST),
    "two lengths": request(HOST, LENGTH, LENGTH),
    "two hosts": request(HOST, HOST, LENGTH),
    "a longer length": request(HOST, b"Content-Length: 3"),
    "a shorter length": request(HOST, b"Content-Length: 1"),
    "a length with a plus": request(HOST, b"Content-Length: +2"),
    "a length with a zero": request(HOST, b"Content-Length: 02"),
    "chunks": request(HOST, b"Transfer-Encoding: chunked"),
    "chunks and a length": request(HOST, LENGTH, b"transfer-encoding: chunked"),
    "to be closed": request(HOST, LENGTH, b"Connection: close"),
    "to be upgraded": request(HOST, LENGTH, b"Connection: upgrade", b"Upgrade: h2c"),
    "an expectation": request(HOST, LENGTH, b"Expect: 100-continue"),
    "a folded line": request(HOST, LENGTH, b"X: a", b" b"),
    "a space before the colon": request(HOST, LENGTH, b"X : a"),
    "no space after the colon": request(HOST, b"Content-Length:2"),
    "a tab": request(HOST, LENGTH, b"X: a\tb"),
    "an empty value": request(HOST, LENGTH, b"X: "),
    "an underscore": request(HOST, LENGTH, b"X_Y: a"),
    "a control character": request(HOST, LENGTH, b"X: a\x00"),
    "a bare line feed": request(HOST, LENGTH, b"X: a\nY: b"),
    "a bare carriage return": request(HOST, LENGTH, b"X: a\rY: b"),
    "another alphabet": request(HOST, LENGTH, b"X: \xe9"),
    "no colon": request(HOST, LENGTH, b"X"),
    "no end": b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 2",
}


@pytest.mark.parametrize("seen", ODD.values(), ids=ODD)
def test_what_is_in_the_least_unusual_is_left_to_gunicorn(seen):
    assert plain_environ(seen, ROUTE) is None


@pytest.mark.parametrize("more", [0, 1])
def test_it_takes_as_many_headers_as_gunicorn_and_no_more(more):
    others = [b"X-%d: a" % number for number in range(MAX_HEADERS - 2 + more)]
    seen = request(HOST, LENGTH, *others)

    environ = plain_environ(seen, ROUTE)

    if more:
        assert environ is None
        with pytest.raises(LimitRequestHeaders):
            gunicorns(seen)
    else:
        assert environ == environ | gunicorns(seen)


def gunicorns(seen):
    """What gunicorn makes of the same bytes: headers, body, and nothing left over."""
    parser = RequestParser(Config(), iter([seen]), ("127.0.0.1", 1))
    parsed = next(parser)
    environ = default_environ(parsed, None, Config())
    for name, value in parsed.headers:
        key = name.replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    assert parsed.body.read() == seen.partition(b"\r\n\r\n")[2]
    assert not parser.unreader.read()
    kept = ("REQUEST_METHOD", "QUERY_STRING", "RAW_URI", "SERVER_PROTOCOL", "CONTENT_", "HTTP_")
    return {key: value for key, value in environ.items() if key.startswith(kept)}


PIECES = st.sampled_from(
    [
        *(HOST, TYPE, LENGTH, b"Accept: */*", b"X-A: b", b"x-a: c", b"Accept: text/csv;q=0.5"),
        *(b"Connection: keep-alive", b"Connection: close", b"Transfer-Encoding: chunked"),
        *(b" folded", b"X: a:b", b"X:  b", b"X: b ", b"Content-Length: 2, 2", b"Content-Length: 1"),
        *(b"\x00", b"Host : a", b"X\n: a", b"", b"Content-Type: text/csv"),
    ]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=12)), max_size=7), st.data())
def test_whatever_is_recognised_gunicorn_reads_in_the_same_way(lines, data):
    body = data.draw(st.sampled_from([b"{}", b"{}", b"ab\r\n\r\n", b""]))
    lines = data.draw(st.permutations([*lines, HOST, b"Content-Length: %d" % len(body)]))
    seen = request(*lines, body=body)

    environ = plain_environ(seen, ROUTE)

    if environ is not None:
        assert {key: environ[key] for key in gunicorns(seen)} == gunicorns(seen)
        assert environ["wsgi.input"].read() == body


def test_an_answer_is_one_piece_with_a_date():
    answer = PlainAnswer()
    answer.start_response("200 OK", [("Content-Length", "2"), ("X-A", "b")])

    head, _, body = answer.whole([b"a", b"b"]).partition(b"\r\n\r\n")

    first, server, date, *headers = head.split(b"\r\n")
    assert first == b"HTTP/1.1 200 OK"
    assert date.startswith(b"Date: ")
    assert date.endswith(b" GMT")
    assert (server, headers) == (
        b"Server: gunicorn",
        [b"Connection: keep-alive", b"Content-Length: 2", b"X-A: b"],
    )
    assert body == b"ab"
