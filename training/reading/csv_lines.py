"""Bytes of a CSV to texts: whole lines, block by block, each cell beside its line number.

A line of the file is a row: a quoted cell may hold commas and quotes but not a line break. That
is what keeps line numbers exact, and what confines a forgotten quote to its own line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from training.errors import DataError

#: Bytes parsed at a time. Less costs time, more only memory.
BLOCK_BYTES = 8 * 2**20

#: A longer line is a file of another kind; without a limit it would be read into memory whole.
MAX_LINE_BYTES = 64 * 2**20

_LINE_END = re.compile(rb"\r\n|\n|\r")

# Arrow's rule: quotes mean something at the start of a cell only; `a"b` is a plain text.
_CELL = rb'(?:"(?:[^"]|"")*+"[^,]*+|(?!")[^,]*+)'
_CLOSED_LINE = re.compile(_CELL + rb"(?:," + _CELL + rb")*+")


class Block(NamedTuple):
    """Whole lines of a file, and the number of the first."""

    first_line: int
    data: bytes


class Rows(NamedTuple):
    """A block's cells as text, column by column, null where empty.

    `lines` has each row's line number; `refused` says, by line number, what is wrong with lines
    that are not rows.
    """

    texts: list[pa.Array]
    lines: NDArray[np.int64]
    refused: dict[int, str]


class CsvStream:
    """An open CSV: its header at once, its rows block by block.

    Raises
    ------
    DataError
        If it is empty, not UTF-8, or its header names a column twice.
    """

    def __init__(self, stream: BinaryIO, name: str, block_bytes: int = BLOCK_BYTES) -> None:
        self.name = name
        self._chunks = _whole_lines(stream, name, block_bytes)
        first = next(self._chunks, b"")
        end = _LINE_END.search(first)
        split = end.end() if end else len(first)
        self._rest = first[split:]
        self.header = _header(first[:split], name)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows as whole lines, each block with the number of its first line."""
        line, data = 2, self._rest or next(self._chunks, b"")
        self._rest = b""
        while data:
            _check_utf8(self.name, line, data)
            yield Block(line, data)
            line += _count_lines(data)
            data = next(self._chunks, b"")


def _whole_lines(stream: BinaryIO, name: str, block_bytes: int) -> Iterator[bytes]:
    rest = b""
    while more := stream.read(block_bytes):
        data = rest + more
        # A final \r may be the first half of \r\n.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
        if cut:
            yield data[:cut]
        elif len(data) > MAX_LINE_BYTES:
            raise DataError(f"{name} has a line of more than {MAX_LINE_BYTES} bytes: is it a CSV?")
        rest = data[cut:]
    if rest:
        yield rest


def _header(line: bytes, name: str) -> list[str]:
    _check_utf8(name, 1, line)
    text = line.decode("utf-8-sig").strip()
    if not text:
        raise DataError(f"{name} is empty, or its first line is: there must be a header")
    try:
        header = [column.strip() for column in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        raise DataError(f"{name}: the header cannot be read: {error}") from None
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise DataError(f"{name}: the header has columns of the same name: {', '.join(twice)}")
    return header


def _check_utf8(name: str, first_line: int, data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = first_line + len(_LINE_END.findall(data, 0, error.start))
        raise DataError(f"{name}, line {line}: not UTF-8; save the file as UTF-8") from None


def _count_lines(data: bytes) -> int:
    ends = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    return ends + (not data.endswith((b"\n", b"\r")))


def parse_block(header: Sequence[str], block: Block, columns: Sequence[str]) -> Rows:
    """Split a block, of a file with this header, into the texts of these columns."""
    data = block.data
    lines = np.arange(block.first_line, block.first_line + _count_lines(data), dtype=np.int64)
    table, misfits = _parse_lines(header, data, columns)
    refused: dict[int, str] = {}
    # An open quote swallows the lines after it; on the last line there are none to be missed.
    if table.num_rows + len(misfits) != len(lines) or not _is_closed(_last_line(data)):
        closed, data = _closed_lines(data)
        refused = dict.fromkeys(lines[~closed].tolist(), "a quote is not closed on its line")
        lines = lines[closed]
        table, misfits = _parse_lines(header, data, columns)
    width = len(header)
    for row in misfits:
        if row.text.strip():
            refused[int(lines[row.number - 1])] = _misfit(row.actual_columns, width)
    return Rows(
        texts=[column.combine_chunks() for column in table.columns],
        lines=np.delete(lines, [row.number - 1 for row in misfits]),
        refused=refused,
    )


def _misfit(fields: int, width: int) -> str:
    return f"has {fields} {'field' if fields == 1 else 'fields'}, the header has {width}"


def _parse_lines(
    header: Sequence[str], data: bytes, columns: Sequence[str]
) -> tuple[pa.Table, list[Any]]:
    positions = [str(header.index(column)) for column in columns]
    misfits: list[Any] = []

    def skip(row: Any) -> str:
        misfits.append(row)
        return "skip"

    if not data:
        return pa.table({position: pa.array([], pa.string()) for position in positions}), misfits
    table = pa.csv.read_csv(
        pa.BufferReader(data),
        # With threads there are no row numbers.
        pa.csv.ReadOptions(
            use_threads=False,
            block_size=len(data) + 1,
            column_names=[str(position) for position in range(len(header))],
        ),
        pa.csv.ParseOptions(invalid_row_handler=skip, ignore_empty_lines=False),
        pa.csv.ConvertOptions(
            include_columns=positions,
            column_types=dict.fromkeys(positions, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    return table, misfits


def _last_line(data: bytes) -> bytes:
    text = data.rstrip(b"\r\n")
    return text[max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 :]


def _is_closed(line: bytes) -> bool:
    return _CLOSED_LINE.fullmatch(line) is not None


def _closed_lines(data: bytes) -> tuple[NDArray[np.bool_], bytes]:
    lines = data.splitlines()
    closed = [_is_closed(line) for line in lines]
    # New line ends: what is left of "\r", an open line, "\n" would be one line end.
    kept = [line + b"\n" for line, is_closed in zip(lines, closed, strict=True) if is_closed]
    return np.array(closed), b"".join(kept)


def blank_rows(block: Block, rows: Rows) -> set[int]:
    """Find the rows that are blank lines, among those whose first text is empty."""
    nameless = np.flatnonzero(pc.is_null(rows.texts[0]).to_numpy(zero_copy_only=False))
    if not len(nameless):
        return set()
    raw = block.data.splitlines()
    return {
        int(row)
        for row in nameless
        if not raw[rows.lines[row] - block.first_line].replace(b'""', b"").strip(b", \t")
    }
