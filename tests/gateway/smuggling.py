"""Requests that two readers could read in two ways; each hides a second one, the poison.

Some shapes are those of gunicorn's own collection of invalid requests. Others end where everybody
sees it, and what is odd is their target or their credentials: `ODD`.
"""

from __future__ import annotations

from typing import NamedTuple

PATH = b"/default/invocations"
POISON_BODY = b"POISON"


class Shape(NamedTuple):
    """The lines of a head after its first, the body before the poison, and a word for it."""

    why: str
    lines: tuple[bytes, ...]
    body: bytes
    first: bytes = b"POST " + PATH + b" HTTP/1.1"
    newline: bytes = b"\r\n"


def poison(key: bytes) -> bytes:
    """The request that must never be served: it is whole, and has the key."""
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\n" % (PATH, key)
    return head + b"Content-Length: %d\r\n\r\n" % len(POISON_BODY) + POISON_BODY


def wire(shape: Shape, key: bytes) -> bytes:
    """Write a shape with a key and the poison behind it."""
    lines = (shape.first, b"x-api-key: " + key, *shape.lines)
    return shape.newline.join([*lines, b"", b""]) + shape.body + poison(key)


HOST = b"Host: x"
CL4 = b"Content-Length: 4"
CHUNKED = b"Transfer-Encoding: chunked"
END = b"0\r\n\r\n"


def _te(value: bytes, *more: bytes) -> tuple[bytes, ...]:
    return (HOST, b"Transfer-Encoding:" + value, *more)


def _cl(value: bytes) -> tuple[bytes, ...]:
    return (HOST, b"Content-Length:" + value)


