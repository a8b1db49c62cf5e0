"""A real Redis on this machine, which can be stopped, hung and started again."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

from tests.processes import free_port

PASSWORD = "marked-password"  # noqa: S105 (a test's)


class RedisServer:
    """A `redis-server` with a password, that keeps nothing on the disk."""

    def __init__(self, folder):
        self.port = free_port()
        self.uri = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process = None

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        told = ["--save", "", "--appendonly", "no", "--requirepass", PASSWORD]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *told, "--dir", str(self._folder)], stdout=log, stderr=log
            )
        until = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert time.monotonic() < until
            time.sleep(0.02)

    def hang(self):
        """Take connections and answer nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def running_redis(folder):
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server; apt-get install redis-server")
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
