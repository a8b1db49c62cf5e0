"""A hop that does nothing: takes a request, hands it on, and hands the answer back.

    python http_hop.py PORT UPSTREAM_PORT

It looks for lengths only and serves one connection at a time. What it adds to an answer's time, any
hop in Python adds: two more sockets, and processes that wake each other.
"""

import re
import socket
import sys

_PIECE_BYTES = 256 * 1024
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def main(port: int, upstream_port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            caller, _ = listener.accept()
            with caller, socket.create_connection(("127.0.0.1", upstream_port)) as upstream:
                for end in (caller, upstream):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while message := _whole(caller):
                    upstream.sendall(message.replace(b"/default", b"", 1))
                    caller.sendall(_whole(upstream))


def _whole(end: socket.socket) -> bytes:
    """Read one message; nothing at the end of the stream."""
    received = b""
    while piece := end.recv(_PIECE_BYTES):
        received += piece
        head_ends = received.find(b"\r\n\r\n")
        if head_ends < 0:
            continue
        length = _LENGTH.search(received, 0, head_ends)
        if len(received) == head_ends + 4 + (int(length[1]) if length else 0):
            return received
    return b""


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
