"""How many requests a second, and where the time of one goes: servers in turns."""

import statistics
from collections import defaultdict
from dataclasses import dataclass

from tests.benchmarks import http_in_process
from tests.benchmarks.http_servers import (
    CSS_MINI,
    GATEWAY,
    OURS,
    PEER,
    TRIVIAL,
    Server,
    running,
    timed_ours,
)
from tests.benchmarks.http_timed_container import DECODE, ENCODE, SCORE, timings
from tests.benchmarks.reference import ARTIFACT

IN_PROCESS, WHOLE = "in process", "whole"
CONNECTIONS = (1, 8)
MANY, MOST = 1000, 5000

#: What was measured: one figure a round.
Series = dict[str, list[float]]


@dataclass(frozen=True)
class Plan:
    """How long all of it takes."""

    rounds: int = 5
    seconds: float = 2.0
    #: Connections are opened anew so often in a run.
    laps: int = 4
    #: Of css-mini, in a round: it takes a second for each.
    large_requests: int = 4
    warm_up_requests: int = 1000
    starts: int = 5


QUICK = Plan(rounds=2, seconds=0.6, laps=2, large_requests=1, warm_up_requests=100, starts=2)


def one_row(servers: dict[str, Server], body: bytes, plan: Plan) -> dict[str, Series]:
    """Measure requests per second by number of connections; the client's own cost beside them."""
    rates: dict[str, Series] = {str(count): defaultdict(list) for count in CONNECTIONS}
    for _ in range(plan.rounds):
        for count in CONNECTIONS:
            for name in (OURS, GATEWAY, PEER, CSS_MINI, TRIVIAL):
                seconds = plan.seconds / 4 if name == TRIVIAL else plan.seconds
                job = {"connections": count, "seconds": seconds, "laps": plan.laps}
                run = servers[name].program.ask(body, **job)
                rates[str(count)][name].append(run.per_second)
                if name == OURS:
                    rates[str(count)]["client µs"].append(run.client_cpu_us)
                    rates[str(count)]["median ms"].append(run.median_ms)
                    rates[str(count)]["p99 ms"].append(run.p99_ms)
    return rates


def many_rows(servers: dict[str, Server], body: bytes, plan: Plan) -> Series:
    """Measure large requests per second over one connection, and the same without HTTP."""
    rates: Series = defaultdict(list)
    for _ in range(plan.rounds):
        rates[IN_PROCESS].append(http_in_process.run(ARTIFACT, body, plan.seconds).per_second)
        for name in (OURS, PEER):
            run = servers[name].program.ask(body, seconds=plan.seconds)
            rates[name].append(run.per_second)
        run = servers[CSS_MINI].program.ask(body, requests=plan.large_requests)
        rates[CSS_MINI].append(run.per_second)
    return rates


def profile(body: bytes, plan: Plan) -> dict[str, Series]:
    """Measure where the time of a large request goes, in ms: stages, and the same without HTTP.

    One connection; of the stages, the medians of each round.
    """
    stages: Series = defaultdict(list)
    alone: Series = defaultdict(list)
    with running([timed_ours()]) as servers:
        (server,) = servers.values()
        # Either worker may be the one that is asked.
        server.program.ask(body, requests=24, laps=8)
        for _ in range(plan.rounds):
            run = server.program.ask(body, seconds=plan.seconds, keep_heads=True)
            heads = [timings(head) for head in run.heads]
            for name in heads[0]:
                stages[name].append(statistics.median(head[name] for head in heads))
            stages[WHOLE].append(run.median_ms)
            found = http_in_process.run(ARTIFACT, body, plan.seconds)
            for name in (DECODE, SCORE, ENCODE):
                alone[name].append(getattr(found, name))
    return {"stages": stages, "alone": alone}
