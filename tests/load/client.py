"""A load client that counts exactly: whatever it sends is answered once or lost once.

It behaves as an HTTP/1.1 client may: it keeps connections, opens another one before it sends if
the server has announced `Connection: close` or has closed an idle connection, and sends nothing
twice. One thread, one event loop; `Load.run` blocks, `under_load` runs it in the background.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.load.answers import AnswerReader

#: How often requests that wait for an answer are looked at for having waited too long.
SWEEP_S = 0.05
#: Pause after a connection that could not be made.
RECONNECT_S = 0.01

OnAnswer = Callable[[int, int, bytes], None]


@dataclass
class Tally:
    """What became of the requests of one load. Times are in seconds."""

    sent: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    #: Reason to number; `sent` is the sum of both counters once the load has ended.
    lost: Counter[str] = field(default_factory=Counter)
    #: Connections that could not be made, or were closed before anything was sent.
    not_connected: int = 0
    #: Bytes that came while no request was under way.
    unasked: int = 0
    connections: int = 0
    longest_connect_s: float = 0.0
    took: dict[int, list[float]] = field(default_factory=dict)

    def quantile(self, share: float, status: int = 200) -> float:
        """Give the time within which that share of the answers with a status came."""
        times = sorted(self.took[status])
        return times[min(int(share * len(times)), len(times) - 1)]

    def longest(self) -> float:
        """Give the time of the slowest answer, whatever its status."""
        return max(max(times) for times in self.took.values())

    def note(self, status: int, seconds: float) -> None:
        self.answered[status] += 1
        self.took.setdefault(status, []).append(seconds)


@dataclass
class Load:
    """A closed loop: each of `clients` sends its next request when the last one is answered.

    Attributes
    ----------
    requests : sequence of bytes
        Whole requests, head and body, sent in turns.
    clients : int
        How many requests are under way at once.
    pause_s, pause_refused_s : float
        What a client waits after an answer, and after one with status 503.
    timeout_s : float
        A request without a whole answer after this time is lost.
    on_answer : callable, optional
        Is given the position in `requests`, the status and the body of every answer.
    """

    port: int
    requests: Sequence[bytes]
    clients: int = 1
    pause_s: float = 0.0
    pause_refused_s: float = 0.0
    timeout_s: float = 40.0
    on_answer: OnAnswer | None = None
    tally: Tally = field(default_factory=Tally)
    limit: float = float("inf")
    until: float = float("inf")

    def run(self, *, seconds: float = float("inf"), count: float = float("inf")) -> Tally:
        """Send until the time is up or so many were sent; wait for the answers under way."""
        self.limit = count
        self.until = min(self.until, time.monotonic() + seconds)
        asyncio.run(self._run())
        return self.tally

    def end(self) -> None:
        """Let nothing more be sent; may be called from another thread."""
        self.until = 0.0

    def next_request(self) -> int | None:
        """Give the position of the next request and count it as sent; None when there is none."""
        if self.tally.sent >= self.limit or time.monotonic() >= self.until:
            return None
        position = self.tally.sent % len(self.requests)
        self.tally.sent += 1
        return position

    async def _run(self) -> None:
        clients = [_Client(self) for _ in range(self.clients)]
        for client in clients:
            client.go_on()
        while not all(client.done for client in clients):
            await asyncio.sleep(SWEEP_S)
            for client in clients:
                client.look_at_the_clock()
        for client in clients:
            client.hang_up()
        await asyncio.sleep(0.01)  # the loop closes sockets one turn later


class _Client:
    """One caller: at most one connection that it uses, at most one request under way."""

    def __init__(self, load: Load) -> None:
        self.done = False
        self._load = load
        self._loop = asyncio.get_running_loop()
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[None] | None = None

    def go_on(self, pause_s: float = 0.0) -> None:
        if pause_s:
            self._loop.call_later(pause_s, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if time.monotonic() >= self._load.until or self._load.tally.sent >= self._load.limit:
            self.done = True
        elif self._connection is None or self._connection.transport.is_closing():
            self._connecting = self._loop.create_task(self._connect())
        elif (position := self._load.next_request()) is not None:
            self._connection.send(position, self._load.requests[position])
        else:
            self.done = True  # the time was up between the two looks at the clock

    async def _connect(self) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._load.timeout_s):
                transport, self._connection = await self._loop.create_connection(
                    lambda: _Connection(self), "127.0.0.1", self._load.port
                )
            if transport.is_closing():
                raise ConnectionResetError
        except (OSError, TimeoutError):
            self._connection = None
            self._load.tally.not_connected += 1
            self.go_on(RECONNECT_S)
            return
        tally = self._load.tally
        tally.connections += 1
        tally.longest_connect_s = max(tally.longest_connect_s, time.monotonic() - began)
        self._send()

    def answered(self, position: int, reader: AnswerReader, seconds: float) -> None:
        load = self._load
        load.tally.note(reader.status, seconds)
        if load.on_answer:
            load.on_answer(position, reader.status, reader.body())
        if reader.closes:
            self.hang_up()
        self.go_on(load.pause_refused_s if reader.status == 503 else load.pause_s)

    def lost(self, why: str) -> None:
        self._load.tally.lost[why] += 1
        self.hang_up()
        self.go_on(RECONNECT_S)

    def not_asked_for(self, size: int) -> None:
        self._load.tally.unasked += size
        self.hang_up()

    def closed_while_idle(self, connection: _Connection) -> None:
        if self._connection is connection:
            self._connection = None

    def hang_up(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.transport.abort()

    def look_at_the_clock(self) -> None:
        connection = self._connection
        if connection is not None and connection.waits_for(self._load.timeout_s):
            connection.give_up("no answer in time")


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._position: int | None = None  # of the request under way
        self._sent_at = 0.0
        self._reader = AnswerReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, position: int, request: bytes) -> None:
        self._position = position
        self._sent_at = time.monotonic()
        self._reader.start()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._position is None:
            self._client.not_asked_for(len(data))
            return
        try:
            whole = self._reader.feed(data)
        except ValueError as error:
            self.give_up(str(error))
            return
        if whole:
            position, self._position = self._position, None
            self._client.answered(position, self._reader, time.monotonic() - self._sent_at)

    def connection_lost(self, error: Exception | None) -> None:
        if self._position is None:
            self._client.closed_while_idle(self)  # the next request takes another connection
        elif self._reader.begun:
            self.give_up("the answer was cut")
        else:
            self.give_up("reset" if error else "closed without an answer")

    def waits_for(self, seconds: float) -> bool:
        return self._position is not None and time.monotonic() - self._sent_at > seconds

    def give_up(self, why: str) -> None:
        self._position = None
        self._client.lost(why)


@contextlib.contextmanager
def under_load(load: Load, **how_long: float) -> Iterator[Load]:
    """Run a load in the background; on leaving it sends no more and its tally is complete."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            load.run(**how_long)
        except BaseException as error:  # noqa: BLE001 (raised again where the test sees it)
            failures.append(error)

    thread = threading.Thread(target=run, name="load")
    thread.start()
    try:
        yield load
    finally:
        if not how_long:
            load.end()
        thread.join()
    if failures:
        raise failures[0]
