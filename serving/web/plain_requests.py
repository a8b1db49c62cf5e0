"""Requests that need no parser: small, whole, and written as every HTTP library writes them.

gunicorn's parser and its answer take as long as scoring an account. This recognises the requests
that come by the thousand, and nothing that could be read in two ways: whatever is in the least
unusual is left to gunicorn, whose reading of what is recognised here is the same.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from wsgiref.types import WSGIEnvironment

from gunicorn import SERVER

#: As many as gunicorn's parser takes.
MAX_HEADERS = 100

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_LENGTH = re.compile(r"[1-9][0-9]{0,4}")

#: They change how the rest is to be read, or what happens to the connection.
_UNUSUAL = frozenset(
    {
        "expect",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_WITHOUT_HTTP = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}


def plain_environ(seen: bytes, route: bytes) -> WSGIEnvironment | None:
    """Give the WSGI environment of a whole request; None if it is not a plain one.

    Parameters
    ----------
    seen : bytes
        Head and body.
    route : bytes
        Method, a space and the path it must be for.
    """
    first = route + b" HTTP/1.1\r\n"
    if not seen.startswith(first):
        return None
    head, _, body = seen[len(first) :].partition(b"\r\n\r\n")
    headers = _headers(head)
    if headers is None or "HTTP_HOST" not in headers:
        return None
    if headers.get("CONTENT_LENGTH") != str(len(body)):
        return None
    method, _, path = route.decode().partition(" ")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "",
        "SERVER_PORT": "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **headers,
    }


def _headers(head: bytes) -> dict[str, str] | None:
    if not head.isascii():
        return None
    lines = head.decode().split("\r\n")
    if len(lines) > MAX_HEADERS or not "".join(lines).isprintable():
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        key = _key(name)
        if key is None or key in headers or not value or value != value.strip(" "):
            return None
        headers[key] = value
    if headers.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    return headers if _LENGTH.fullmatch(headers.get("CONTENT_LENGTH", "")) else None


@lru_cache(maxsize=256)
def _key(name: str) -> str | None:
    if not _NAME.fullmatch(name) or name.lower() in _UNUSUAL:
        return None
    key = "HTTP_" + name.upper().replace("-", "_")
    return _WITHOUT_HTTP.get(key, key)


class PlainAnswer:
    """What a WSGI app answers, as bytes on a connection that stays open."""

    def __init__(self) -> None:
        self._head = ""

    def start_response(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        """See PEP 3333; writing by what it gives is not supported."""
        lines = [f"{name}: {value}\r\n" for name, value in headers]
        # As gunicorn's, so that nobody can tell by which way an answer came.
        first = f"HTTP/1.1 {status}\r\n{_usual_headers(int(time.time()))}"
        self._head = "".join([first, *lines, "\r\n"])

    def whole(self, pieces: Iterable[bytes]) -> bytes:
        """Put head and body together."""
        return b"".join([self._head.encode("latin-1"), *pieces])


@lru_cache(maxsize=2)
def _usual_headers(second: int) -> str:
    date = formatdate(second, usegmt=True)
    return f"Server: {SERVER}\r\nDate: {date}\r\nConnection: keep-alive\r\n"
