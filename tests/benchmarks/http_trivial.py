"""A server that does nothing: what it reaches is the client's limit.

Usage: python http_trivial.py PORT
"""

import selectors
import socket
import sys

_BODY = b'{"predictions":[' + b"0" * 800 + b"]}"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


def main(port: int) -> None:
    """Answer everything that comes; a one-row request comes in one piece."""
    with (
        selectors.DefaultSelector() as selector,
        socket.create_server(("127.0.0.1", port), backlog=64) as listening,
    ):
        selector.register(listening, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                ready = key.fileobj
                if ready is listening:
                    connection, _ = listening.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ)
                elif ready.recv(65536):
                    ready.sendall(_ANSWER)
                else:
                    selector.unregister(ready)
                    ready.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
