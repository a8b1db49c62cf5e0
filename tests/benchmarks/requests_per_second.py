"""Requests per second at one account a request: ours, ours through the gateway, css-mini's server.

Run by `make bench` after `reference`, which makes the artifact and installs css-mini. The same
client asks all of them, in turns; prints a table and writes build/bench/http.json.
"""

import datetime as dt
import http.client
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from serving.gateway.keys import issue
from serving.scoring import load_scorer
from tests.benchmarks.css_mini import CssMini, prepare_css_mini
from tests.benchmarks.reference import ARTIFACT, RESULTS
from tests.processes import BIN, Process, call, free_port

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = (1, 4)
BATCH = 5000


def main() -> None:
    frame = pd.read_csv(RESULTS / CssMini.ACCOUNTS, dtype={"acct_id": str}).head(BATCH)
    names = [column.name for column in load_scorer(ARTIFACT).inputs]
    rows = frame[names].to_numpy().tolist()
    servers: dict[str, tuple[Process, str, dict[str, str]]] = {}
    try:
        _start(servers)
        runs = _measure(servers, json.dumps({"instances": [{"features": rows[0]}]}).encode())
        batch = _time_batch(servers, rows)
    finally:
        for process, *_ in servers.values():
            process.stop()
    result = {"cpus": os.cpu_count(), "seconds_each": SECONDS, "runs": runs, "batch": batch}
    (RESULTS / "http.json").write_text(json.dumps(result, indent=1) + "\n")
    print(_table(result))


def _start(started: dict[str, tuple[Process, str, dict[str, str]]]) -> None:
    """Start the three servers, and note process, path and headers of each."""
    port = free_port()
    began = time.monotonic()
    container = Process(
        [BIN / "serve"],
        RESULTS / "container.log",
        port=port,
        SCORECARD_MODEL=str(ARTIFACT.resolve()),
        SCORECARD_PORT=str(port),
    )
    started["container"] = (container, "/invocations", {})
    container.wait_for_ping()
    print(f"container: first 200 on /ping {time.monotonic() - began:.2f} s after its start")
    started["gateway"] = _start_gateway(port)
    reference = prepare_css_mini(RESULTS)
    port = free_port()
    print("css-mini fits before it serves (a minute) ...", flush=True)
    css_mini = Process(
        [
            reference.python,
            Path(__file__).with_name("css_mini_serve.py"),
            RESULTS / "config.yaml",
            RESULTS / CssMini.ACCOUNTS,
            port,
        ],
        RESULTS / "css_mini.log",
        port=port,
        PYTHONWARNINGS="ignore",
    )
    started["css-mini"] = (css_mini, "/invocations", {})
    css_mini.wait_for_ping(within_s=600)


def _start_gateway(upstream: int) -> tuple[Process, str, dict[str, str]]:
    keys = RESULTS / "keys.json"
    for old in (keys, keys.with_name("keys.json.pepper")):
        old.unlink(missing_ok=True)
    secret = issue(keys, "bench", dt.datetime.now(dt.UTC)).secret
    port = free_port()
    gateway = Process(
        [BIN / "scorecard", "gateway", "--upstream", f"http://127.0.0.1:{upstream}",
         "--keys", keys, "--port", port],
        RESULTS / "gateway.log",
        port=port,
    )  # fmt: skip
    gateway.wait_for_ping()
    return gateway, "/default/invocations", {"x-api-key": secret}


def _measure(servers, body: bytes) -> dict[str, dict[str, list[float]]]:
    runs = {name: {str(count): [] for count in CONNECTIONS} for name in servers}
    for _ in range(ROUNDS):
        for count in CONNECTIONS:
            for name, (process, path, headers) in servers.items():
                with ThreadPoolExecutor(count) as pool:
                    done = pool.map(
                        lambda _, p=process, q=path, h=headers: _ask(p.port, q, body, h),
                        range(count),
                    )
                    runs[name][str(count)].append(sum(done) / SECONDS)
    return runs


def _ask(port: int, path: str, body: bytes, headers: dict[str, str]) -> int:
    """Ask over one kept connection until the time is up; gives the number of answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    named = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    answers = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        connection.request("POST", path, body, named)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise SystemExit(f"{path} on {port}: {response.status} {content[:200]!r}")
        answers += 1
    connection.close()
    return answers


def _time_batch(servers, rows: list[list[float]]) -> dict[str, float]:
    """Send 5,000 accounts through the gateway; they must be the scores the scorer gives."""
    process, path, headers = servers["gateway"]
    body = json.dumps({"instances": [{"features": row} for row in rows]}).encode()
    seconds = []
    for _ in range(ROUNDS):
        started = time.monotonic()
        answer = call(
            process.port, "POST", path, body, **{"Content-Type": "application/json", **headers}
        )
        seconds.append(time.monotonic() - started)
    scores = pd.DataFrame(answer.json()["predictions"]).drop(columns="last_modified")
    expected = pd.read_csv(RESULTS / "scores.csv", nrows=len(rows))[list(scores.columns)]
    different = int((~(scores.astype(float) == expected) & scores.notna()).sum().sum())
    return {
        "accounts": len(rows),
        "request_bytes": len(body),
        "seconds": statistics.median(seconds),
        "different_from_score_command": different,
    }


def _table(result: dict) -> str:
    lines = [
        f"Requests per second at one account a request, {result['cpus']} CPUs (client included), "
        f"median of {ROUNDS} (lowest - highest)",
        "",
        "| | " + " | ".join(f"{count} connection(s)" for count in CONNECTIONS) + " |",
        "|---|" + "---:|" * len(CONNECTIONS),
    ]
    for name, runs in result["runs"].items():
        cells = [
            f"{statistics.median(run):,.0f} ({min(run):,.0f} - {max(run):,.0f})"
            for run in runs.values()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    batch = result["batch"]
    return "\n".join(
        [
            *lines,
            "",
            f"{batch['accounts']:,} accounts in one request through the gateway "
            f"({batch['request_bytes']:,} bytes): {batch['seconds']:.3f} s, "
            f"{batch['different_from_score_command']} scores differ from `scorecard score`",
        ]
    )


if __name__ == "__main__":
    main()
