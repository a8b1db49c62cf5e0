"""SeaweedFS: a real S3 server, which refuses wrong signatures and checksums."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registries import SECRET

#: A server that is not ready by then is broken.
PATIENCE_S = 60


def find_weed() -> str | None:
    """Its program, from the environment of the tests or from PATH."""
    return shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")


@contextmanager
def running(weed: str, folder: Path) -> Iterator[str]:
    """Start a server that keeps everything in `folder`; gives its address."""
    master, volume, filer, s3 = free_ports(4)
    allowed = {"accessKey": "AKIAFAKE", "secretKey": SECRET}
    identity = {"name": "tests", "credentials": [allowed], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "master.port": master,
        "volume.port": volume,
        # With too few volumes it answers 500 once there are a few buckets.
        "volume.max": 400,
        "master.volumeSizeLimitMB": 64,
        "filer": "true",
        "filer.port": filer,
        "s3": "true",
        "s3.port": s3,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.config": folder / "s3.json",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [weed, "server", *(f"-{name}={value}" for name, value in options.items())],
            env={**os.environ, "WEED_S3_SSE_KEY": "x"},
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        wait_until_it_answers(process, s3, folder / "log")
        yield f"http://127.0.0.1:{s3}"
    finally:
        # It takes 25 seconds to end politely.
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that are free together with those 10,000 above, which it takes for gRPC."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 30_000)  # noqa: S311 - any will do
        if port not in found and is_free(port) and is_free(port + 10_000):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS did not start:\n{log.read_text()[-2000:]}")
