"""The tables of the HTTP comparison."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.http_checks import differences, largest, ratios, sums
from tests.benchmarks.http_life import PING, SCORED
from tests.benchmarks.http_rates import CONNECTIONS, IN_PROCESS, MANY, MOST, WHOLE, Series
from tests.benchmarks.http_servers import CSS_MINI, GATEWAY, OURS, PEER, TRIVIAL, WORKERS
from tests.benchmarks.http_timed_container import APP, DECODE, ENCODE, READ, SCORE
from tests.benchmarks.report import table


def spread(values: Sequence[float], layout: str = ",.0f") -> str:
    """Write median and extremes."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:{layout}} ({low:{layout}} - {high:{layout}})"


def tables(result: Mapping[str, Any]) -> str:
    """Lay out everything that was measured."""
    return "\n\n".join(
        [
            _conditions(result),
            f"### One account a request, {WORKERS} workers; requests per second",
            _one_row(result["one_row"]),
            _client(result["one_row"]),
            f"### {MANY:,} accounts a request, one connection; requests per second",
            _many_rows(result["many_rows"]),
            f"### Where the time of a request of {MOST:,} accounts goes",
            _profile(result["profile"]),
            "### Start and memory",
            _life(result),
            "### What is installed to serve",
            _installed(result["installed"]),
        ]
    )


def _conditions(result: Mapping[str, Any]) -> str:
    before, after = (", ".join(f"{load:.2f}" for load in result[when]) for when in
                     ("load_average_before", "load_average_after"))  # fmt: skip
    return (
        f"{result['cpus']} CPUs, clients included; Python {result['python']}; medians of "
        f"{result['rounds']} rounds in turns (lowest - highest), ratios taken round by round. Load "
        f"average before: {before}; after: {after}. Ours checks everything, counts and logs each "
        f"request; {PEER} serves our scorer and does none of it; both have {WORKERS} workers."
    )


def _one_row(rates: Mapping[str, Series]) -> str:
    head = [
        "",
        *(word for count in CONNECTIONS for word in (f"{count} connection(s)", "ours to it")),
    ]
    rows = []
    for name in (OURS, GATEWAY, PEER, CSS_MINI):
        cells = [name]
        for count in CONNECTIONS:
            series = rates[str(count)]
            cells += [spread(series[name]), spread(ratios(series[OURS], series[name]), ",.2f")]
        rows.append(cells)
    return table(head, rows)


def _client(rates: Mapping[str, Series]) -> str:
    sentences = []
    for count in CONNECTIONS:
        series = rates[str(count)]
        middle = {key: statistics.median(values) for key, values in series.items()}
        sentences.append(
            f"{count} connection(s): of {TRIVIAL} the client gets {middle[TRIVIAL]:,.0f} answers a "
            f"second; asking ours costs it {middle['client µs']:.0f} µs a request. Ours answers in "
            f"{middle['median ms']:.2f} ms (median), {middle['p99 ms']:.2f} ms (99 %)."
        )
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _many_rows(rates: Series) -> str:
    return table(
        ["", "requests per second", "ours to it"],
        [
            [name, spread(rates[name], ",.1f"), spread(ratios(rates[OURS], rates[name]), ",.2f")]
            for name in (OURS, PEER, IN_PROCESS, CSS_MINI)
        ],
    )


def _profile(profile: Mapping[str, Series]) -> str:
    stages, alone = profile["stages"], profile["alone"]
    whole = stages[WHOLE]
    codec = sums(stages, (DECODE, SCORE, ENCODE))
    lines: dict[str, list[float]] = {
        "read the body": stages[READ],
        **{name: stages[name] for name in (DECODE, SCORE, ENCODE)},
        "rest of the app": differences(stages[APP], sums(stages, (READ, DECODE, SCORE, ENCODE))),
        "server, sockets, client": differences(whole, stages[APP]),
        "**whole request**": whole,
        "decode, score and encode": codec,
    }
    without = {**alone, "decode, score and encode": sums(alone, (DECODE, SCORE, ENCODE))}
    rows = [
        [
            name,
            spread(values, ".2f"),
            spread(ratios(values, whole), ".1%"),
            spread(without[name], ".2f") if name in without else "",
        ]
        for name, values in lines.items()
    ]
    return table(["", "ms", "share", "in a process alone, ms"], rows)


def _life(result: Mapping[str, Any]) -> str:
    starts, imports = result["starts"], result["imports"]
    rows = [
        [f"{what}, s", *_beside(starts[OURS][what], starts[CSS_MINI][what], ".2f")]
        for what in (PING, SCORED)
    ]
    rows += [
        [f"{what}, s", *_beside(imports[OURS][what], imports[CSS_MINI][what], ".3f")]
        for what in imports[OURS]
    ]
    for key, when in (("memory", "one-row requests"), ("memory_at_end", "all requests")):
        for kind in ("Rss", "Pss"):
            own, other = (largest(result[key][name], kind) for name in (OURS, CSS_MINI))
            what = f"{kind.upper()} of a worker after {when}, MB"
            rows.append([what, f"{own:.0f}", f"{other:.0f}", f"{own / other:.2f}"])
    note = (
        "css-mini answers /ping before it has a model, ours once it has one. RSS counts what "
        "processes share in each of them, PSS in parts; the largest worker counts, after "
        f"{result['warm_up_requests']:,} requests a worker."
    )
    return table(["", "ours", "css-mini", "ours to css-mini"], rows) + "\n\n" + note


def _beside(own: Sequence[float], other: Sequence[float], layout: str) -> list[str]:
    return [spread(own, layout), spread(other, layout), spread(ratios(own, other), ".2f")]


def _installed(installed: Mapping[str, Mapping[str, int]]) -> str:
    totals = [
        [name, str(len(sizes)), _megabytes(sum(sizes.values()))]
        for name, sizes in installed.items()
    ]
    largest_first = sorted(installed[OURS].items(), key=lambda item: -item[1])
    return "\n\n".join(
        [
            table(["", "distributions", "MB"], totals),
            table(["ours", "MB"], [[name, _megabytes(size)] for name, size in largest_first]),
        ]
    )


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f}"
