"""Accounts to score, in tasks: of a folder of tables, or of one file that has all inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from serving.scoring import MissingColumns, Scorer
from serving.scoring.column import Input
from training.batch import read_inputs
from training.bulk.account_batches import account_batches
from training.bulk.processes import Workers
from training.bulk.score_batches import ACCOUNT
from training.bulk.tasks import InMemory, RowGroup, Task
from training.joining.joined import JoinedAccounts, joined_accounts
from training.joining.size import join_memory, joins_on_disk
from training.reading.csv_lines import CsvStream
from training.reading.csv_reader import check_has_accounts
from training.reading.pieces import Piece, csv_pieces, pieces_of
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFile, files_of, header_of


@dataclass(frozen=True)
class Source:
    """The accounts of a folder.

    Attributes
    ----------
    tasks : sequence of Task
    ids : callable
        Gives all ids, as arrays.
    scoring_date : date or None
        That given, or the newest.
    refusals, notes
        As `Accounts`.
    """

    tasks: Sequence[Task]
    ids: Callable[[], Iterable[Any]]
    scoring_date: dt.date | None
    refusals: Refusals
    notes: tuple[str, ...]


@contextmanager
def folder_source(
    scorer: Scorer,
    folder: Path,
    *,
    max_refused_share: float,
    scoring_date: dt.datetime | None,
    workers: Workers,
    memory_bytes: int,
) -> Iterator[Source]:
    """Read a folder for the time of a block; see `score_folder`."""
    files = files_of(folder)
    events = scorer.scorecard.tree.get("events", {})
    if not joins_on_disk(files, scorer.inputs, events, memory_bytes):
        accounts, date = read_inputs(scorer, folder, max_refused_share, scoring_date)
        batches = list(account_batches(accounts.frame, scorer.inputs))
        yield Source(
            tasks=[InMemory(batch) for batch in batches],
            ids=lambda: (batch.column(0) for batch in batches),
            scoring_date=date,
            refusals=accounts.refusals,
            notes=accounts.notes,
        )
        return
    joining = joined_accounts(
        files,
        scorer.inputs,
        peer_dimensions=[column.name for column in scorer.scorecard.peer_dimensions],
        max_refused_share=max_refused_share,
        workers=workers,
        memory_bytes=join_memory(memory_bytes),
    )
    with joining as joined:
        yield _joined_source(joined, scoring_date)


def _joined_source(joined: JoinedAccounts, scoring_date: dt.datetime | None) -> Source:
    file = pq.ParquetFile(joined.path)
    moment = scoring_date or joined.newest
    return Source(
        tasks=[RowGroup(joined.path, number) for number in range(file.num_row_groups)],
        ids=lambda: (batch.column(0) for batch in file.iter_batches(columns=[ACCOUNT])),
        scoring_date=moment.date() if moment is not None else None,
        refusals=joined.refusals,
        notes=joined.notes,
    )


def pieces_with_all(source: Path | BinaryIO, inputs: Sequence[Input]) -> Iterator[Piece]:
    """Cut a file that has all inputs into pieces.

    Parameters
    ----------
    source : Path or binary stream
        A stream must be a CSV.

    Raises
    ------
    MissingColumns
        At once, if it lacks an input.
    DataError
        If it is empty, damaged, not UTF-8 or has no `acct_id`.
    """
    if isinstance(source, Path):
        file = AccountFile(source, source.stem, source.name)
        _check_has_all(header_of(file), file.name, inputs)
        return pieces_of(file)
    stream = CsvStream(source, str(getattr(source, "name", "stdin")))
    _check_has_all(stream.header, stream.name, inputs)
    return csv_pieces(stream)


def _check_has_all(header: Sequence[str], name: str, inputs: Sequence[Input]) -> None:
    check_has_accounts(header, name)
    if missing := {column.name for column in inputs} - set(header):
        raise MissingColumns(missing)
