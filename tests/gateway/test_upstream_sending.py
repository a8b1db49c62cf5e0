"""A large body to a container that is slow to take it."""

import socket
import threading
import time

from serving.gateway.http_upstream import HttpUpstream
from serving.gateway.upstream import CONNECT_TIMEOUT_S

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


def test_a_body_larger_than_the_socket_s_buffers_may_wait_longer_than_connecting():
    body = b"x" * (16 * 2**20)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Small buffers, so that sending has to wait for the reader.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def busy_container():
            connection, _ = listener.accept()
            with connection:
                time.sleep(CONNECT_TIMEOUT_S + 0.5)
                left = len(body)
                head, _, rest = connection.recv(65536).partition(b"\r\n\r\n")
                assert head.startswith(b"POST /invocations")
                left -= len(rest)
                while left > 0 and (piece := connection.recv(2**20)):
                    left -= len(piece)
                connection.sendall(ANSWER)

        threading.Thread(target=busy_container, daemon=True).start()
        upstream = HttpUpstream(
            f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=20, connections=1
        )

        answer = upstream.invoke(body, {"Content-Type": "application/json"})

    assert (answer.status, answer.body) == (200, b"{}")
