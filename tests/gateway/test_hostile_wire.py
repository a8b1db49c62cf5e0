"""What is not a proper request never reaches the container, and costs nobody else anything."""

import contextlib
import socket
import time

import pytest

LAST = "Connection: close"
POISON = b"POST /default/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"


def post(*lines, body=b"", version="1.1"):
    head = [f"POST /default/invocations HTTP/{version}", *lines]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


@pytest.mark.parametrize(
    ("lines", "body", "why"),
    [
        (
            ["Host: x", "Content-Length: 4", "Transfer-Encoding: chunked"],
            b"0\r\n\r\n" + POISON,
            "both framings",
        ),
        (["Host: x", "Content-Length: 2", "Content-Length: 2"], b"{}", "the length twice"),
        (["Host: x", "Content-Length: 2", "Content-Length: 50"], b"{}", "two lengths"),
        (["Host: x", "Content-Length: 2, 2"], b"{}", "a list of lengths"),
        (["Host: x", "Content-Length: +2"], b"{}", "a signed length"),
        (["Host: x", "Content-Length: 2", "X-A: b", " c"], b"{}", "a folded header"),
        (["Host: x", "Content-Length : 2"], b"{}", "a space before the colon"),
        (["Host: x", "Host: y", "Content-Length: 2"], b"{}", "two hosts"),
        (["Content-Length: 2"], b"{}", "no host"),
        (["Host: x", "Transfer-Encoding: identity"], b"{}\r\n", "a coding without an end"),
        (["Host: x", "Transfer-Encoding: chunked, chunked"], b"0\r\n\r\n", "chunked twice"),
        (["Host: x", "Transfer-Encoding: chunked"], b"zz\r\n{}\r\n0\r\n\r\n", "a size in letters"),
        (["Host: x", "Transfer-Encoding: chunked"], b"2\r\n{}XX0\r\n\r\n", "a chunk with no end"),
        (["Host: x", "Transfer-Encoding: chunked"], b"0\r\nHost: y\r\n\r\n", "a host as trailer"),
        (["Host: x", "X\x01: y", "Content-Length: 2"], b"{}", "a control character in a name"),
    ],
)
def test_g29_an_ambiguous_request_is_a_400_and_reaches_nobody(
    gateway, container, keys, lines, body, why
):
    answer = gateway.send_raw(post(f"x-api-key: {keys.key.secret}", *lines, body=body))

    assert answer.startswith(b"HTTP/1.1 400 "), why
    assert answer.count(b"HTTP/1.1 ") == 1, why
    assert b"x-amzn-RequestId: " in answer, why
    assert keys.key.secret.encode() not in answer
    assert not container.heard, why


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (post("Host: x", "X-Long: " + "a" * 9000), b"431"),
        (post("Host: x", *[f"X-{n}: a" for n in range(101)]), b"431"),
    ],
)
def test_what_is_too_long_is_refused_before_it_is_looked_at(gateway, container, data, status):
    answer = gateway.send_raw(data)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"application/json" in answer
    assert not container.heard


@pytest.mark.parametrize(
    "target",
    [
        "http://x/default/invocations",
        "/default%2Finvocations",
        "/%64efault/invocations",
        "/default/invocations#a",
        "/default/../default/invocations",
        "/default//invocations",
        "/default/invocations/",
        "/default/invocations;a=b",
        "/ping/../default/invocations",
    ],
)
def test_a_route_is_the_bytes_that_were_sent(gateway, container, keys, target):
    lines = ["Host: x", f"x-api-key: {keys.key.secret}", "Content-Length: 2", LAST]
    data = post(*lines, body=b"{}").replace(b"/default/invocations", target.encode(), 1)

    assert gateway.send_raw(data).startswith(b"HTTP/1.1 403 ")
    assert not container.heard


@pytest.mark.parametrize(
    "second", ["", "wrong", "{secret}"], ids=["empty", "another", "the same again"]
)
def test_several_keys_are_refused_even_if_one_is_right(gateway, container, keys, second):
    secret = keys.key.secret
    names = [f"x-api-key: {secret}", "X-Api-Key: " + second.format(secret=secret)]

    for lines in (names, names[::-1]):
        answer = gateway.send_raw(post("Host: x", "Content-Length: 0", LAST, *lines))
        assert answer.startswith(b"HTTP/1.1 400 ")
    assert not container.heard


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("X_Api_Key: {secret}", "to an app it looks like the header of the key"),
        ("x-api-key : {secret}", "a space before the colon"),
        ("X-Api-Key\xa0: {secret}", "a space that is none"),
    ],
)
def test_a_header_that_only_looks_like_the_key_s_does_not_count(
    gateway, container, keys, header, why
):
    lines = ["Host: x", "Content-Length: 0", LAST, header.format(secret=keys.key.secret)]

    assert gateway.send_raw(post(*lines))[9:12] in (b"400", b"403"), why
    assert not container.heard, why


def test_a_caller_cannot_move_the_routes(gateway, container, keys):
    lines = [f"x-api-key: {keys.key.secret}", "Host: x", "Content-Length: 0", LAST]
    moved = post("SCRIPT_NAME: /moved", "Script-Name: /moved", *lines)

    answer = gateway.send_raw(moved.replace(b"/default", b"/moved/default", 1))

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert not container.heard


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_ends_early_is_a_400(gateway, container, keys, framing):
    data = post("Host: x", f"x-api-key: {keys.key.secret}", framing, body=b'50\r\n{"a":1')

    answer = gateway.send_raw(data, half_close=True)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert not container.heard


def test_g28_callers_that_leave_in_the_middle_cost_no_thread_and_reach_nobody(
    gateway, container, keys
):
    data = post("Host: x", f"x-api-key: {keys.key.secret}", "Content-Length: 1000", body=b"{")
    # More of them than the gateway has threads, half closing, half resetting.
    for number in range(24):
        with contextlib.closing(socket.create_connection(("127.0.0.1", gateway.port))) as leaver:
            leaver.sendall(data)
            if number % 2:
                leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    started = time.monotonic()
    statuses = [gateway.send(x_api_key=keys.key.secret).status for _ in range(8)]

    assert statuses == [200] * 8
    assert time.monotonic() - started < 5
    assert len(container.invocations) == 8
    assert not [line for line in gateway.log() if line["level"] == "error"]


@pytest.mark.parametrize("size", [10_000, 5_000_000])
def test_who_sends_a_large_body_with_a_wrong_key_still_hears_forbidden(gateway, container, size):
    response = gateway.send(body=bytes(size), x_api_key="wrong")

    assert response.body == b'{"message":"Forbidden"}'
    assert not container.heard


def test_a_compressed_body_is_an_unsupported_media_type(gateway, container, keys):
    response = gateway.send(Content_Encoding="gzip", x_api_key=keys.key.secret)

    assert response.status == 415
    assert response.body == b'{"message":"Unsupported Media Type"}'
    assert response.headers["x-amzn-ErrorType"] == "BadRequestException"
    assert not container.heard
