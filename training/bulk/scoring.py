"""Score accounts in bulk, from files to a file, by one process or several.

Neither the number of processes nor where tables are joined changes a byte of what is written.
"""

from __future__ import annotations

import datetime as dt
import gzip
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from serving.scoring import InvalidInput, Scorer, load_scorer
from training.bulk.milestones import milestones
from training.bulk.processes import Workers, worker_processes
from training.bulk.score_batches import score_schema
from training.bulk.sources import Source, folder_source, pieces_with_all
from training.bulk.tasks import Run, Task, is_special, score_in_worker, score_task
from training.bulk.whole_file import STDIO, standard_stream, whole_file
from training.joining.size import MEMORY_BYTES
from training.progress import progress_bar
from training.reading.refusals import Refusals

_PARQUET, _GZIPPED = ".parquet", ".gz"


@dataclass(frozen=True)
class BulkScores:
    """How many accounts were scored, and what was met while reading them."""

    count: int
    refusals: Refusals
    notes: tuple[str, ...]


def score_folder(
    artifact: Path,
    folder: Path,
    out: str,
    *,
    max_refused_share: float = 0.01,
    scoring_date: dt.datetime | None = None,
    with_statuses: bool = False,
    jobs: int = 1,
    memory_bytes: int = MEMORY_BYTES,
) -> BulkScores:
    """Score the accounts of a folder of tables.

    Parameters
    ----------
    out : str
        A CSV, gzipped if it ends in ``.gz``; Parquet, with the artifact's version, if it ends so.
        ``-`` is standard output.
    scoring_date : datetime, optional
        The newest `last_updated` if not given.
    with_statuses : bool
        Whether every metric's status is written, too.
    jobs : int
        Processes that read and score.
    memory_bytes : int
        What may be taken in memory, about: larger tables are joined on the disk.

    Raises
    ------
    DataError, TooManyRefused
        As `read_accounts`; nothing is written then.
    WorkerDied
        If a process was ended by something else.
    """
    scorer = load_scorer(artifact)
    with (
        worker_processes(jobs) as workers,
        folder_source(
            scorer,
            folder,
            max_refused_share=max_refused_share,
            scoring_date=scoring_date,
            workers=workers,
            memory_bytes=memory_bytes,
        ) as source,
    ):
        run = _run(scorer, artifact, out, source.scoring_date, with_statuses)
        run = run._replace(quoted=_is_quoted(scorer, source))
        with _rows_written(scorer, run, out) as write:
            count = _score(scorer, run, source.tasks, workers, write, Refusals())
    return BulkScores(count, source.refusals, source.notes)


def score_file(
    artifact: Path,
    source: str,
    out: str,
    *,
    max_refused_share: float = 0.01,
    scoring_date: dt.date | None = None,
    with_statuses: bool = False,
    jobs: int = 1,
) -> BulkScores:
    """Score one CSV or Parquet file that has all inputs, piece by piece.

    Parameters
    ----------
    source : str
        ``-`` is standard input, which must be a CSV.

    Raises
    ------
    MissingColumns
        If it lacks an input.
    TooManyRefused
        At the end, when the share is known; a file at `out` is then not written.
    WorkerDied
        If a process was ended by something else.
    """
    scorer = load_scorer(artifact)
    dates = [column.name for column in scorer.inputs if column.type == "date"]
    if dates and scoring_date is None:
        raise InvalidInput(
            f"{', '.join(dates)} is a date, and a single CSV does not say as of when to count: "
            "give --scoring-date"
        )
    file: Path | BinaryIO = standard_stream(sys.stdin, "stdin") if source == STDIO else Path(source)
    refusals = Refusals()
    run = _run(scorer, artifact, out, scoring_date, with_statuses)
    with worker_processes(jobs) as workers, _rows_written(scorer, run, out) as write:
        pieces = pieces_with_all(file, scorer.inputs)
        count = _score(scorer, run, pieces, workers, write, refusals)
        refusals.check(max_refused_share)
    return BulkScores(count, refusals, ())


def _run(
    scorer: Scorer, artifact: Path, out: str, scoring_date: dt.date | None, with_statuses: bool
) -> Run:
    return Run(
        artifact=artifact,
        version=scorer.artifact.version,
        scoring_date=scoring_date,
        # One stamp a run, as on the wire: when these scores were made.
        stamp=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        with_statuses=with_statuses,
        to_parquet=out.endswith(_PARQUET),
    )


def _is_quoted(scorer: Scorer, source: Source) -> bool:
    """Say whether an id or a band needs quotes: then all texts of the CSV have them."""
    bands = pa.array([band.name for band in scorer.scorecard.bands or ()], pa.string())
    return is_special(bands) or any(is_special(ids) for ids in source.ids())


def _score(
    scorer: Scorer,
    run: Run,
    tasks: Iterable[Task],
    workers: Workers,
    write: Callable[[Any], object],
    refusals: Refusals,
) -> int:
    total = len(tasks) if isinstance(tasks, Sequence) else 0
    work = partial(score_task, run, scorer) if workers.jobs == 1 else partial(score_in_worker, run)
    count = 0
    with progress_bar("scored") as done:
        step = milestones(done, total)
        for scored in workers.in_order(work, tasks):
            for rows in scored.rows:
                write(rows)
            refusals.extend(scored.refusals)
            count += scored.count
            step(f"{count:,} accounts")
    return count


@contextmanager
def _rows_written(scorer: Scorer, run: Run, out: str) -> Iterator[Callable[[Any], object]]:
    """Open the file of scores; give what writes rows in its format."""
    version = run.version if run.to_parquet else None
    schema = score_schema(scorer, version=version, with_statuses=run.with_statuses)
    with whole_file(out) as file:
        if run.to_parquet:
            with pq.ParquetWriter(file, schema) as writer:
                yield writer.write_batch
        else:
            with _packed(file) if out.endswith(_GZIPPED) else nullcontext(file) as lines:
                lines.write((",".join(schema.names) + "\n").encode())
                yield lines.write


def _packed(file: BinaryIO) -> gzip.GzipFile:
    # Without name and time: the same scores are the same bytes.
    return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
