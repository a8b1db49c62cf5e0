"""Rows of a question as a table for people, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from serving.scoring.errors import InvalidInput
from training.prediction_job.query import Table

_ROWS_AT_ONCE = 50_000
_WIDEST = 60
_TYPES = {float: pa.float64(), int: pa.int64(), str: pa.string(), bytes: pa.binary()}


def limited(table: Table, limit: int) -> tuple[list[Sequence[Any]], bool]:
    """Give at most `limit` rows, and whether there are more."""
    rows = list(itertools.islice(table.rows, limit + 1))
    return rows[:limit], len(rows) > limit


def write_text(columns: Sequence[str], rows: Sequence[Sequence[Any]], stream: TextIO) -> None:
    """Lay rows out in columns; long texts are cut."""
    cells = [list(columns), *([_shown(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in (cells[0], ["-" * width for width in widths], *cells[1:]):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        stream.write("  ".join(padded).rstrip() + "\n")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: TextIO) -> int:
    """Write CSV, nothing where there is no value; gives the number of rows."""
    out = csv.writer(stream, lineterminator="\n")
    out.writerow(columns)
    return sum(_wrote(out.writerow([_plain(value) for value in row])) for row in rows)


def write_json(columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: TextIO) -> None:
    """Write a JSON object a line.

    Raises
    ------
    InvalidInput
        If two columns have one name, or a value is infinite.
    """
    _check_names(columns)
    for row in rows:
        values = dict(zip(columns, map(_plain, row), strict=True))
        try:
            stream.write(json.dumps(values, allow_nan=False) + "\n")
        except ValueError:
            raise InvalidInput("a value is infinite, which JSON cannot say; use --csv") from None


def write_file(
    table: Table, path: Path, *, kinds: Mapping[str, type] = MappingProxyType({})
) -> int:
    """Write all rows as the file's name says, .csv or .parquet; gives their number.

    The file appears whole or not at all.

    Parameters
    ----------
    table : Table
    path : Path
    kinds : mapping of str to type
        What columns hold; those of the others are told from the first 50,000 rows.

    Raises
    ------
    InvalidInput
        If the name ends otherwise, a column holds values of several types, or, for .parquet, two
        columns have one name.
    OSError
        If it cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise InvalidInput(f"{path}: the name must end in .csv or .parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _appearing(path) as partial:
        if kind == ".parquet":
            return _write_parquet(table, partial, kinds)
        with partial.open("w", encoding="utf-8", newline="") as stream:
            return write_csv(table.columns, table.rows, stream)


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check_names(columns: Sequence[str]) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InvalidInput(
            f"two columns are called {twice[0]}; name one otherwise: {twice[0]} AS x"
        )


def _write_parquet(table: Table, path: Path, kinds: Mapping[str, type]) -> int:
    _check_names(table.columns)
    rows = iter(table.rows)
    first = list(itertools.islice(rows, _ROWS_AT_ONCE))
    schema = pa.schema(
        (name, _TYPES[kinds[name]] if name in kinds else _type(row[at] for row in first))
        for at, name in enumerate(table.columns)
    )
    written = 0
    with pq.ParquetWriter(path, schema) as writer:
        while first or not written:
            columns = list(zip(*first, strict=True)) or [()] * len(table.columns)
            try:
                arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise InvalidInput(f"no Parquet, a column has several types: {error}") from error
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            written += len(first)
            first = list(itertools.islice(rows, _ROWS_AT_ONCE))
            if not first:
                break
    return written


def _type(values: Iterable[Any]) -> pa.DataType:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return pa.float64()
    return _TYPES[kinds.pop()] if len(kinds) == 1 else pa.string()


def _wrote(_: object) -> int:
    return 1


def _plain(value: object) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: object) -> str:
    text = "" if value is None else str(_plain(value))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
