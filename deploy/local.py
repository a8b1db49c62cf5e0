"""The whole path on one machine: `make run`.

Trains on data/sample, publishes to an S3 that runs here (moto), starts the container on that S3
and the gateway in front of it, asks them one question the way Einstein Studio does, and stays
until Ctrl-C. No AWS account, nothing outside build/run.

Environment: CONTAINER_PORT (8080), GATEWAY_PORT (8000), RUN_FOLDER (build/run).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path
from typing import NoReturn

import pandas as pd
from this_machine import DidNotRun, ThisMachine, open_here

from serving.scoring import load_scorer

ROOT = Path(__file__).parents[1]
#: Where artifact, keys and logs go.
BUILD = Path(os.environ.get("RUN_FOLDER", ROOT / "build" / "run"))


def main() -> None:
    """Start everything, show one request, stay."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    container, gateway = _port("CONTAINER_PORT", "8080"), _port("GATEWAY_PORT", "8000")
    machine = ThisMachine(BUILD, container_port=container, gateway_port=gateway)
    try:
        _check_free("CONTAINER_PORT", container)
        _check_free("GATEWAY_PORT", gateway)
        _start_all(machine)
        while True:
            machine.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        print("\nstopping")
    except DidNotRun as error:
        _fail(str(error))
    finally:
        # A second Ctrl-C does not cut that short.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        machine.stop()


def _start_all(machine: ThisMachine) -> None:
    artifact = BUILD / "artifact"
    print("training on data/sample (some fifteen seconds) ...", flush=True)
    machine.run("scorecard", "train", "--data", ROOT / "data" / "sample", "--out", artifact)
    registry = machine.start_s3()
    print(machine.run("scorecard", "publish", artifact, registry).strip(), flush=True)
    machine.start_container()
    _show_request(machine.api_url, machine.start_gateway(), artifact)


def _show_request(url: str, secret: str, artifact: Path) -> None:
    """Print a curl that scores the sample's first account, and what it answers."""
    body = json.dumps({"instances": [{"features": _first_account(artifact)}]})
    headers = {"x-api-key": secret, "Content-Type": "application/json"}
    request = urllib.request.Request(url, body.encode(), headers)
    with open_here(request, timeout=10) as response:
        answer = response.read().decode()
    print(
        f"\nready; logs are in {BUILD}\n\n"
        f"curl -s {url} -H 'Content-Type: application/json' -H 'x-api-key: {secret}' "
        f"-d '{body}'\n\n{answer}\n\nCtrl-C stops everything.",
        flush=True,
    )


def _first_account(artifact: Path) -> list[float | None]:
    """Give the sample's first account as Einstein Studio sends it: by position."""
    sample = ROOT / "data" / "sample"
    frame = pd.read_csv(sample / "peer_dims.csv")
    for name in ("product_metrics.csv", "usage_metrics.csv"):
        frame = frame.merge(pd.read_csv(sample / name), on="acct_id", suffixes=("", "_again"))
    first = frame.iloc[0]
    names = [column.name for column in load_scorer(artifact).inputs]
    return [None if pd.isna(first[name]) else float(first[name]) for name in names]


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
