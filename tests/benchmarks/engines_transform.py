"""Batch transform's side of the comparison of engines: the table it takes, the job, its answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from serving.scoring import load_scorer
from tests.batch_transform import Transformed, TransformJob, run_transform
from tests.benchmarks.process_tree import Spent, TreeWatch
from tests.processes import BIN, Process, free_port
from training.batch import read_inputs
from training.bulk.score_batches import VERSION, score_schema

#: As `CreateTransformJob` is told. As many at once as one worker takes: which worker a connection
#: comes to is chance, and a request that is turned away four times fails the job.
JOB = TransformJob(content_type="text/csv", accept="text/csv")
_TABLE = "accounts.csv"


@dataclass(frozen=True)
class MadeTable:
    """Accounts as lines of a CSV without a header, inputs by position; and how long that took."""

    path: Path
    ids: pd.Series
    wall_s: float
    cpu_s: float


def make_table(artifact: Path, data: Path, folder: Path) -> MadeTable:
    """Join the tables of a folder into what the container takes."""
    started, cpu = time.perf_counter(), time.process_time()
    scorer = load_scorer(artifact)
    accounts, _ = read_inputs(scorer, data, 0.01, None)
    lines = pa.Table.from_pandas(
        accounts.frame[[column.name for column in scorer.inputs]], preserve_index=False
    )
    csv.write_csv(lines, folder / _TABLE, csv.WriteOptions(include_header=False))
    spent = time.perf_counter() - started, time.process_time() - cpu
    return MadeTable(folder / _TABLE, accounts.frame["acct_id"], *spent)


@contextmanager
def container(artifact: Path, folder: Path) -> Iterator[Process]:
    """Run the container as a transform job starts it."""
    process = Process(
        [BIN / "serve"],
        folder / "container.log",
        port=(port := free_port()),
        watched=False,
        SCORECARD_MODEL=str(artifact.resolve()),
        SCORECARD_PORT=str(port),
        OMP_NUM_THREADS="1",
        **JOB.environ(),
    )
    try:
        process.wait_for_ping(within_s=120)
        yield process
    finally:
        process.stop()


def transform(server: Process, made: MadeTable, out: Path) -> tuple[Spent, Transformed]:
    """Run the job; processor time and memory are the container's alone."""
    with TreeWatch([server.pid]) as watch:
        done = run_transform(server.port, [made.path], out, JOB)
    return Spent(done.seconds, watch.cpu_s, watch.peak_bytes, watch.largest_bytes), done


def transformed_scores(artifact: Path, made: MadeTable, out: Path) -> pd.DataFrame:
    """Read a job's answers beside the accounts' ids, with the columns of `scorecard score`."""
    scorer = load_scorer(artifact)
    version = scorer.artifact.version
    fields = list(score_schema(scorer, version=version))[1:-1]
    frame = csv.read_csv(
        out / f"{_TABLE}.out",
        csv.ReadOptions(column_names=[field.name for field in fields]),
        convert_options=csv.ConvertOptions(column_types=pa.schema(fields)),
    ).to_pandas()
    if len(frame) != len(made.ids):
        raise SystemExit(f"{len(made.ids):,} lines went in, {len(frame):,} came out")
    frame.insert(0, "acct_id", made.ids.to_numpy())
    return frame.assign(**{VERSION: version})
