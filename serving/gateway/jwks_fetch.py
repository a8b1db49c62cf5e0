"""Fetching an issuer's public keys: no redirect, no proxy of the environment, a limit to all."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from urllib.parse import urlsplit

from serving.gateway.connecting import check_host

#: For connecting, and again for the whole answer.
TIMEOUT_S = 3.0
#: Issuers have a few keys of less than 1 KB.
MAX_BYTES = 64 * 1024

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class FetchFailed(Exception):
    """There is no answer that could be used; says why, without the address."""


def jwks_uri(text: str) -> str:
    """Parse the address of public keys; raises ValueError."""
    try:
        parts = urlsplit(text)
        check_host(parts.hostname)
        # Reading the port refuses what is none.
        is_plain = text.isascii() and text.isprintable() and " " not in text and parts.port != 0
    except ValueError:
        is_plain = False
    if not is_plain:
        raise ValueError("must be like https://issuer.example/jwks.json")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and no password")
    # Whoever can change the keys on their way can let anybody in.
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
        raise ValueError("must be https; http is for this machine only")
    return text


def fetch(uri: str) -> bytes:
    """Get what lies at an address.

    Raises
    ------
    FetchFailed
        If that takes too long, is too large, or is not a plain answer with status 200.
    """
    parts = urlsplit(uri)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
    try:
        connection.connect()
        # The time-out of a socket is for each read; an answer that drips would take for ever.
        hang_up = threading.Timer(TIMEOUT_S, _hang_up, [connection.sock])
        hang_up.start()
        try:
            return _ask(connection, parts.path or "/", parts.query)
        finally:
            hang_up.cancel()
            hang_up.join()
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        raise FetchFailed(type(error).__name__) from None
    finally:
        connection.close()


def _ask(connection: http.client.HTTPConnection, path: str, query: str) -> bytes:
    headers = {"Accept": "application/json", "User-Agent": "scorecard-gateway"}
    connection.request("GET", f"{path}?{query}" if query else path, headers=headers)
    response = connection.getresponse()
    if response.status != 200 or response.getheader("Content-Encoding"):
        raise FetchFailed(f"status {response.status} or an encoding")
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"more than {MAX_BYTES} bytes")
    # `read` with a size takes a body that was cut for a whole one.
    if response.length:
        raise FetchFailed("cut off")
    return body


def _hang_up(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Not the method of a TLS socket, which is not made for other threads.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
