"""Ours over HTTP beside FastAPI with our scorer and css-mini's own server: `make bench`.

    python -m tests.benchmarks.requests_per_second [--quick]

Runs after `reference`, which makes the artifact and installs css-mini. All are asked by the same
client, in turns, in one run. `--quick` shows within about a minute that everything works; its
figures say little. Writes build/bench/http.json and build/bench/http.md.
"""

import argparse
import os
import platform
import sys
from typing import Any

import pandas as pd

from serving.scoring import load_scorer
from tests.benchmarks import http_installed, http_life, http_peer, http_rates, http_report
from tests.benchmarks.css_mini import CssMini, prepare_css_mini
from tests.benchmarks.http_checks import checks
from tests.benchmarks.http_rates import MANY, MOST, Plan, Series
from tests.benchmarks.http_scores import Rows, body_of, differing, with_gaps
from tests.benchmarks.http_servers import (
    CSS_MINI,
    GATEWAY,
    OURS,
    PEER,
    WORKERS,
    Server,
    css_mini,
    fitted_css_mini,
    gateway,
    ours,
    peer,
    running,
    trivial,
)
from tests.benchmarks.reference import ARTIFACT
from tests.benchmarks.report import RESULTS, write


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    plan = http_rates.QUICK if parser.parse_args().quick else Plan()
    result: dict[str, Any] = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "rounds": plan.rounds,
        "warm_up_requests": plan.warm_up_requests,
        "load_average_before": os.getloadavg(),
    }
    print(f"load average: {result['load_average_before']}")
    rows = _accounts()
    container, rival = ours(), css_mini()
    programs = [container, gateway(container), peer(), rival, trivial()]
    with running(programs) as servers:
        result |= _ask(servers, rows, plan)
    _say(f"where the time of {MOST:,} rows goes")
    result["profile"] = http_rates.profile(body_of(rows), plan)
    _say("starts")
    result["starts"] = http_life.starts([container, rival], body_of(rows[:1]), plan.starts)
    result["imports"] = _imports(plan.starts)
    result["installed"] = {
        OURS: http_installed.needed_by("serving"),
        PEER: http_installed.held_by(RESULTS / http_peer.HOME),
        CSS_MINI: http_installed.held_by(RESULTS / "css-mini-venv"),
    }
    result["load_average_after"] = os.getloadavg()
    title = "Over HTTP, beside FastAPI with our scorer and css-mini's own server"
    write("http", result, title, http_report.tables(result), checks(result))


def _say(what: str) -> None:
    print(f"{what} …", flush=True)


def _accounts() -> Rows:
    frame = pd.read_csv(RESULTS / CssMini.ACCOUNTS, nrows=MOST)
    return frame[[column.name for column in load_scorer(ARTIFACT).inputs]].to_numpy().tolist()


def _ask(servers: dict[str, Server], rows: Rows, plan: Plan) -> dict[str, Any]:
    one, many = body_of(rows[:1]), body_of(rows[:MANY])
    measured: dict[str, Any] = {}
    _say("memory")
    for name, count in ((OURS, WORKERS), (CSS_MINI, 1)):
        requests = count * plan.warm_up_requests
        servers[name].program.ask(one, requests=requests, connections=count * 4, laps=4)
    measured["memory"] = _memory(servers)
    _say("the same scores?")
    scorer = load_scorer(ARTIFACT)
    measured["differing"] = {
        name: differing(servers[name].program, scorer, with_gaps(rows[:MANY]))
        for name in (OURS, GATEWAY, PEER)
    }
    _say("one row")
    measured["one_row"] = http_rates.one_row(servers, one, plan)
    _say(f"{MANY:,} rows")
    measured["many_rows"] = http_rates.many_rows(servers, many, plan)
    measured["memory_at_end"] = _memory(servers)
    return measured


def _memory(servers: dict[str, Server]) -> dict[str, list[dict[str, float]]]:
    return {name: http_life.memory(servers[name]) for name in (OURS, CSS_MINI)}


def _imports(count: int) -> dict[str, Series]:
    reference = prepare_css_mini(RESULTS)
    folder = str(fitted_css_mini(reference))
    kinds = {
        OURS: http_life.Start(
            sys.executable,
            "import serving.inference.server",
            f"from serving.scoring import load_scorer; load_scorer({str(ARTIFACT)!r})",
        ),
        CSS_MINI: http_life.Start(
            reference.python,
            "import css.serving.app",
            "import pathlib; from css.serving import model_cache as m; "
            f"m.MODEL_DIR_PATH = pathlib.Path({folder!r}); m.ModelCache.model()",
        ),
    }
    return http_life.imports(kinds, count)


if __name__ == "__main__":
    main()
