"""The whole path as processes of this machine: an S3 (moto), the container, the gateway.

`make run` and the notebooks start it. Nothing is written outside the folder that is given, and
nothing is read from an AWS account: whatever the environment says of one is left out.
"""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

BIN = Path(sys.executable).parent
BUCKET = "css-mini-local"
REGISTRY = f"s3://{BUCKET}/models"
#: How long a process may take to answer before something is wrong.
READY_S = 60
#: Nothing meant for another AWS or another scorecard may reach what is started here.
_FOREIGN = ("AWS_", "SCORECARD_", "SAGEMAKER_", "HTTP_PROXY", "HTTPS_PROXY")


class DidNotRun(RuntimeError):
    """A program did not start, failed, or ended before it should; the message has its output."""


class ThisMachine:
    """S3, container and gateway on this machine, and what is needed to use them.

    `stop` ends what was started; so does the end of this program, and the end of a ``with`` block.

    Parameters
    ----------
    folder : str or Path
        Where logs, keys and fetched models go; made if it is not there.
    container_port, gateway_port : int, optional
        Free ones if not given.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        container_port: int | None = None,
        gateway_port: int | None = None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.s3_url = f"http://127.0.0.1:{free_port()}"
        self.container_url = f"http://127.0.0.1:{container_port or free_port()}"
        self.gateway_url = f"http://127.0.0.1:{gateway_port or free_port()}"
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    @property
    def api_url(self) -> str:
        """Where the gateway takes accounts to score."""
        return f"{self.gateway_url}/default/invocations"

    def start_s3(self) -> str:
        """Start an empty S3, make a bucket, and give the registry in it, where models belong."""
        self.folder.mkdir(parents=True, exist_ok=True)
        port = self.s3_url.rpartition(":")[2]
        self._start("s3", f"{self.s3_url}/moto-api/", "moto_server", "-H", "127.0.0.1", "-p", port)
        asked = urllib.request.Request(f"{self.s3_url}/{BUCKET}", method="PUT")
        open_here(asked, timeout=10).close()
        return REGISTRY

    def use_here(self) -> None:
        """Lead this very program to the S3 of this machine, and to no AWS account."""
        for name in [name for name in os.environ if name.upper().startswith(_FOREIGN)]:
            del os.environ[name]
        os.environ.update(self._aws())

    def start_container(self) -> None:
        """Start the container; it answers as soon as it has loaded the current model."""
        self._start(
            "container",
            f"{self.container_url}/ping",
            "serve",
            SCORECARD_MODEL=REGISTRY,
            SCORECARD_HOST="127.0.0.1",
            SCORECARD_PORT=self.container_url.rpartition(":")[2],
            SCORECARD_CACHE=str(self.folder / "models"),
        )

    def start_gateway(self, caller: str = "local") -> str:
        """Start the gateway in front of the container, and give a new key for a caller."""
        keys = self.folder / "keys.json"
        for old in (keys, keys.with_name("keys.json.pepper")):
            old.unlink(missing_ok=True)
        key = self.run("scorecard", "keys", "issue", caller, "--keys", keys).split()[-1]
        port = self.gateway_url.rpartition(":")[2]
        self._start(
            "gateway", f"{self.gateway_url}/ping", "scorecard", "gateway",
            "--upstream", self.container_url, "--keys", str(keys), "--port", port,
        )  # fmt: skip
        return key

    def run(self, program: str, *words: str | Path) -> str:
        """Run one of our programs to its end and give what it printed; raises DidNotRun."""
        done = subprocess.run(
            [str(BIN / program), *map(str, words)],
            env=self._environ(),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise DidNotRun(f"{shlex.join(map(str, done.args))} failed:\n{done.stderr}")
        return done.stdout

    def check(self) -> None:
        """Raise DidNotRun if a process has ended that should not have."""
        for name, process in self._running:
            if process.poll() is not None:
                raise DidNotRun(f"{name} ended; its log is {self._log(name)}")

    def stop(self) -> None:
        """End every process, the last started first; a second time does nothing."""
        # All are told before any is waited for: whoever stops us may not wait for long.
        for _, process in reversed(self._running):
            process.terminate()
        while self._running:
            _, process = self._running[-1]
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._running.pop()
        atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, name: str, url: str, program: str, *words: str, **environ: str) -> None:
        """Start a server and wait until `url` answers."""
        atexit.register(self.stop)
        with self._log(name).open("wb") as output:
            process = subprocess.Popen(
                [*_ending_with_us(), str(BIN / program), *words],
                env={**self._environ(), **environ},
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the program that started it, which then ends all in order.
                start_new_session=True,
            )
        self._running.append((name, process))
        deadline = time.monotonic() + READY_S
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                log = self._log(name)
                raise DidNotRun(f"{name} did not start; its log is {log}:\n{_end_of(log)}")
            time.sleep(0.05)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _aws(self) -> Mapping[str, str]:
        # The keys open nothing but the S3 on this machine.
        return {
            "AWS_ENDPOINT_URL": self.s3_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def _environ(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.upper().startswith(_FOREIGN)}
        return {**own, **self._aws()}


def open_here(asked: str | urllib.request.Request, *, timeout: float) -> Any:
    """Open an address of this machine, past any proxy that the environment names."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(asked, timeout=timeout)


def free_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _ending_with_us() -> list[str]:
    """Give what is written before a command so that it ends if we are killed, where that exists."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _end_of(log: Path) -> str:
    """Give the last lines of a log, but those of our own asking whether it is ready."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if '"/ping"' not in line][-20:])


def _answers(url: str) -> bool:
    try:
        with open_here(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
