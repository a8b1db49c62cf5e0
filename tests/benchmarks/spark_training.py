"""Training on Spark beside training on one machine: the same artifact, and at what cost.

    python -m tests.benchmarks.spark_training [--accounts 1000000] [--spark .venv-spark]

A million synthetic accounts, and css-mini's tutorial data where `build/reference` has them. Each is
trained on by `scorecard train` here, in Spark's environment (another version of pandas), and there
on two cores of Spark. The table says how far any stored value of F, and any metric's rank-CRPS, is
from that of one machine; and what it took: the memory of all processes at once, and of the process
that fits, beside which Spark's driver has a JVM.
"""

import argparse
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from serving.scoring.artifact import read_files
from tests.benchmarks.made_accounts import made_accounts
from tests.benchmarks.process_tree import Spent, run_measured
from tests.benchmarks.real_data import REFERENCE
from tests.benchmarks.report import Check, table, write
from tests.processes import BIN

#: `scorecard`, which leaves behind what its own process kept in memory at most.
_PROGRAM = """
import pathlib, resource, sys
from serving.cli import main
kept = pathlib.Path(sys.argv.pop(1))
try:
    main()
finally:
    kept.write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


@dataclass
class Run:
    """A training run: what it took, and the artifact it made."""

    spent: Spent
    driver_bytes: int
    files: dict[str, bytes]

    @property
    def crps(self) -> dict[str, float]:
        told = json.loads(self.files["evaluation.json"])["metrics"]
        return {name: each["rank_crps_ratio"] for name, each in told.items()}

    def tables(self, scratch: Path) -> dict[str, np.ndarray]:
        (scratch / "tables.npz").write_bytes(self.files["peer_tables.npz"])
        with np.load(scratch / "tables.npz", allow_pickle=False) as stored:
            return {name: stored[name].astype(float) for name in stored.files}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--spark", type=Path, default=Path(".venv-spark"))
    options = parser.parse_args()
    folders = {f"{options.accounts:,} synthetic": made_accounts(options.accounts)}
    if REFERENCE.is_dir():
        folders["css-mini's tutorial"] = REFERENCE
    rows, result, checks = [], {}, []
    for what, data in folders.items():
        runs = train_everywhere(data, options.spark / "bin")
        result[what], (local, *others) = {}, runs
        for where, run in runs.items():
            apart = differences(runs[local], run)
            rows.append(_row(what, where, run, apart))
            result[what][where] = {
                **asdict(run.spent), **apart, "driver_bytes": run.driver_bytes, "crps": run.crps
            }  # fmt: skip
        checks += [
            Check(
                f"{what}: {where} makes the artifact of {local}, byte for byte",
                runs[where].files == runs[local].files,
            )
            for where in others
        ]
    write(
        "spark_training",
        {"runs": result, "load": os.getloadavg()},
        "Training on one machine and on Spark, `--jobs 2`, one run each",
        table(
            ["accounts", "where", "wall s", "CPU s", "memory, GB", "of the one that fits, GB",
             "largest difference of F", "of rank-CRPS", "mean rank-CRPS"],
            rows,
        ),
        checks,
    )  # fmt: skip


def train_everywhere(data: Path, spark: Path) -> dict[str, Run]:
    """Train here, in Spark's environment, and on Spark."""
    ways = {
        "one machine": (BIN, []),
        "one machine, Spark's environment": (spark, []),
        "Spark, local[2]": (spark, ["--engine", "spark", "--master", "local[2]"]),
    }
    return {where: _train(data, folder, words) for where, (folder, words) in ways.items()}


def differences(ours: Run, theirs: Run) -> dict[str, float]:
    """Give the largest difference of any stored F, and of any metric's rank-CRPS."""
    with tempfile.TemporaryDirectory() as scratch:
        one, other = ours.tables(Path(scratch)), theirs.tables(Path(scratch))
    of_f = (
        np.abs(one[name] - other[name]).max(initial=0.0) / 65535
        if one[name].shape == other[name].shape
        else np.inf
        for name in one
        if name.endswith("/cdf")
    )
    of_crps = (abs(ours.crps[name] - theirs.crps[name]) for name in ours.crps)
    return {"f": max(of_f), "rank_crps": max(of_crps)}


def _train(data: Path, environment: Path, words: list[str]) -> Run:
    with tempfile.TemporaryDirectory() as scratch:
        out, kept = Path(scratch) / "artifact", Path(scratch) / "memory"
        command = [environment / "python", "-c", _PROGRAM, kept]
        command += ["train", "--data", data.resolve(), "--out", out, *words]
        print(" ".join(map(str, ["training on", data, *words])), flush=True)
        spent = run_measured(command)
        return Run(spent, int(kept.read_text()) * 1024, read_files(out))


def _row(what: str, where: str, run: Run, apart: dict[str, float]) -> list[str]:
    return [
        what,
        where,
        f"{run.spent.wall_s:.0f}",
        f"{run.spent.cpu_s:.0f}",
        f"{run.spent.peak_bytes / 2**30:.2f}",
        f"{run.driver_bytes / 2**30:.2f}",
        f"{apart['f']:.2g}",
        f"{apart['rank_crps']:.2g}",
        f"{np.mean(list(run.crps.values())):.4f}",
    ]


if __name__ == "__main__":
    main()
