"""The accounts of a folder, joined by a cluster: the rows and rules of `training.tables`."""

from __future__ import annotations

import datetime as dt
import functools
import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.account_files import Source
from training.reading.csv_reader import readers_of
from training.reading.refusals import Refusals
from training.spark.hadoop_files import HadoopFiles, literal
from training.spark.row_joining import AccountJoin, CountedRows, JoinedTable
from training.spark.row_layout import (
    ACCT,
    FILE_INDEX,
    TABLE,
    TOLD,
    account_schema,
    row_schema,
    spark_schema,
)
from training.spark.row_reading import CsvRows, FileRows, ParquetRows
from training.spark.table_heads import TableFile, Tables, find_tables
from training.spark.tallies import RefusedRows, Tally
from training.tables import absent

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


#: Bytes of files for each task that joins: some 100,000 accounts and a second or two of work, so
#: that little is lost with a machine, and a million accounts keep ten cores busy.
_PARTITION_BYTES = 16 * 2**20


@dataclass(frozen=True)
class SparkAccounts:
    """Accounts on a cluster, and what was met while they were joined.

    Attributes
    ----------
    frame : DataFrame
        `acct_id`, then the inputs in the order asked for as `i0`, `i1`, …: number and boolean as
        double, category as text, date as timestamp without zone; null where missing. A row per
        account, in no order.
    count : int
        Its rows.
    refusals : Refusals
        The rows that could not be used; told by account or beginning of line.
    notes : tuple of str
        What was counted, though nothing was refused for it.
    newest : datetime or None
        The newest `last_updated` of the rows used, UTC without zone.
    """

    frame: DataFrame
    count: int
    refusals: Refusals
    notes: tuple[str, ...]
    newest: dt.datetime | None


@contextmanager
def spark_accounts(
    session: SparkSession,
    data: str,
    inputs: Sequence[Input],
    *,
    peer_dimensions: Collection[str],
    events: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    max_refused_share: float = 0.01,
) -> Iterator[SparkAccounts]:
    """Read and join the tables of a folder as `training.tables.read_accounts` does.

    The joined accounts are kept by the executors until the block ends.

    Parameters
    ----------
    data : str
        A folder that driver and executors reach: a path or URI of any file system of Spark's.
        Each table is a file, or a folder of part files (`usage.parquet/part-0000….parquet`).

    Raises
    ------
    DataError
        If files or columns are missing or contradict each other, or no account is left.
    TooManyRefused
        If more rows were refused than allowed.
    """
    files = HadoopFiles(session, data)
    with tempfile.TemporaryDirectory() as scratch:
        tables = find_tables(files, data, inputs, peer_dimensions, events, Path(scratch))
    joined = _joined(session, tables, tuple(inputs)).persist()
    try:
        tally = _told(joined)
        if tally.errors:
            raise DataError("\n".join(sorted(tally.errors)))
        refusals = RefusedRows(tally)
        refusals.check(max_refused_share)
        if not tally.accounts:
            name = tables.sources[0].name
            raise DataError(f"{data}: {name} has no usable row\n{refusals.summary()}".rstrip())
        newest = None if tally.newest is None else _moment(tally.newest)
        frame = joined.where(joined[TOLD].isNull()).drop(TOLD)
        notes = tuple(_notes(tally, tables.sources))
        yield SparkAccounts(frame, tally.accounts, refusals, notes, newest)
    finally:
        joined.unpersist()


def _joined(session: SparkSession, tables: Tables, inputs: tuple[Input, ...]) -> DataFrame:
    rows = functools.reduce(
        lambda one, other: one.unionAll(other), _all_rows(session, tables, inputs)
    )
    join = AccountJoin(tuple(_joined_table(source, inputs) for source in tables.sources), inputs)
    return (
        rows.repartition(_partitions(session, tables), ACCT)
        .sortWithinPartitions(ACCT, TABLE, FILE_INDEX)
        .mapInArrow(join.join, spark_schema(account_schema(inputs)))
    )


def _partitions(session: SparkSession, tables: Tables) -> int:
    """Say in how many parts accounts are joined: one for each core, more where there is more."""
    used = {file.name for source in tables.sources for file in source.headers}
    size = sum(tables.files[name].size for name in used)
    cores: int = session.sparkContext.defaultParallelism
    return max(cores, -(-size // _PARTITION_BYTES))


def _joined_table(source: Source, inputs: tuple[Input, ...]) -> JoinedTable:
    places = tuple(inputs.index(each) for each in source.inputs)
    return JoinedTable(tuple(source.files), places, source.has_last_updated)


def _all_rows(
    session: SparkSession, tables: Tables, inputs: tuple[Input, ...]
) -> Iterator[DataFrame]:
    for table, source in enumerate(tables.sources):
        for index, (file, header) in enumerate(source.headers.items()):
            rows = FileRows(file.name, table, index, inputs, source.inputs)
            yield _rows(session, tables.files[file.name], tuple(header), rows)


def _rows(
    session: SparkSession, file: TableFile, header: tuple[str, ...], rows: FileRows
) -> DataFrame:
    from pyspark.sql import functions

    paths = [literal(path) for path in file.paths]
    schema = spark_schema(row_schema(rows.inputs))
    if file.schema is None:
        lines = session.read.text(paths).select(
            functions.col("value").cast("binary").alias("line"),
            # Of which file it is, in a file's first piece: there stands the header.
            functions.when(
                functions.col("_metadata.file_block_start") == 0,
                functions.xxhash64("_metadata.file_path"),
            ).alias("file"),
        )
        return lines.mapInArrow(CsvRows(rows, header).read, schema)
    columns = list(readers_of(header, rows.own))
    cells = session.read.parquet(*paths).select(
        [functions.col(_quoted(name)).alias(f"c{place}") for place, name in enumerate(columns)]
    )
    stored = pa.schema([file.schema.field(name) for name in columns])
    return cells.mapInArrow(ParquetRows(rows, stored).read, schema)


def _quoted(column: str) -> str:
    return f"`{column.replace('`', '``')}`"


def _told(joined: DataFrame) -> Tally:
    """Add up what the tasks told; gathered by Arrow, for nothing here is unpickled."""
    tally = Tally()
    with warnings.catch_warnings():
        # What fails is raised as well: nobody needs to be warned of it, with the stacks of Java.
        warnings.filterwarnings("ignore", "toPandas attempted Arrow optimization", UserWarning)
        told = joined.where(joined[TOLD].isNotNull()).select(TOLD).toPandas()[TOLD]
    for text in told:
        tally.add(Tally.from_json(text))
    return tally


def _moment(microseconds: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=microseconds)  # noqa: DTZ001


def _notes(tally: Tally, sources: Sequence[Source]) -> Iterator[str]:
    for index, source in enumerate(sources):
        yield from CountedRows(source.files).notes(index, tally.left_out)
        yield from absent(tally.absent[index], source, sources[0])
