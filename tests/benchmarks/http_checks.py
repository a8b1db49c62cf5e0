"""What was promised of the container over HTTP, and whether it holds."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.http_life import PING
from tests.benchmarks.http_rates import CONNECTIONS, IN_PROCESS, MANY, MOST, WHOLE, Series
from tests.benchmarks.http_servers import CSS_MINI, OURS, PEER
from tests.benchmarks.http_timed_container import DECODE, ENCODE, SCORE
from tests.benchmarks.report import Check, at_most

#: What was promised.
TIMES_CSS_MINI = 150.0
OF_PEER_ONE_ROW, OF_PEER_MANY_ROWS = 0.8, 1.0
OF_IN_PROCESS = 0.7
SHARE_OF_MOST = 0.8
OF_START, OF_MEMORY = 1 / 3, 1 / 2


def at_least(what: str, value: float, limit: float) -> Check:
    """Hold a figure to a limit; one that is not a number does not reach it."""
    return Check(f"{what}: {value:.3g}, at least {limit:g}", value >= limit)


def ratios(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Divide round by round: what slows a round down slows both down."""
    return [mine / other for mine, other in zip(first, second, strict=True)]


def sums(series: Series, names: Sequence[str]) -> list[float]:
    """Add series round by round."""
    return [sum(values) for values in zip(*(series[name] for name in names), strict=True)]


def differences(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Subtract round by round."""
    return [mine - other for mine, other in zip(first, second, strict=True)]


def middle_ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """Give the median of the ratios."""
    return statistics.median(ratios(first, second))


def checks(result: Mapping[str, Any]) -> list[Check]:
    """Hold the medians to what was promised."""
    many, wrong = result["many_rows"], sum(result["differing"].values())
    in_process = middle_ratio(many[OURS], many[IN_PROCESS])
    beside_peer = middle_ratio(many[OURS], many[PEER])
    stages = result["profile"]["stages"]
    share = middle_ratio(sums(stages, (DECODE, SCORE, ENCODE)), stages[WHOLE])
    pings = (result["starts"][name][PING] for name in (OURS, CSS_MINI))
    own, other = (largest(result["memory"][name], "Rss") for name in (OURS, CSS_MINI))
    return [
        Check(f"{wrong} of our scores are not the scorer's, to the bit", wrong == 0),
        *_one_row_checks(result["one_row"]),
        at_least(f"{MANY:,} rows: ours to one process without HTTP", in_process, OF_IN_PROCESS),
        at_least(f"{MANY:,} rows: ours to {PEER}", beside_peer, OF_PEER_MANY_ROWS),
        at_least(f"{MOST:,} rows: decode, score and encode of the whole", share, SHARE_OF_MOST),
        at_most(f"{PING}: ours to css-mini", middle_ratio(*pings), OF_START),
        at_most("resident memory of a worker: ours to css-mini", own / other, OF_MEMORY),
    ]


def largest(workers: Sequence[Mapping[str, float]], kind: str) -> float:
    """Give the memory of the largest worker, in MB."""
    return max(worker[kind] for worker in workers)


def _one_row_checks(rates: Mapping[str, Series]) -> list[Check]:
    most = rates[str(CONNECTIONS[-1])]
    return [
        at_least(
            f"one row, {CONNECTIONS[-1]} connections: ours to css-mini",
            middle_ratio(most[OURS], most[CSS_MINI]),
            TIMES_CSS_MINI,
        ),
        *(
            at_least(
                f"one row, {count} connection(s): ours to {PEER}",
                middle_ratio(rates[str(count)][OURS], rates[str(count)][PEER]),
                OF_PEER_ONE_ROW,
            )
            for count in CONNECTIONS
        ),
    ]
