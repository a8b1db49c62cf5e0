"""A request is worth a thread when it is there."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.web.arrivals import AHEAD_BYTES, SEEN_BYTES, awaited_bytes, whole_bytes

HEAD = b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def sized(body):
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(chunks, extension=b"", trailers=b""):
    sent = [b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks]
    return CHUNKED + b"".join(sent) + b"0\r\n" + trailers + b"\r\n"


@given(st.binary(max_size=300))
def test_a_sized_request_waits_for_its_last_byte(body):
    request = sized(body)

    assert whole_bytes(request) == awaited_bytes(request) == len(request)
    for end in range(1, len(request)):
        assert awaited_bytes(request[:end]) > end


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    st.sampled_from([b"", b";a=1", b" ;a"]),
    st.sampled_from([b"", b"X: y\r\n"]),
)
@example([b"\r\n0\r\n\r\n"], b"", b"")
@example([], b"", b"")
def test_a_request_in_chunks_waits_for_its_last_byte(chunks, extension, trailers):
    request = chunked(chunks, extension, trailers)

    assert awaited_bytes(request) == 0
    assert awaited_bytes(request + b"GET /pi") == 0
    for end in range(1, len(request)):
        assert awaited_bytes(request[:end]) == end + 1, request[:end]


@pytest.mark.parametrize(
    "body", [b"x\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"\r\n", b"\n", b"5 5\r\n", b"0x5\r\n"]
)
def test_malformed_chunks_wait_for_nothing(body):
    assert awaited_bytes(CHUNKED + body) == 0


def test_an_encoding_that_is_refused_waits_for_nothing():
    assert awaited_bytes(HEAD + b"Transfer-Encoding: identity\r\n\r\nabc") == 0


@pytest.mark.parametrize(
    "seen",
    [
        (HEAD + b"X: " + b"x" * SEEN_BYTES)[:SEEN_BYTES],
        (CHUNKED + b"fffff\r\n" + b"x" * SEEN_BYTES)[:SEEN_BYTES],
    ],
    ids=["head", "chunk"],
)
def test_what_is_too_long_to_be_seen_whole_waits_for_nothing(seen):
    assert awaited_bytes(seen) == 0


def test_a_large_body_waits_for_a_good_part_of_itself():
    assert awaited_bytes(sized(b"x" * (2 * AHEAD_BYTES))[:SEEN_BYTES]) == AHEAD_BYTES


@pytest.mark.parametrize(
    "body_is", [b"Content-Length: 2000000", b"Transfer-Encoding: chunked"], ids=["sized", "chunked"]
)
def test_a_sender_that_waits_to_be_asked_for_its_body_waits_for_nothing(body_is):
    seen = HEAD + body_is + b"\r\nExpect: 100-continue\r\n\r\n"

    assert whole_bytes(seen) is None
    assert awaited_bytes(seen) == 0


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: " + b"0" * 45 + b"5",
        b"Content-Length: +5",
        b"Content-Length:",
        b"Content-Length : 5",
        b"X: y\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5\r\ncontent-length: 0",
    ],
)
def test_a_length_that_is_not_written_plainly_is_left_to_the_parser(lines):
    seen = HEAD + lines + b"\r\n\r\n"

    assert whole_bytes(seen) is None
    assert awaited_bytes(seen) == 0
