"""Reads pieces of a table's files as one machine reads the whole: the same rules, in executors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from serving.scoring.column import Input
from training.reading.csv_lines import Block, Rows
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, read_block, readers_of, to_frame
from training.reading.parquet_reader import as_texts as cell_texts
from training.reading.refusals import Refusals
from training.spark.row_layout import (
    ACCT,
    ARROW_TYPES,
    FILE_INDEX,
    MOMENT,
    TABLE,
    batch_of,
    row_schema,
    told_row,
)
from training.spark.tallies import Tally


@dataclass(frozen=True)
class FileRows:
    """Where rows of a file belong, and what of them is read.

    Attributes
    ----------
    name : str
        What messages call the file.
    table, file : int
        Index of the table, and of the file among the table's.
    inputs : tuple of Input
        All inputs, in order: those a row has room for.
    own : tuple of Input
        Those read from this table.
    """

    name: str
    table: int
    file: int
    inputs: tuple[Input, ...]
    own: tuple[Input, ...]

    def batch(self, frame: pd.DataFrame) -> pa.RecordBatch:
        """Give rows, as `to_frame` reads them, for the way to their account."""
        columns = {
            ACCT: pa.array(frame[ACCOUNT], pa.string()),
            TABLE: pa.array(np.full(len(frame), self.table, np.int32)),
            FILE_INDEX: pa.array(np.full(len(frame), self.file, np.int32)),
        }
        if LAST_UPDATED in frame:
            moments = frame[LAST_UPDATED].dt.tz_localize(None)
            columns[MOMENT] = pa.array(moments, pa.timestamp("us")).cast(pa.int64())
        for place, each in enumerate(self.inputs):
            if each in self.own and each.name in frame:
                kind = ARROW_TYPES[each.type]
                columns[f"i{place}"] = pa.array(frame[each.name], kind, from_pandas=True)
        return batch_of(row_schema(self.inputs), columns, len(frame))


@dataclass(frozen=True)
class CsvRows:
    """Reads the lines of CSVs that have this header; it is the first line of each of them."""

    rows: FileRows
    header: tuple[str, ...]

    def read(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read batches of (line, file if it is of a file's first piece); last comes a tally."""
        tally = Tally()
        readers = readers_of(self.header, self.rows.own)
        for lines in _without_headers(batches):
            data = b"\n".join(lines) + b"\n"
            if (wrong := _not_utf8(lines, data)) is not None:
                tally.errors = [f"{self.rows.name}: {wrong}; save the file as UTF-8"]
                break
            refusals = Refusals()
            frame = read_block(self.rows.name, self.header, Block(0, data), readers, refusals)
            tally.rows[self.rows.name] += refusals.rows_read
            tally.took(refusals, lambda line, lines=lines: lines[line].decode())  # type: ignore[misc]
            yield self.rows.batch(frame)
        yield told_row(row_schema(self.rows.inputs), tally.to_json())


@dataclass(frozen=True)
class ParquetRows:
    """Reads the cells of Parquet files.

    Attributes
    ----------
    schema : Schema
        The columns that are read, in their order, as the files have them: Spark knows fewer types.
    """

    rows: FileRows
    schema: pa.Schema

    def read(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read batches of the schema's columns; last comes a tally."""
        tally = Tally()
        readers = readers_of(self.schema.names, self.rows.own)
        for batch in batches:
            texts = [
                cell_texts(_as_stored(cells, each.type), each.name, self.rows.name)
                for cells, each in zip(batch.columns, self.schema, strict=True)
            ]
            refusals, lines = Refusals(), np.arange(len(batch), dtype=np.int64)
            rows = Rows(texts, lines, {})
            frame = to_frame(self.rows.name, readers, rows, set(), refusals)
            tally.rows[self.rows.name] += len(batch)
            ids = texts[self.schema.names.index(ACCOUNT)]
            tally.took(refusals, lambda row, ids=ids: ids[row].as_py() or "")  # type: ignore[misc]
            yield self.rows.batch(frame)
        yield told_row(row_schema(self.rows.inputs), tally.to_json())


def _as_stored(cells: Any, kind: Any) -> Any:
    """Give cells the type they have in the file, where Spark gave them another of its own."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):
        # Spark takes a column of nothing for one of numbers.
        return pa.nulls(len(cells))
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(cells.type):
        # A unit of less would lose what Spark has kept.
        kind = pa.timestamp("us", kind.tz)
    return cells.cast(kind)


def _without_headers(batches: Iterator[pa.RecordBatch]) -> Iterator[list[bytes]]:
    """Leave out the first line of every file; Spark reads a file's pieces in order, each whole."""
    before = 0
    for batch in batches:
        lines: list[bytes] = batch.column(0).to_pylist()
        files = batch.column(1).fill_null(0).to_numpy()
        if files.any():
            is_first = (files != 0) & (files != np.append(before, files[:-1]))
            for place in np.flatnonzero(is_first)[::-1].tolist():
                del lines[place]
        before = int(files[-1]) if len(files) else before
        if lines:
            yield lines


def _not_utf8(lines: list[bytes], data: bytes) -> str | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = lines[data.count(b"\n", 0, error.start)]
        return f"the line that begins with {line[:40]!r} is not UTF-8"
    return None
