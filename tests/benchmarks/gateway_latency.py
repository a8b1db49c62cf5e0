"""What the gateway adds to an answer's time: the container alone and behind it, in turns.

    python -m tests.benchmarks.gateway_latency [--quick]

Runs after `reference`, which makes the artifact. One worker each, one connection, in turns in one
run, so that whatever else the machine does hits all. A hop that only hands bytes on (`http_hop.py`)
goes with them: what it adds, no gateway in Python can save. Beside the times stands the time on the
processor, of the gateway and of the container, per request; it says more where others are at work.
"""

import argparse
import os
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from serving.scoring import load_scorer
from tests.benchmarks.css_mini import CssMini
from tests.benchmarks.http_scores import body_of
from tests.benchmarks.http_servers import OURS, Program, Server, gateway, ours, running
from tests.benchmarks.reference import ARTIFACT
from tests.benchmarks.report import RESULTS
from tests.processes import free_port

ROWS = (1, 1000)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HOP = "behind a hop that does nothing"
_HOP = Path(__file__).with_name("http_hop.py")


@dataclass(frozen=True)
class Plan:
    rounds: int = 12
    seconds: float = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    plan = Plan(rounds=3, seconds=0.7) if parser.parse_args().quick else Plan()
    columns = [column.name for column in load_scorer(ARTIFACT).inputs]
    rows = pd.read_csv(RESULTS / CssMini.ACCOUNTS, nrows=max(ROWS))[columns].to_numpy().tolist()
    print(f"load average: {os.getloadavg()}")
    container = ours()
    container = replace(container, environ={**container.environ, "SCORECARD_WORKERS": "1"})
    shim = gateway(container)
    shim = replace(shim, environ={**shim.environ, "SCORECARD_GATEWAY_WORKERS": "1"})
    with running([container, shim, _hop(container)]) as servers:
        for count in ROWS:
            _compare(servers, body_of(rows[:count]), count, plan)
    print(f"load average: {os.getloadavg()}")


def _compare(servers: dict[str, Server], body: bytes, count: int, plan: Plan) -> None:
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for server in servers.values():
        server.program.ask(body, requests=200, connections=1, laps=1)
    for _ in range(plan.rounds):
        for name, server in servers.items():
            before = {other: _cpu_s(servers[other]) for other in servers}
            run = server.program.ask(body, connections=1, seconds=plan.seconds, laps=1)
            spent = {other: _cpu_s(servers[other]) - before[other] for other in servers}
            figures[name]["median_ms"].append(run.median_ms)
            figures[name]["p99_ms"].append(run.p99_ms)
            own = 0.0 if name == OURS else spent[name]
            figures[name]["hop_cpu_us"].append(1e6 * own / run.answers)
            figures[name]["container_cpu_us"].append(1e6 * spent[OURS] / run.answers)
    print(f"{count:,} rows")
    for name, of_one in figures.items():
        print(f"  {name}")
        for what, values in of_one.items():
            alone = figures[OURS][what]
            ratio = statistics.median(b / a if a else 0 for a, b in zip(alone, values, strict=True))
            told = f"  ratio {ratio:.2f}" if ratio else ""
            print(f"    {what:16} {statistics.median(values):9.3f}{told}")


def _hop(upstream: Program) -> Program:
    port = free_port()
    command = [sys.executable, _HOP, str(port), str(upstream.port)]
    return Program(HOP, command, port, path="/default/invocations")


def _cpu_s(server: Server) -> float:
    """Give the seconds on the processor of a server's workers so far."""
    spent = 0
    for pid in server.workers:
        # Of the process: threads that have ended count, too.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / _TICKS_PER_S


if __name__ == "__main__":
    main()
