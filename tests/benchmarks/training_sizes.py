"""What training costs, from ten thousand accounts to ten million: `scorecard train` as it is run.

    python -m tests.benchmarks.training_sizes [--sizes 10000,10000000] [--repeat 1] [--quick]

Of every run: seconds, user and system time of all its processes, and their memory; two metrics are
fitted at once, as is the command's default.
"""

import os
import statistics
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.made_accounts import SCORECARD, made_accounts
from tests.benchmarks.process_tree import Spent, run_measured
from tests.benchmarks.report import RESULTS, at_most, table, write
from tests.benchmarks.sizes import chosen

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK = (10_000, 100_000)
MOST_GIB = 2.0


def main() -> None:
    options = chosen(__doc__, SIZES, QUICK, repeat=1)
    runs = {}
    for accounts in options.sizes:
        data = made_accounts(accounts)
        print(f"training on {accounts:,} accounts …", flush=True)
        runs[accounts] = [train(data) for _ in range(options.repeat)]
    most = max(runs)
    write(
        "training_sizes",
        {
            "runs": {size: [asdict(run) for run in each] for size, each in runs.items()},
            "load": os.getloadavg(),
        },
        f"`scorecard train`, {options.repeat} runs each: medians, and the largest memory",
        table(
            ["accounts", "wall s", "CPU s", "CPU µs per account", "memory, GB",
             "largest process, GB"],
            [_row(accounts, each) for accounts, each in runs.items()],
        ),
        [at_most(f"{most:,} accounts: memory in GB", peak_gib(runs[most]), MOST_GIB, digits=2)],
    )  # fmt: skip


def train(data: Path) -> Spent:
    return run_measured([SCORECARD, "train", "--data", data, "--out", RESULTS / "sizes-trained"])


def peak_gib(runs: list[Spent]) -> float:
    return max(run.peak_bytes for run in runs) / 2**30


def _row(accounts: int, runs: list[Spent]) -> list[str]:
    cpu_s = statistics.median(run.cpu_s for run in runs)
    return [
        f"{accounts:,}",
        f"{statistics.median(run.wall_s for run in runs):.1f}",
        f"{cpu_s:.1f}",
        f"{1e6 * cpu_s / accounts:.1f}",
        f"{peak_gib(runs):.2f}",
        f"{max(run.largest_bytes for run in runs) / 2**30:.2f}",
    ]


if __name__ == "__main__":
    main()
