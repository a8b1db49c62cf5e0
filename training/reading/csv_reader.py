"""Reads one CSV of accounts as a stream of tables; each row is used, or refused with its line.

Below it: `csv_lines` (bytes to texts) and `csv_cells` (texts to values).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.csv_cells import Mistakes, Reader, read_ids, read_last_updated, reader_of
from training.reading.csv_lines import (
    BLOCK_BYTES,
    Block,
    CsvStream,
    Rows,
    blank_rows,
    parse_block,
)
from training.reading.refusals import Refusals

ACCOUNT = "acct_id"
LAST_UPDATED = "last_updated"
LINE = "line"

HEADER_BLOCK_BYTES = 2**16


def read_batches(
    source: Path | BinaryIO | CsvStream,
    inputs: Sequence[Input],
    refusals: Refusals,
    *,
    name: str | None = None,
    with_last_updated: bool = True,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[pd.DataFrame]:
    """Read a CSV as a stream of tables; rows that cannot be used go to `refusals`.

    Parameters
    ----------
    source : Path, binary stream or CsvStream
    inputs : sequence of Input
        The columns wanted. Those the file lacks are absent from the tables; other columns of
        the file are not looked at.
    refusals : Refusals
    name : str, optional
        What to call the file in refusals and errors.
    with_last_updated : bool
        Whether to read `last_updated`, if the file has it; a row without one is then refused.
    block_bytes : int
        How much of the file is in memory at a time. Changes nothing else.

    Yields
    ------
    DataFrame
        `acct_id` (str), the inputs in the order given (number: float64, NaN where missing;
        category: str, NA where missing; date: datetime64[us], NaT where missing; boolean: float64,
        1 or 0, NaN where missing),
        `last_updated` (datetime64[us, UTC]) and `line` (int64), the line number in the file.

    Raises
    ------
    DataError
        If the file is empty, is not UTF-8 or has no `acct_id`.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            opened = CsvStream(stream, name or source.name, block_bytes)
            yield from _batches(opened, inputs, refusals, with_last_updated)
        return
    if not isinstance(source, CsvStream):
        source = CsvStream(source, name or str(getattr(source, "name", "the CSV")), block_bytes)
    yield from _batches(source, inputs, refusals, with_last_updated)


def check_has_accounts(header: Sequence[str], name: str) -> None:
    """Raise DataError if a file with these columns cannot be joined to others."""
    if ACCOUNT not in header:
        raise DataError(f"{name} has no column {ACCOUNT}; its columns are: {', '.join(header)}")


def _batches(
    source: CsvStream, inputs: Sequence[Input], refusals: Refusals, with_last_updated: bool
) -> Iterator[pd.DataFrame]:
    check_has_accounts(source.header, source.name)
    readers = readers_of(source.header, inputs, with_last_updated=with_last_updated)
    for block in source.blocks():
        yield read_block(source.name, source.header, block, readers, refusals)


def read_block(
    name: str,
    header: Sequence[str],
    block: Block,
    readers: dict[str, Reader],
    refusals: Refusals,
) -> pd.DataFrame:
    """Read a block of the file of this name; no block depends on another."""
    rows = parse_block(header, block, list(readers))
    return to_frame(name, readers, rows, blank_rows(block, rows), refusals)


def to_frame(
    name: str, readers: dict[str, Reader], rows: Rows, blank: set[int], refusals: Refusals
) -> pd.DataFrame:
    """Read the cells of some rows; those that cannot be used go to `refusals`.

    Parameters
    ----------
    name : str
        What to call the file.
    readers : dict of str to Reader
        As `readers_of` gives them; in the order of `rows.texts`.
    blank : set of int
        Rows that are nothing but a blank line: not refused, and not counted.
    """
    mistakes: Mistakes = {}
    table = {
        column: read(column, texts, mistakes)
        for (column, read), texts in zip(readers.items(), rows.texts, strict=True)
    }
    refused = rows.refused | {
        int(rows.lines[row]): reason for row, reason in mistakes.items() if row not in blank
    }
    refusals.saw(name, len(rows.lines) + len(rows.refused) - len(blank))
    for line in sorted(refused):
        refusals.add(name, line, refused[line])
    frame = pd.DataFrame({**table, LINE: rows.lines}, copy=False)
    return frame.drop(index=list(mistakes)).reset_index(drop=True) if mistakes else frame


def readers_of(
    header: Sequence[str], inputs: Sequence[Input], *, with_last_updated: bool = True
) -> dict[str, Reader]:
    """Give how each wanted column that the header has is read, the account first."""
    wanted = {column.name: reader_of(column) for column in inputs}
    if reserved := wanted.keys() & {ACCOUNT, LAST_UPDATED, LINE}:
        raise DataError(f"{', '.join(sorted(reserved))} cannot be the name of an input")
    readers: dict[str, Reader] = {ACCOUNT: read_ids}
    readers |= {column: read for column, read in wanted.items() if column in header}
    if with_last_updated and LAST_UPDATED in header:
        readers[LAST_UPDATED] = read_last_updated
    return readers
