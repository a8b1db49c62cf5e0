"""How long servers take to start, and how much memory a worker holds."""

import json
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.http_rates import Series
from tests.benchmarks.http_servers import ENVIRONMENT, Program, Server
from tests.processes import call

_POLL_S = 0.005
_WITHIN_S = 120.0
PING, SCORED = "start to first 200 on /ping", "start to first scored answer"
IMPORT, LOAD = "import of the server", "loading the model"


def starts(programs: Sequence[Program], body: bytes, count: int) -> dict[str, Series]:
    """Start each program again and again, in turns; gives seconds since the start of the process.

    The first start of each is not counted: it reads everything from the disk.
    """
    seconds: dict[str, Series] = {program.name: defaultdict(list) for program in programs}
    for turn in range(count + 1):
        for program in programs:
            ping, scored = _start(program, body)
            if turn:
                seconds[program.name][PING].append(ping)
                seconds[program.name][SCORED].append(scored)
    return seconds


def _start(program: Program, body: bytes) -> tuple[float, float]:
    began = time.perf_counter()
    process = program.start()
    try:
        while not _pings(program.port):
            if time.perf_counter() - began > _WITHIN_S:
                raise SystemExit(f"{program.name} does not start:\n{process.log()}")
            time.sleep(_POLL_S)
        ping = time.perf_counter() - began
        answer = program.call(body)
        if answer.status != 200:
            raise SystemExit(f"{program.name}: {answer.status} {answer.body[:300]!r}")
        return ping, time.perf_counter() - began
    finally:
        process.stop()


def _pings(port: int) -> bool:
    try:
        return call(port, "GET", "/ping", timeout_s=2).status == 200
    except OSError:
        return False


def memory(server: Server) -> list[dict[str, float]]:
    """Give RSS and PSS of each worker, in MB of 2**20 bytes.

    RSS counts what processes share in each of them, PSS in parts.
    """
    return [
        {name: _megabytes(Path(f"/proc/{pid}/smaps_rollup"), name) for name in ("Rss", "Pss")}
        for pid in server.workers
    ]


def _megabytes(path: Path, name: str) -> float:
    line = next(line for line in path.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


_TIMED = """
import json, time
began = time.perf_counter()
{statement}
imported = time.perf_counter()
{load}
print(json.dumps([imported - began, time.perf_counter() - imported]))
"""


@dataclass(frozen=True)
class Start:
    """What a worker does before it can answer, as Python."""

    python: Path | str
    statement: str
    load: str

    def measure(self) -> tuple[float, float]:
        """Import, then load the model, in a new process; gives seconds of both."""
        code = _TIMED.format(statement=self.statement, load=self.load)
        done = subprocess.run(
            [self.python, "-c", code],
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT},
        )
        imported, loaded = json.loads(done.stdout)
        return imported, loaded


def imports(kinds: Mapping[str, Start], count: int) -> dict[str, Series]:
    """Measure the two halves of a start, in turns, in seconds."""
    seconds: dict[str, Series] = {name: {IMPORT: [], LOAD: []} for name in kinds}
    for _ in range(count):
        for name, start in kinds.items():
            imported, loaded = start.measure()
            seconds[name][IMPORT].append(imported)
            seconds[name][LOAD].append(loaded)
    return seconds
