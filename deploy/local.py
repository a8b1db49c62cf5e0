"""The whole path on one machine: `make run`.

Trains on data/sample, publishes to an S3 that runs here (moto), starts the container on that S3
and the gateway in front of it, asks them one question the way Einstein Studio does, and stays
until Ctrl-C. No AWS account, nothing outside build/run.

Environment: CONTAINER_PORT (8080), GATEWAY_PORT (8000), RUN_FOLDER (build/run).
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn

import pandas as pd

from serving.scoring import load_scorer

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
#: Where artifact, keys and logs go.
BUILD = Path(os.environ.get("RUN_FOLDER", ROOT / "build" / "run"))
BUCKET = "css-mini-local"
REGISTRY = f"s3://{BUCKET}/models"
#: How long a process may take to answer before something is wrong.
READY_S = 60


class Local:
    """The processes that were started, in order."""

    def __init__(self, *, container_port: int, gateway_port: int) -> None:
        self.container_port = container_port
        self.gateway_port = gateway_port
        self.s3_port = _free_port()
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    @property
    def environ(self) -> dict[str, str]:
        """What every process here is told; the keys open nothing but the S3 on this machine."""
        # Nothing meant for another AWS or another scorecard may reach these.
        foreign = ("AWS_", "SCORECARD_", "SAGEMAKER_", "HTTP_PROXY", "HTTPS_PROXY")
        own = {k: v for k, v in os.environ.items() if not k.upper().startswith(foreign)}
        return {
            **own,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.s3_port}",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def run(self, *command: str | Path) -> str:
        """Run a command to its end and give what it printed."""
        done = subprocess.run(
            [str(word) for word in command],
            env=self.environ,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            _fail(f"{shlex.join(map(str, command))} failed:\n{done.stderr}")
        return done.stdout

    def start(self, name: str, url: str, *command: str | Path, **environ: str) -> None:
        """Start a server, its output in build/run, and wait until `url` answers."""
        log = BUILD / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                env={**self.environ, **environ},
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this program, which then ends the others in order.
                start_new_session=True,
            )
        self._running.append((name, process))
        deadline = time.monotonic() + READY_S
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                _fail(f"{name} did not start; its log is {log}:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)

    def watch(self) -> NoReturn:
        """Stay until told to stop, or until a process ends that should not."""
        while True:
            for name, process in self._running:
                if process.poll() is not None:
                    _fail(f"{name} ended; its log is {BUILD / name}.log")
            time.sleep(0.5)

    def stop(self) -> None:
        """End every process, the last started first; a second Ctrl-C does not cut that short."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for _, process in reversed(self._running):
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> None:
    """Start everything, show one request, stay."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    local = Local(
        container_port=_port("CONTAINER_PORT", "8080"),
        gateway_port=_port("GATEWAY_PORT", "8000"),
    )
    try:
        _check_free("CONTAINER_PORT", local.container_port)
        _check_free("GATEWAY_PORT", local.gateway_port)
        BUILD.mkdir(parents=True, exist_ok=True)
        _start_all(local)
        local.watch()
    except KeyboardInterrupt:
        print("\nstopping")
    finally:
        local.stop()


def _start_all(local: Local) -> None:
    artifact = BUILD / "artifact"
    print("training on data/sample (a few seconds) ...", flush=True)
    local.run(BIN / "scorecard", "train", "--data", ROOT / "data" / "sample", "--out", artifact)
    s3 = f"http://127.0.0.1:{local.s3_port}"
    local.start(
        "s3", f"{s3}/moto-api/", BIN / "moto_server", "-H", "127.0.0.1", "-p", str(local.s3_port)
    )
    _call(f"{s3}/{BUCKET}", b"", method="PUT")
    print(local.run(BIN / "scorecard", "publish", artifact, REGISTRY).strip(), flush=True)
    container = f"http://127.0.0.1:{local.container_port}"
    local.start(
        "container",
        f"{container}/ping",
        BIN / "serve",
        SCORECARD_MODEL=REGISTRY,
        SCORECARD_HOST="127.0.0.1",
        SCORECARD_PORT=str(local.container_port),
        SCORECARD_CACHE=str(BUILD / "models"),
    )
    keys = BUILD / "keys.json"
    for old in (keys, keys.with_name("keys.json.pepper")):
        old.unlink(missing_ok=True)
    secret = local.run(BIN / "scorecard", "keys", "issue", "local", "--keys", keys).split()[-1]
    gateway = f"http://127.0.0.1:{local.gateway_port}"
    local.start(
        "gateway",
        f"{gateway}/ping",
        BIN / "scorecard",
        "gateway",
        "--upstream",
        container,
        "--keys",
        keys,
        "--port",
        str(local.gateway_port),
    )
    _show_request(f"{gateway}/default/invocations", secret, artifact)


def _show_request(url: str, secret: str, artifact: Path) -> None:
    """Print a curl that scores the sample's first account, and what it answers."""
    body = json.dumps({"instances": [{"features": _first_account(artifact)}]})
    answer = _call(
        url, body.encode(), method="POST", headers={"x-api-key": secret, **_JSON}
    ).decode()
    print(
        f"\nready; logs are in {BUILD}\n\n"
        f"curl -s {url} -H 'Content-Type: application/json' -H 'x-api-key: {secret}' "
        f"-d '{body}'\n\n{answer}\n\nCtrl-C stops everything.",
        flush=True,
    )


_JSON = {"Content-Type": "application/json"}


def _first_account(artifact: Path) -> list[float | None]:
    """Give the sample's first account as Einstein Studio sends it: by position."""
    sample = ROOT / "data" / "sample"
    frame = pd.read_csv(sample / "peer_dims.csv")
    for name in ("product_metrics.csv", "usage_metrics.csv"):
        frame = frame.merge(pd.read_csv(sample / name), on="acct_id", suffixes=("", "_again"))
    first = frame.iloc[0]
    names = [column.name for column in load_scorer(artifact).inputs]
    return [None if pd.isna(first[name]) else float(first[name]) for name in names]


def _call(url: str, body: bytes, *, method: str, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, body, headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        content: bytes = response.read()
    return content


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _port(setting: str, default: str) -> int:
    text = os.environ.get(setting) or default
    if not text.isdecimal() or not 0 < int(text) < 65536:
        _fail(f"{setting} must be a port from 1 to 65535, not {text!r}")
    return int(text)


def _check_free(setting: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            _fail(f"port {port} is taken; choose another: make run {setting}={port + 1}")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str) -> NoReturn:
    raise SystemExit(f"error: {message}")


if __name__ == "__main__":
    main()
