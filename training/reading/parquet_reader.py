"""Reads one Parquet file of accounts as `csv_reader` reads the CSV of the same values.

Cells become the texts that a CSV would hold, and go the same way from there: one rule says what a
number, a date or a missing value is. Row n counts as line n + 1, as under a header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.csv_lines import Rows
from training.reading.csv_reader import ACCOUNT, check_has_accounts, readers_of, to_frame
from training.reading.refusals import Refusals

_MAGIC = b"PAR1"
_BATCH_ROWS = 2**17


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_parquet_header(path: Path, name: str) -> list[str]:
    """Read a file's column names; raises DataError if it is damaged or names one twice."""
    with path.open("rb") as stream:
        header = [str(column) for column in _open(stream, name).schema_arrow.names]
    if twice := sorted({column for column in header if header.count(column) > 1}):
        raise DataError(f"{name} has columns of the same name: {', '.join(twice)}")
    return header


class RowGroups(NamedTuple):
    """Row groups of a file that follow each other, and the line that their first row counts as."""

    groups: range
    first_line: int


def row_groups(path: Path, name: str) -> Iterator[RowGroups]:
    """Cut a file into row groups of some `_BATCH_ROWS` together; raises DataError if damaged."""
    with path.open("rb") as stream:
        metadata = _open(stream, name).metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    start, line, rows = 0, 2, 0
    for group, size in enumerate(sizes):
        rows += size
        if rows >= _BATCH_ROWS or group + 1 == len(sizes):
            yield RowGroups(range(start, group + 1), line)
            start, line, rows = group + 1, line + rows, 0
    if not sizes:
        yield RowGroups(range(0), line)


def read_parquet(
    path: Path,
    name: str,
    inputs: Sequence[Input],
    refusals: Refusals,
    *,
    with_last_updated: bool = True,
    some: RowGroups | None = None,
) -> Iterator[pd.DataFrame]:
    """Read a file, or some row groups of it, as a stream of tables; see `csv_reader.read_batches`.

    Raises
    ------
    DataError
        If it is damaged, has no `acct_id`, or a column that is read holds what is no text, number
        or date, or ids that are fractions.
    """
    with path.open("rb") as stream:
        file = _open(stream, name)
        check_has_accounts(file.schema_arrow.names, name)
        header = file.schema_arrow.names
        readers = readers_of(header, inputs, with_last_updated=with_last_updated)
        for column in readers:
            _check_type(file.schema_arrow.field(column).type, column, name)
        line = some.first_line if some else 2
        groups = some.groups if some else range(file.num_row_groups)
        for batch in _batches(file, name, list(readers), groups):
            lines = np.arange(line, line + len(batch), dtype=np.int64)
            line += len(batch)
            texts = [as_texts(batch.column(column), column, name) for column in readers]
            yield to_frame(name, readers, Rows(texts, lines, {}), set(), refusals)


def _check_type(kind: Any, column: str, name: str) -> None:
    """Refuse types whose texts are not what they mean."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_duration(kind):
        raise DataError(
            f"{name}: {column} holds durations ({kind}), and a number of them has no unit; store "
            "it as a number of the unit that the metric is in, as hours or days"
        )
    if column == ACCOUNT and (
        pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and kind.scale > 0)
    ):
        raise DataError(
            f"{name}: {ACCOUNT} holds fractions ({kind}); store it as text or whole numbers"
        )


def _open(stream: Any, name: str) -> Any:
    try:
        return pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is damaged, or not all of it is there: {error}") from None


def _batches(file: Any, name: str, columns: list[str], groups: Sequence[int]) -> Iterator[Any]:
    try:
        yield from file.iter_batches(
            batch_size=_BATCH_ROWS, columns=columns, row_groups=list(groups)
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is damaged: {error}") from None


def as_texts(cells: Any, column: str, name: str) -> Any:
    """Write cells as a CSV would hold them; an empty text is a missing one there."""
    try:
        texts = cells.cast(pa.string())
    except pa.ArrowException as error:
        raise DataError(f"{name}: {column} is of type {cells.type}: {error}") from None
    return pc.if_else(pc.equal(texts, ""), None, texts)