SHAPES = [
    Shape("both framings", (HOST, CL4, CHUNKED), END),
    Shape("both framings the other way round", (HOST, CHUNKED, CL4), END),
    Shape("the length twice", (HOST, CL4, CL4), b"{}  "),
    Shape("two lengths", (HOST, CL4, b"Content-Length: 100"), b"{}  "),
    *(
        Shape(f"length {value!r}", _cl(value), b"{}")
        for value in (
            b" +2", b" -2", b" 2, 2", b" 2,100", b" 0x2", b" 2_0", b" 2.0", b" 1e1", b" \xb2",
            b" 2 2", b"", b" 2\x0b", b" \x002", b" 99999999999999999999999999",
        )
    ),
    *(
        Shape(f"coding {value!r}", _te(value), END)
        for value in (
            b" chunked, chunked", b" chunked, identity", b" identity, chunked, gzip", b" xchunked",
            b" chunkedx", b" chunked;q=1", b" \x0bchunked", b" chunked\x0b", b" \"chunked\"",
            b" chu nked", b" c\x00hunked", b" gzip", b" chunked\x00",
        )
    ),
    Shape("coding and length", _te(b" identity", CL4), b"{}  "),
    Shape("two codings", _te(b" chunked", b"Transfer-Encoding: identity"), END),
    Shape("two codings again", _te(b" chunked", b"Transfer-Encoding: x"), END),
    Shape("a space before the colon of the length", (HOST, b"Content-Length : 4"), b"{}  "),
    Shape("a tab before the colon of the coding", (HOST, b"Transfer-Encoding\t: chunked"), END),
    Shape("a space before a name", (HOST, b" Content-Length: 4"), b"{}  "),
    Shape("a folded header", (HOST, b"X: a", b" b", CL4), b"{}  "),
    Shape("a folded coding", (HOST, b"Transfer-Encoding:", b" chunked"), END),
    Shape("a folded first line", (b" Host: x", CL4), b"{}  "),
    Shape("a line without a colon", (HOST, b"Content-Length 4"), b"{}  "),
    Shape("an empty name", (HOST, b": 4", CL4), b"{}  "),
    Shape("a control character in a name", (HOST, b"Content-Length\x01: 4"), b"{}  "),
    Shape("a nought in a value", (HOST, CL4, b"X: a\x00b"), b"{}  "),
    Shape("a return in a value", (HOST, b"X: a\rContent-Length: 100", CL4), b"{}  "),
    Shape("two hosts", (HOST, b"Host: y", CL4), b"{}  "),
    Shape("bare line feeds", (HOST, CL4), b"{}  ", newline=b"\n"),
    Shape("bare returns", (HOST, CL4), b"{}  ", newline=b"\r"),
    Shape("a line feed in the head", (HOST + b"\nContent-Length: 100", CL4), b"{}  "),
    Shape("a chunk in letters", (HOST, CHUNKED), b"zz\r\n{}\r\n" + END),
    Shape("a chunk with a sign", (HOST, CHUNKED), b"+2\r\n{}\r\n" + END),
    Shape("a chunk with a prefix", (HOST, CHUNKED), b"0x2\r\n{}\r\n" + END),
    Shape("a chunk with an underscore", (HOST, CHUNKED), b"0_2\r\n{}\r\n" + END),
    Shape("a chunk longer than said", (HOST, CHUNKED), b"2\r\n{}XX" + END),
    Shape("a chunk's size ended by a line feed", (HOST, CHUNKED), b"2\n{}\r\n" + END),
    Shape("a chunk with a return in its extension", (HOST, CHUNKED), b"2;a\rb\r\n{}\r\n" + END),
    Shape("a framing as trailer", (HOST, CHUNKED), b"2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n"),
    Shape("chunks in HTTP/1.0", (CHUNKED,), END, first=b"POST " + PATH + b" HTTP/1.0"),
    Shape("a tab in the first line", (HOST, CL4), b"{}  ", first=b"POST\t" + PATH + b" HTTP/1.1"),
    Shape("two spaces", (HOST, CL4), b"{}  ", first=b"POST  " + PATH + b" HTTP/1.1"),
    Shape("another version", (HOST, CL4), b"{}  ", first=b"POST " + PATH + b" HTTP/1.10"),
    Shape("version 2", (HOST, CL4), b"{}  ", first=b"POST " + PATH + b" HTTP/2.0"),
    Shape("no version", (HOST, CL4), b"{}  ", first=b"POST " + PATH),
    Shape("a method in small letters", (HOST, CL4), b"{}  ", first=b"post " + PATH + b" HTTP/1.1"),
    Shape("CONNECT", (HOST, CL4), b"{}  ", first=b"CONNECT x:80 HTTP/1.1"),
    Shape("a body on GET", (HOST, b"Content-Length: 0"), b"", first=b"GET / HTTP/9.9"),
]  # fmt: skip


def _target(target: bytes) -> Shape:
    first = b"POST " + target + b" HTTP/1.1"
    return Shape(f"target {target!r}", (HOST, CL4), b"{}  ", first=first)


#: Refused by the gateway's own rules, not by the parser.
ODD = [
    Shape("no host", (CL4,), b"{}  "),
    Shape("two keys", (HOST, b"X-Api-Key: a", CL4), b"{}  "),
    *map(
        _target,
        (
            b"http://x" + PATH, b"http://y/ping", b"//x" + PATH, b"/default%2Finvocations",
            b"/%64efault/invocations", PATH + b"/", PATH + b"#a", PATH + b";a=b",
            b"/default/../default/invocations", b"/default//invocations", b"/default\\invocations",
            b"/other", b"/ping", b"/metrics",
        ),
    ),
    Shape("a coding before the chunks", _te(b" identity, chunked"), END),
    Shape("an encoding", (HOST, b"Content-Encoding: gzip", CL4), b"{}  "),
    Shape("another method", (HOST, CL4), b"{}  ", first=b"PUT " + PATH + b" HTTP/1.1"),
    Shape("every target", (HOST, CL4), b"{}  ", first=b"OPTIONS * HTTP/1.1"),
]  # fmt: skip
