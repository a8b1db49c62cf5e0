"""How the time of a fit grows with the accounts: `make bench`.

    python -m tests.benchmarks.scaling

The thirteen metrics of `training.synthetic`, 100,000 and 1,000,000 accounts, from arrays to what
serves, two metrics at once. The smaller fit runs before and after the larger one.
"""

import statistics
import time

import pandas as pd

from tests.benchmarks.report import at_most, table, write
from tests.benchmarks.tasks import make_split
from training.axes import fit_axes
from training.definition import default_scorecard, read_definition
from training.fit import fit_tables
from training.plan import FitPlan
from training.synthetic import METRICS, sample_accounts

FEWER, MORE = 100_000, 1_000_000
LARGEST_RATIO = 3.0
JOBS = 2
SEED = 20261121


def main() -> None:
    runs: dict[int, list[float]] = {FEWER: [], MORE: []}
    frames = {accounts: _draw(accounts) for accounts in runs}
    for accounts in (FEWER, MORE, FEWER):
        print(f"fitting {accounts:,} accounts …", flush=True)
        runs[accounts].append(_fit(frames[accounts]))
    seconds = {accounts: statistics.mean(times) for accounts, times in runs.items()}
    ratio = seconds[MORE] / seconds[FEWER]
    rows = [
        [f"{accounts:,}", f"{mean:.1f}", ", ".join(f"{run:.1f}" for run in runs[accounts])]
        for accounts, mean in seconds.items()
    ]
    write(
        "scaling",
        {"jobs": JOBS, "metrics": len(METRICS), "runs": runs, "ratio": ratio},
        f"Time to fit {len(METRICS)} metrics, arrays to tables, {JOBS} jobs",
        table(["accounts", "seconds", "runs"], rows),
        [at_most("ten times the accounts take times as long", ratio, LARGEST_RATIO, digits=2)],
    )


def _draw(accounts: int) -> pd.DataFrame:
    frames = sample_accounts(accounts, SEED, missing_share=0).values()
    # Every table has every account, in the same order.
    return pd.concat([frame.drop(columns="acct_id") for frame in frames], axis=1)


def _fit(frame: pd.DataFrame) -> float:
    columns = read_definition(default_scorecard()).peer_dimension_inputs
    dimensions = frame[[column.name for column in columns]].to_numpy(float)
    metrics = {name: frame[name].to_numpy(float) for name in METRICS}
    started = time.perf_counter()
    plan = FitPlan(fit_axes(columns, dimensions), dimensions, make_split(len(frame)), seed=0)
    fit_tables(plan, metrics, {}, jobs=JOBS)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
