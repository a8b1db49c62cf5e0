"""Joins the tables of a folder on the disk: as `training.tables.read_accounts`, in less memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from serving.scoring.column import Input
from training.bulk.account_batches import BATCH_ROWS, account_schema
from training.bulk.milestones import milestones
from training.bulk.processes import ALONE, Workers
from training.joining.counting_rows import Counting, counting_rows
from training.joining.database import Database, opened_database, room_in
from training.joining.staging import Stage, stages_of, tasks_of, write_piece
from training.joining.statements import Order, joined
from training.progress import progress_bar
from training.reading.account_files import Source, find_sources
from training.reading.csv_lines import BLOCK_BYTES
from training.reading.newest_rows import LeftOut
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFiles, files_of
from training.tables import absent, check_usable

#: What the database may keep in memory; it puts the rest on the disk.
MEMORY_BYTES = 2**29


@dataclass(frozen=True)
class JoinedAccounts:
    """The accounts of a folder, in a file, and what was met while reading them.

    Attributes
    ----------
    path : Path
        A Parquet file: `acct_id`, then every input in the order asked for; a row per account. Null
        where missing; a number or boolean is a double, a category a string, a date a timestamp.
    count : int
        How many accounts there are.
    refusals : Refusals
        The rows that could not be used.
    notes : tuple of str
        What was counted, though nothing was refused for it.
    newest : Timestamp or None
        The newest `last_updated` among the rows used; None if no file has that column.
    """

    path: Path
    count: int
    refusals: Refusals
    notes: tuple[str, ...]
    newest: pd.Timestamp | None


@contextmanager
def joined_accounts(
    data: Path | AccountFiles,
    inputs: Sequence[Input],
    *,
    peer_dimensions: Collection[str],
    max_refused_share: float = 0.01,
    workers: Workers = ALONE,
    memory_bytes: int = MEMORY_BYTES,
    order: Order = "files",
    scratch: Path | None = None,
) -> Iterator[JoinedAccounts]:
    """Read and join the tables of a folder; what is written is gone when the block ends.

    Accounts, values, refusals and notes are those of `read_accounts`, whose parameters these are.
    No column can be derived from events: see `joins_on_disk`.

    Parameters
    ----------
    workers : Workers
        Processes that read; as many threads join then.
    memory_bytes : int
        What the join may keep in memory.
    order : str
        ``files``: accounts in the order of their first rows in the files of the peers. ``acct_id``:
        by id, byte by byte.
    scratch : Path, optional
        Where to write, some three times the size of the files; the system's place for such files
        if not given.

    Raises
    ------
    DataError, TooManyRefused
        As `read_accounts`.
    JoinFailed
        If memory or disk do not suffice.
    """
    files = files_of(data) if isinstance(data, Path) else data
    sources = find_sources(files, inputs, peer_dimensions)
    with tempfile.TemporaryDirectory(prefix="scorecard-join-", dir=scratch) as folder:
        place = Path(folder)
        stages = stages_of(sources, inputs, place)
        with room_in(place):
            read = _read(sources, stages, workers)
        with opened_database(place, memory_bytes=memory_bytes, threads=workers.jobs) as database:
            chosen = _chosen(database, sources, stages, read)
            peers = chosen.tables[0]
            check_usable(peers.count, files.where, sources[0], chosen.refusals, max_refused_share)
            path = place / "accounts.parquet"
            indexes = [stage.indexes for stage in stages]
            tables = dict(zip((each.table for each in chosen.tables), indexes, strict=True))
            _write(database.batches(joined(tables, order)), inputs, path)
        for stage in stages:
            shutil.rmtree(stage.folder)
        newest = max(
            (each.newest for each in chosen.tables if each.newest is not None), default=None
        )
        yield JoinedAccounts(path, peers.count, chosen.refusals, tuple(chosen.notes), newest)


def _read(sources: Sequence[Source], stages: Sequence[Stage], workers: Workers) -> list[Refusals]:
    """Stage all files; gives the refusals of each table."""
    read = [Refusals() for _ in sources]
    sizes = [file.path.stat().st_size for source in sources for file in source.headers]
    total = sum(-(-size // BLOCK_BYTES) for size in sizes)
    with progress_bar("read") as done:
        step = milestones(done, total)
        written = workers.in_order(partial(write_piece, stages), tasks_of(sources))
        for table, name, refusals in written:
            read[table].extend(refusals)
            step(name)
    return read


class _Chosen(NamedTuple):
    """What counts of each table, the one of the peers first, and what does not."""

    tables: list[Counting]
    refusals: Refusals
    notes: list[str]


def _chosen(
    database: Database,
    sources: Sequence[Source],
    stages: Sequence[Stage],
    read: Sequence[Refusals],
) -> _Chosen:
    tables: list[Counting] = []
    refusals, notes = Refusals(), list[str]()
    for number, (source, stage, refused) in enumerate(zip(sources, stages, read, strict=True)):
        refusals.extend(refused)
        left_out = LeftOut(source.files)
        peers = tables[0].table if tables else None
        table = counting_rows(database, f"table_{number}", stage, peers, left_out)
        notes += left_out.tell(refusals)
        tables.append(table)
        notes += absent(tables[0].count - table.count, source, sources[0])
    return _Chosen(tables, refusals, notes)


def _write(batches: Iterable[pa.RecordBatch], inputs: Sequence[Input], path: Path) -> None:
    """Write the joined rows under the names their users know: a database's ignore case."""
    schema = account_schema(inputs)
    texts = [column.name for column in inputs if column.type == "category"]
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=texts) as writer:
        for rows in _regrouped(batches):
            writer.write_table(rows.rename_columns(schema.names).cast(schema))


def _regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Give tables of `BATCH_ROWS`, whatever the length of the batches; the last is shorter."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= BATCH_ROWS:
            rows = pa.Table.from_batches(waiting)
            whole = len(rows) // BATCH_ROWS * BATCH_ROWS
            for start in range(0, whole, BATCH_ROWS):
                yield rows.slice(start, BATCH_ROWS)
            waiting = rows.slice(whole).to_batches()
    if waiting:
        yield pa.Table.from_batches(waiting)
