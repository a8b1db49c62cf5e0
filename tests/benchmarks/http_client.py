"""The client of the HTTP comparison: raw sockets and one thread, on the standard library alone.

It must cost little beside what it asks: a request is bytes that were prepared, and of an answer
only status, length and end are looked at. Reads a job (`http_asking.Job`, a line of JSON) and the
request from its input, writes what came back (`http_asking.Run`).
"""

import json
import re
import selectors
import socket
import statistics
import sys
import time

_PIECE_BYTES = 64 * 1024
_SILENCE_S = 60.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CLOSES = re.compile(rb"(?i)\AHTTP/1\.0|\r\nconnection: *close")


class Connection:
    """Asks one request at a time; opens itself anew where the server closes after each."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._selector = selector
        self._received = bytearray()
        self._wanted = 0
        self._asked = 0.0
        self.head = b""
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._selector.unregister(self._socket)
            self._socket.close()

    def ask(self, request: bytes) -> None:
        self._asked = time.perf_counter()
        if self._socket.fileno() < 0:
            self._open()
        self._socket.sendall(request)

    def hear(self) -> float | None:
        """Take what has come; gives the seconds the answer took once it is whole."""
        piece = self._socket.recv(_PIECE_BYTES)
        if not piece:
            raise SystemExit(f"closed after {bytes(self._received[:300])!r}")
        self._received += piece
        if not self._wanted:
            self._read_head()
        if not self._wanted or len(self._received) < self._wanted:
            return None
        seconds = time.perf_counter() - self._asked
        self._received.clear()
        self._wanted = 0
        if _CLOSES.search(self.head):
            self.close()
        return seconds

    def _read_head(self) -> None:
        end = self._received.find(_HEAD_END)
        if end < 0:
            return
        self.head = bytes(self._received[:end])
        length = _LENGTH.search(self.head)
        if self.head[9:12] != b"200" or length is None:
            raise SystemExit(f"not a 200 of known length: {bytes(self._received[:600])!r}")
        self._wanted = end + len(_HEAD_END) + int(length[1])


class Asking:
    """A job at work: what is left to ask, and what was heard."""

    def __init__(self, job: dict, request: bytes) -> None:
        self._job = job
        self._request = request
        self._left = 0
        self._until = 0.0
        self._under_way = 0
        self.took: list[float] = []
        self.heads: list[str] = []

    def run_lap(self) -> float:
        """Ask over new connections until the lap is over; gives its seconds."""
        with selectors.DefaultSelector() as selector:
            count = self._job["connections"]
            connections = [Connection(self._job["port"], selector) for _ in range(count)]
            self._left = self._job["requests"] // self._job["laps"]
            started = time.perf_counter()
            self._until = started + self._job["seconds"] / self._job["laps"]
            for connection in connections:
                self._ask(connection)
            while self._under_way:
                self._hear(selector)
            spent = time.perf_counter() - started
            for connection in connections:
                connection.close()
        return spent

    def _hear(self, selector: selectors.BaseSelector) -> None:
        ready = selector.select(_SILENCE_S)
        if not ready:
            raise SystemExit(f"no answer within {_SILENCE_S:g} s")
        for key, _ in ready:
            connection = key.data
            seconds = connection.hear()
            if seconds is None:
                continue
            self._under_way -= 1
            self.took.append(seconds)
            if self._job["keep_heads"]:
                self.heads.append(connection.head.decode("latin-1"))
            self._ask(connection)

    def _ask(self, connection: Connection) -> None:
        if self._left > 0 and time.perf_counter() < self._until:
            connection.ask(self._request)
            self._left -= 1
            self._under_way += 1


def main() -> None:
    job = json.loads(sys.stdin.buffer.readline())
    asking = Asking(job, sys.stdin.buffer.read())
    cpu = time.process_time()
    seconds = sum(asking.run_lap() for _ in range(job["laps"]))
    cpu = time.process_time() - cpu
    took = sorted(asking.took)
    run = {
        "answers": len(took),
        "seconds": seconds,
        "client_cpu_us": 1e6 * cpu / len(took),
        "median_ms": 1e3 * statistics.median(took),
        "p99_ms": 1e3 * took[int(0.99 * len(took))],
        "heads": asking.heads,
    }
    sys.stdout.write(json.dumps(run))


if __name__ == "__main__":
    main()
