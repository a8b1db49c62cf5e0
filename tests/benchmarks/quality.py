"""How right is F on shapes whose truth is known, beside three other estimators: `make bench`.

    python -m tests.benchmarks.quality [--accounts 5000] [--shapes skewed bimodal] [--only ours]

Every shape of `shapes.py` is learned from 5,000 and from 100,000 accounts (three quarters fit, a
quarter selects) and judged on 20,000 others. Excess: expected excess rank-CRPS in % of the gap
between ignoring peers (100) and knowing the truth (0). Error: mean |F̂ - F| at the accounts' own
values, mid-rank among ties, in points of 10. XGBoost's quantiles are left out at 100,000: minutes
per shape. What competitors answered is kept under build/bench/cache, ours never.
"""

import argparse
import inspect
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tests.benchmarks.css_mini_families import css_mini_best
from tests.benchmarks.figures import (
    INTERVAL,
    error_in_points,
    excess,
    ignore_peers,
    interval_coverage,
)
from tests.benchmarks.nearest_neighbours import nearest_neighbours
from tests.benchmarks.ours import ours
from tests.benchmarks.quantile_boosting import quantile_boosting
from tests.benchmarks.report import CACHE, Check, at_most, table, write
from tests.benchmarks.shapes import SHAPES, Shape
from tests.benchmarks.tasks import Answers, Floats, Task, make_split, remember, timed
from training.errors import DataError

ASKED = 20_000
#: By number of training accounts: the largest mean excess (%) and mean error (points).
LIMITS = {5_000: (2.5, 0.25), 100_000: (0.5, 0.08)}
#: How much worse than the best competitor we may be on any shape.
WORST_RATIO = 1.05
#: What a shape is hard enough for.
HARD_ENOUGH = 3.0

COMPETITORS: Mapping[str, Callable[[Task], Answers]] = {
    "css-mini": css_mini_best,
    "neighbours": nearest_neighbours,
    "quantiles": quantile_boosting,
}
LABELS = {
    "ours": "ours",
    "css-mini": "css-mini, best family",
    "neighbours": "nearest neighbours",
    "quantiles": "XGBoost quantiles",
}
LARGEST = {"quantiles": 20_000}

#: Shape → estimator → figures.
Figures = dict[str, dict[str, dict]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, nargs="+", default=list(LIMITS))
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--only", nargs="+", default=list(LABELS), choices=list(LABELS))
    given = parser.parse_args()
    for accounts in given.accounts:
        report(accounts, measure(accounts, given.shapes, given.only))


def measure(accounts: int, shapes: list[str], estimators: list[str]) -> Figures:
    """Run every estimator on every shape."""
    figures: Figures = {}
    for shape in shapes:
        task, truth = make_task(SHAPES[shape], shape, accounts)
        figures[shape] = {}
        for name in estimators:
            if accounts <= LARGEST.get(name, accounts):
                figures[shape][name] = found = _judge(name, task, shape, truth)
                print(f"{accounts:,} {shape}, {name}: {_line(found)}", flush=True)
    return figures


def make_task(shape: Shape, name: str, accounts: int) -> tuple[Task, tuple[Floats, ...]]:
    """Draw the accounts; with them the truth at the thresholds and at the accounts' own values."""
    # Its own stream per shape: another shape more or less changes no other.
    rng = np.random.default_rng([accounts, zlib.crc32(name.encode())])
    dimensions, values = shape.draw(accounts, rng)
    asked, own = shape.draw(ASKED, rng)
    task = Task(
        shape.columns, dimensions, make_split(accounts), {name: values}, asked, {name: own},
        shape.upper,
    )  # fmt: skip
    at = [shape.truth(asked, np.full(ASKED, value))[1] for value in task.thresholds(name)]
    return task, (np.column_stack(at), *shape.truth(asked, own))


