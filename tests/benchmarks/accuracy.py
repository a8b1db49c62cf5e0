"""How right is F on real accounts, beside css-mini itself: `make bench`.

    python -m tests.benchmarks.accuracy [--sets reference cdnow flights diamonds]

`reference`: css-mini's own tutorial data and configuration; 60,000 accounts to fit and select,
40,000 kept out. The others: data sets that ship in PyPI packages (`real_data.py`), css-mini with
the family that the accounts kept out show to be best. The truth is not known here, so all figures
are of what was observed: rank-CRPS in % of ignoring peers, with a paired bootstrap interval (95 %,
1,000 resamples of accounts) for the difference; KS of the randomised PIT, over all and in the
worst cell of 4 x 4 quartiles; 99th percentile of the change of an unrounded score when the rank of
the first dimension grows by 0.005. css-mini's answers are kept under build/bench/cache.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml

from tests.benchmarks import css_mini_families
from tests.benchmarks.css_mini import prepare_css_mini
from tests.benchmarks.figures import jump, losses, pit, resample_means, worst_cell
from tests.benchmarks.ours import ours
from tests.benchmarks.real_data import DATA_SETS, reference_task
from tests.benchmarks.report import CACHE, RESULTS, Check, at_most, table, write
from tests.benchmarks.tasks import Answer, Answers, Task, remember
from training.evaluate import KS_95, ks_distance

#: What was promised for the reference data.
BETTER_ON = 10
WORSE_BY = 0.2
LARGEST_KS, LARGEST_CELL_KS, LARGEST_JUMP = 0.015, 0.08, 0.10

Figures = dict[str, dict]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = ["reference", *DATA_SETS]
    parser.add_argument("--sets", nargs="+", choices=choices, default=choices)
    for name in parser.parse_args().sets:
        if name == "reference":
            _reference()
        else:
            _real(name)


def _reference() -> None:
    task = reference_task()
    prepare_css_mini(RESULTS)
    config = yaml.safe_load((RESULTS / "config.yaml").read_text())["metrics"]
    figures, seconds = compare(task, css_mini_families.css_mini_configured(config))
    rows = figures.values()
    better = sum(row["ours"]["crps"] < row["css-mini"]["crps"] for row in rows)
    worst = max(row["difference"] for row in rows)
    checks = [
        Check(
            f"we are better on {better} of {len(figures)}, at least {BETTER_ON}",
            better >= BETTER_ON,
        ),
        at_most("the metric we are worst on is worse by (%)", worst, WORSE_BY),
        *(
            at_most(f"our largest {what}", max(row["ours"][key] for row in rows), limit)
            for what, key, limit in (
                ("KS", "ks", LARGEST_KS),
                ("KS in a cell", "cell_ks", LARGEST_CELL_KS),
                ("jump (points)", "jump", LARGEST_JUMP),
            )
        ),
    ]
    title = "Reference data beside css-mini with its own configuration"
    _write("accuracy_reference", task, figures, seconds, title, checks)


def _real(name: str) -> None:
    data = DATA_SETS[name]
    task = data.task()
    figures, seconds = compare(task, css_mini_families.css_mini_best)
    checks = [
        at_most(f"{metric}: we are worse than css-mini by (%)", row["difference"], WORSE_BY)
        for metric, row in figures.items()
    ]
    title = f"{name}: {data.describe()}"
    _write(f"accuracy_{name}", task, figures, seconds, title, checks)


def compare(task: Task, rival: Callable[[Task], Answers]) -> tuple[Figures, dict[str, float]]:
    """Ask both; gives the figures of each metric and the seconds of each estimator."""
    started = time.perf_counter()
    own = ours(task)
    seconds = {"ours": time.perf_counter() - started}
    theirs = remember(CACHE, "css-mini", task, rival, Path(css_mini_families.__file__))
    first = next(iter(theirs.values()))
    seconds["css-mini"] = first.seconds
    print(f"css-mini's answers {'kept from an earlier run' if first.cached else 'made now'}")
    pairs = {
        name: (losses(task, name, own[name]), losses(task, name, theirs[name])) for name in own
    }
    means = resample_means([column for pair in pairs.values() for column in pair])
    figures = {}
    for at, (name, (mine, other)) in enumerate(pairs.items()):
        alone = losses(task, name, None).mean()
        change = 100.0 * (means[:, 2 * at] / means[:, 2 * at + 1] - 1.0)
        figures[name] = {
            "ours": _figures(task, own[name], mine.mean() / alone),
            "css-mini": _figures(task, theirs[name], other.mean() / alone),
            "difference": float(100.0 * (mine.mean() / other.mean() - 1.0)),
            "interval": [float(end) for end in np.quantile(change, [0.025, 0.975])],
        }
    return figures, seconds


def _figures(task: Task, answer: Answer, ratio: float) -> dict:
    ranks = pit(answer)
    cell = worst_cell(task, ranks)
    return {
        "crps": float(100.0 * ratio),
        "ks": ks_distance(ranks),
        "cell_ks": cell["ks"],
        "cell": cell,
        "jump": jump(answer),
        "note": answer.note,
    }


def _write(
    name: str,
    task: Task,
    figures: Figures,
    seconds: dict[str, float],
    title: str,
    checks: list[Check],
) -> None:
    accounts = {"learned_from": len(task.dimensions), "kept_out": len(task.asked)}
    noise = KS_95 / np.sqrt(len(task.asked))
    head = [
        "ours : css-mini", "rank-CRPS, % of ignoring peers", "ours worse by, % (95 %)",
        "KS", "KS in worst cell", "jump, points",
    ]  # fmt: skip
    rows = [[metric, *_cells(row)] for metric, row in figures.items()]
    own, other = (
        {key: np.mean([row[who][key] for row in figures.values()]) for key in _FORMATS}
        for who in ("ours", "css-mini")
    )
    mean = {
        "ours": own,
        "css-mini": other,
        "difference": np.mean([row["difference"] for row in figures.values()]),
    }
    text = "\n\n".join(
        [
            f"Learned from {len(task.dimensions):,} accounts, {len(task.asked):,} kept out; "
            f"chance alone gives a KS up to {noise:.3f}.",
            table(head, [*rows, ["mean", *_cells(mean)]]),
            "\n".join(
                f"- {metric}: css-mini {row['css-mini']['note']}" for metric, row in figures.items()
            ),
        ]
    )
    write(name, {**accounts, "seconds": seconds, "figures": figures}, title, text, checks)


_FORMATS = {"crps": ".2f", "ks": ".4f", "cell_ks": ".3f", "jump": ".3f"}


def _cells(row: dict) -> list[str]:
    cells = [
        f"{row['ours'][key]:{layout}} : {row['css-mini'][key]:{layout}}"
        for key, layout in _FORMATS.items()
    ]
    interval = " ({:+.2f} to {:+.2f})".format(*row["interval"]) if "interval" in row else ""
    return [cells[0], f"{row['difference']:+.2f}{interval}", *cells[1:]]


if __name__ == "__main__":
    main()
