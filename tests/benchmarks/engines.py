"""The same accounts through every engine there is: this machine, Spark, SageMaker batch transform.

    python -m tests.benchmarks.engines [--accounts 1000000] [--repeat 3] [--spark .venv-spark]

One machine with one process and with two; Spark on two cores, and a standalone cluster of two
workers (where `make spark-test` has made its environment); batch transform, by a stand-in of the
service before the real container. All scores are compared with those of the first, bit for bit.
What is told of batch transform is the container's; making the table it takes, and the stand-in,
are told apart.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from tests.benchmarks import engines_spark, engines_transform
from tests.benchmarks.made_accounts import SCORECARD, made_accounts, trained_artifact
from tests.benchmarks.process_tree import Spent, run_measured
from tests.benchmarks.report import Check, table, write
from tests.spark.spark_scores import assert_same_scores, spark_scores


@dataclass
class Comparison:
    """What was measured so far: runs by engine, whose scores were the first one's, and notes."""

    repeat: int
    accounts: int
    runs: dict[str, list[Spent]] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    first: pd.DataFrame | None = None

    def add(self, name: str, run: Callable[[], Spent], scores: Callable[[], pd.DataFrame]) -> None:
        """Run an engine, and hold its scores to those of the first."""
        print(f"{name} …", flush=True)
        self.runs[name] = [run() for _ in range(self.repeat)]
        found = scores()
        if self.first is None:
            self.first = found
        self.same[name] = difference(self.first, found)


def difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Say how scores differ; nothing if every bit is the same."""
    try:
        assert_same_scores(ours, theirs)
    except AssertionError as error:
        return str(error) or "other accounts"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--spark", type=Path, default=Path(".venv-spark"))
    options = parser.parse_args()
    artifact, data = trained_artifact(), made_accounts(options.accounts)
    comparison = Comparison(options.repeat, options.accounts)
    with tempfile.TemporaryDirectory() as scratch:
        one_machine(comparison, artifact, data, Path(scratch))
        batch_transform(comparison, artifact, data, Path(scratch))
        if (options.spark / "bin" / "scorecard").exists():
            spark(comparison, artifact, data, Path(scratch), options.spark)
        else:
            comparison.notes.append(f"not run: Spark; `make spark-test` makes {options.spark}")
    report(comparison)


def one_machine(comparison: Comparison, artifact: Path, data: Path, scratch: Path) -> None:
    for jobs in (1, 2):
        out = scratch / f"scores{jobs}.parquet"
        words = ["score", artifact, "--data", data, "--out", out, "--jobs", str(jobs)]
        comparison.add(
            f"`scorecard score --jobs {jobs}`",
            lambda words=words: run_measured([SCORECARD, *words], OMP_NUM_THREADS="1"),
            lambda out=out: pd.read_parquet(out),
        )


def spark(
    comparison: Comparison, artifact: Path, data: Path, scratch: Path, environment: Path
) -> None:
    def add(name: str, master: str, cluster: int | None) -> None:
        out = scratch / "spark"

        def run() -> Spent:
            shutil.rmtree(out, ignore_errors=True)
            return engines_spark.score_on_spark(
                environment, artifact.resolve(), data.resolve(), out, master, cluster
            )

        comparison.add(name, run, lambda: spark_scores(out))

    add("Spark, local[2]", "local[2]", None)
    with engines_spark.running_cluster(environment, scratch / "cluster") as (master, process):
        add("Spark, two workers", master, process)


def batch_transform(comparison: Comparison, artifact: Path, data: Path, scratch: Path) -> None:
    made = engines_transform.make_table(artifact, data, scratch)
    notes = comparison.notes
    notes.append(
        f"batch transform takes one table, which is made before: {made.wall_s:.1f} s, "
        f"{made.cpu_s:.1f} CPU s, {made.path.stat().st_size / 2**20:.0f} MB"
    )
    out = scratch / "transformed"
    with engines_transform.container(artifact, scratch) as server:

        def run() -> Spent:
            cpu = time.process_time()
            spent, done = engines_transform.transform(server, made, out)
            notes.append(
                f"batch transform: {done.requests} requests of "
                f"{done.plan.payload_bytes >> 20} MB at most, {done.plan.concurrency} at once, "
                f"{done.retried} tried again; the stand-in took "
                f"{time.process_time() - cpu:.1f} CPU s"
            )
            return spent

        comparison.add(
            "batch transform",
            run,
            lambda: engines_transform.transformed_scores(artifact, made, out),
        )


def report(comparison: Comparison) -> None:
    walls = {
        name: statistics.median(run.wall_s for run in runs)
        for name, runs in comparison.runs.items()
    }
    first = next(iter(walls.values()))
    rows = [
        [
            name,
            f"{walls[name]:.1f}",
            f"{min(run.wall_s for run in runs):.1f} to {max(run.wall_s for run in runs):.1f}",
            f"{comparison.accounts / walls[name]:,.0f}",
            f"{first / walls[name]:.2f}",
            f"{statistics.median(run.cpu_s for run in runs):.1f}",
            f"{max(run.peak_bytes for run in runs) / 2**30:.2f}",
        ]
        for name, runs in comparison.runs.items()
    ]
    head = ["", "wall s", "runs", "accounts/s", "times as fast", "CPU s", "memory, GB"]
    checks = [
        Check(f"{name}: every bit of every score as of the first {said}".rstrip(), not said)
        for name, said in comparison.same.items()
    ]
    result = {
        "accounts": comparison.accounts,
        "runs": {name: [asdict(run) for run in runs] for name, runs in comparison.runs.items()},
        "notes": comparison.notes,
        "load": os.getloadavg(),
    }
    notes = "\n".join(f"- {note}" for note in comparison.notes)
    title = f"{comparison.accounts:,} accounts by every engine, {comparison.repeat} runs each"
    write("engines", result, title, f"{table(head, rows)}\n\n{notes}", checks)


if __name__ == "__main__":
    main()