def _judge(name: str, task: Task, shape: str, truth: tuple[Floats, ...]) -> dict:
    try:
        answer = _answers(name, task)[shape]
    except DataError as error:
        return {"excess": float("nan"), "error": float("nan"), "note": f"refused: {error}"}
    at_thresholds, below, at_or_below = truth
    return {
        "excess": excess(answer, at_thresholds, ignore_peers(task, shape)),
        "error": error_in_points(answer, below, at_or_below),
        "error_at_thresholds": float(10 * np.abs(answer.at_thresholds - at_thresholds).mean()),
        "interval_coverage": interval_coverage(answer, below, at_or_below),
        "seconds": answer.seconds,
        "cached": answer.cached,
        "note": answer.note,
    }


def _answers(name: str, task: Task) -> Answers:
    if name == "ours":
        started = time.perf_counter()
        answers = ours(task)
        seconds = time.perf_counter() - started
        return {key: timed(answer, seconds) for key, answer in answers.items()}
    answer = COMPETITORS[name]
    return remember(CACHE, name, task, answer, Path(inspect.getfile(answer)))


def _line(found: dict) -> str:
    kept = ", kept from an earlier run" if found.get("cached") else ""
    return (
        f"excess {found['excess']:.2f} %, error {found['error']:.3f} "
        f"({found.get('seconds', 0):.1f} s{kept}; {found['note']})"
    )


def report(accounts: int, figures: Figures) -> None:
    """Print the table of one number of accounts with its checks."""
    names = [name for name in LABELS if any(name in row for row in figures.values())]
    means = {
        name: {
            key: float(np.nanmean([row[name][key] for row in figures.values()]))
            for key in ("excess", "error")
        }
        for name in names
    }
    rows = [[shape, *_cells(row, names)] for shape, row in figures.items()]
    text = table(
        ["excess % / error in points", *(LABELS[name] for name in names)],
        [*rows, ["mean", *_cells(means, names)]],
    )
    notes = [
        f"- {shape}: css-mini {row['css-mini']['note']}"
        for shape, row in figures.items()
        if "css-mini" in row
    ]
    if "ours" in names:
        covered = [row["ours"]["interval_coverage"] for row in figures.values()]
        notes.append(
            f"- our {INTERVAL:.0%} intervals hold the true rank for {np.mean(covered):.1%} of "
            f"accounts ({min(covered):.1%} to {max(covered):.1%} by shape)"
        )
    write(
        f"quality_{accounts}",
        {"accounts": accounts, "asked": ASKED, "figures": figures, "means": means},
        f"Shapes with known truth, {accounts:,} accounts",
        "\n\n".join([text, "\n".join(notes)]),
        _checks(accounts, figures, means),
    )


def _cells(row: dict[str, dict], names: list[str]) -> list[str]:
    return [f"{row[name]['excess']:.2f} / {row[name]['error']:.3f}" for name in names]


_NONE = {"excess": 0.0}


def _checks(accounts: int, figures: Figures, means: dict[str, dict]) -> list[Check]:
    refused = [
        shape for shape, row in figures.items() if np.isnan(row.get("ours", _NONE)["excess"])
    ]
    checks = [Check(f"{shape}: we fit it at all", reached=False) for shape in refused]
    if accounts in LIMITS and "ours" in means:
        largest_excess, largest_error = LIMITS[accounts]
        checks += [
            at_most("our mean excess (%)", means["ours"]["excess"], largest_excess),
            at_most("our mean error (points)", means["ours"]["error"], largest_error),
        ]
    for shape, row in figures.items():
        rivals = {name: found["excess"] for name, found in row.items() if name != "ours"}
        if "ours" in row and rivals:
            best = min(rivals, key=lambda name: rivals[name])
            ratio = row["ours"]["excess"] / rivals[best]
            what = f"{shape}: our excess over that of the best competitor ({LABELS[best]})"
            checks.append(at_most(what, ratio, WORST_RATIO, digits=2))
        if accounts == min(LIMITS) and "neighbours" in row:
            left = row["neighbours"]["excess"]
            text = f"{shape}: nearest neighbours leave {left:.1f} %, at least {HARD_ENOUGH:g}"
            checks.append(Check(text, left >= HARD_ENOUGH))
    return checks


if __name__ == "__main__":
    main()
