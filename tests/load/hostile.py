"""Clients that do not behave: they hang up, stall, drip and do not read."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator, Sequence

#: Linger for no time: the kernel resets the connection instead of closing it.
_RESET = struct.pack("ii", 1, 0)


def connect(port: int, *, receive_buffer: int | None = None) -> socket.socket:
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(40)
    client.connect(("127.0.0.1", port))
    return client


def hang_up(port: int, request: bytes, *, after: int, read: int = 0, reset: bool) -> None:
    """Send the first bytes of a request, read a little of the answer, and go."""
    with connect(port) as client:
        with contextlib.suppress(OSError):  # the server may have answered and closed already
            client.sendall(request[:after])
            if read:
                client.recv(read)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


@contextlib.contextmanager
def stalled(port: int, beginnings: Sequence[bytes]) -> Iterator[list[socket.socket]]:
    """Hold one connection open for each of these beginnings of a request."""
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(connect(port)) for _ in beginnings]
        for client, beginning in zip(clients, beginnings, strict=True):
            client.sendall(beginning)
        yield clients


def rest_of(client: socket.socket, *, within_s: float) -> bytes:
    """Read until the server closes; a reset counts as closed.

    Raises
    ------
    TimeoutError
        If it does not close in time.
    """
    until = time.monotonic() + within_s
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while (left := until - time.monotonic()) > 0:
            client.settimeout(left)
            if not (piece := client.recv(65536)):
                return b"".join(pieces)
            pieces.append(piece)
        raise TimeoutError
    return b"".join(pieces)
