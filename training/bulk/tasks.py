"""What a process does to score: accounts of a task in, rows of the file of scores out."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from serving.scoring import ArtifactCorrupt, Scorer, load_scorer
from training.bulk.account_batches import account_batches
from training.bulk.score_batches import score_batches
from training.reading.pieces import Piece, read_piece
from training.reading.refusals import Refusals


class Run(NamedTuple):
    """What is the same for all tasks of a run.

    Attributes
    ----------
    artifact : Path
    version : str
        That of the artifact; another one is an error.
    scoring_date : date or None
    stamp : str
        What is written as ``last_modified``.
    with_statuses : bool
    to_parquet : bool
        Whether rows are wanted as Arrow's batches, with the version, and not as lines of a CSV.
    quoted : bool or None
        Whether a CSV has its texts in quotes; None: where a text of the batch needs them.
    """

    artifact: Path
    version: str
    scoring_date: dt.date | None
    stamp: str
    with_statuses: bool
    to_parquet: bool
    quoted: bool | None = None


class RowGroup(NamedTuple):
    """A row group of a Parquet file of accounts, such as `joined_accounts` writes."""

    path: Path
    number: int


class InMemory(NamedTuple):
    """Accounts as `score_batches` takes them."""

    batch: pa.RecordBatch


Task = RowGroup | InMemory | Piece


@dataclass(frozen=True)
class Scored:
    """Rows of scores, in the run's format; how many; and which rows could not be used."""

    rows: list[Any]
    count: int
    refusals: Refusals


def score_in_worker(run: Run, task: Task) -> Scored:
    """Score the accounts of a task by the artifact, which a process reads once."""
    return score_task(run, _scorer(run.artifact, run.version), task)


def score_task(run: Run, scorer: Scorer, task: Task) -> Scored:
    """Score the accounts of a task."""
    refusals = Refusals()
    batches = score_batches(
        scorer,
        _accounts(scorer, task, refusals),
        scoring_date=run.scoring_date,
        version=run.version if run.to_parquet else None,
        stamp=run.stamp,
        with_statuses=run.with_statuses,
    )
    rows, count = [], 0
    for batch in batches:
        rows.append(batch if run.to_parquet else _lines(batch, run.quoted))
        count += len(batch)
    return Scored(rows, count, refusals)


@lru_cache(maxsize=1)
def _scorer(artifact: Path, version: str) -> Scorer:
    scorer = load_scorer(artifact)
    if scorer.artifact.version != version:
        raise ArtifactCorrupt(f"{artifact} was replaced while accounts were scored: score again")
    return scorer


def _accounts(scorer: Scorer, task: Task, refusals: Refusals) -> Iterator[pa.RecordBatch]:
    if isinstance(task, RowGroup):
        yield from pq.ParquetFile(task.path).read_row_group(task.number).to_batches()
    elif isinstance(task, InMemory):
        yield task.batch
    else:
        for frame in read_piece(task, scorer.inputs, refusals, with_last_updated=False):
            yield from account_batches(frame, scorer.inputs)


def _lines(batch: pa.RecordBatch, quoted: bool | None) -> bytes:
    if quoted is None:
        quoted = any(is_special(text) for text in _texts(batch))
    lines = io.BytesIO()
    style = "needed" if quoted else "none"
    csv.write_csv(batch, lines, csv.WriteOptions(include_header=False, quoting_style=style))
    return lines.getvalue()


def _texts(batch: pa.RecordBatch) -> list[Any]:
    return [column for column in batch.columns if column.type == pa.string()]


def is_special(texts: Any) -> bool:
    """Say whether a text of an array needs quotes in a CSV."""
    return bool(pc.any(pc.match_substring_regex(texts, '[",\r\n]')).as_py())
