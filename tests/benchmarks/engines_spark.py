"""Spark's side of the comparison of engines: jobs in its own environment, and a cluster for them.

    python -m tests.benchmarks.engines_spark FOLDER

starts a standalone cluster of two workers in that folder, with the Python that runs it; prints its
master and keeps it until its input ends.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.process_tree import Spent, run_measured

_HOST = "127.0.0.1"


def score_on_spark(
    environment: Path, artifact: Path, data: Path, out: Path, master: str, cluster: int | None
) -> Spent:
    """Score a folder with the Spark of an environment; `cluster` is the process of `running`."""
    words = ["score", artifact, "--data", data, "--out", out, "--engine", "spark"]
    return run_measured(
        [environment / "bin" / "scorecard", *words, "--master", master],
        beside=[] if cluster is None else [cluster],
        SPARK_LOCAL_IP=_HOST,
        PYSPARK_PYTHON=str(environment.resolve() / "bin" / "python"),
        OMP_NUM_THREADS="1",
    )


@contextmanager
def running_cluster(environment: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Keep a cluster for the time of a block; gives its master, and the process it is under."""
    command = [environment / "bin" / "python", "-m", "tests.benchmarks.engines_spark", folder]
    with subprocess.Popen(
        list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        master = process.stdout.readline().strip()
        if not master:
            raise SystemExit(f"the cluster did not start: see {folder}")
        yield master, process.pid
        process.stdin.close()


def main() -> None:
    from tests.spark.standalone_cluster import standalone_cluster

    with standalone_cluster(Path(sys.argv[1])) as cluster:
        print(cluster.master, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
