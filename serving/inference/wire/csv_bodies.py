"""CSV bodies: rows by position, or by name under a header."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.inference.wire.columns import Columns
from serving.inference.wire.json_bodies import BYTE_ORDER_MARK
from serving.inference.wire.plain_numbers import to_accounts
from serving.inference.wire.rows import BadRow, Decoded, read_rows, refuse_crumbs
from serving.inference.wire.values import number_from_text
from serving.scoring import InvalidInput, MissingColumns
from serving.web.problems import Problem

#: All there is in a CSV of numbers. What JSON reads of these as numbers, CSV reads the same.
_NUMBERS = b"0123456789.eE+-, \n"


def decode_csv(
    body: bytes,
    columns: Columns,
    *,
    today: dt.date,
    keep_bad_rows: bool,
    header: bool | None = None,
) -> Decoded:
    """Decode a CSV.

    Parameters
    ----------
    header : bool, optional
        Whether the first line is one. If that is not told, it is one if, and only if, it names
        every input. Under a header columns go by name, in any order, and others are ignored;
        otherwise every line is an account, by position.

    Raises
    ------
    Problem
        400 naming the line; no column ever shifts.
    MissingColumns
        If there must be a header, and it does not name every input.
    """
    # A line may end in either, or in both.
    one_end = body.replace(b"\r\n", b"\n") if b"\r" in body else body
    refuse_crumbs(one_end, b"\r\n", columns.width)
    accounts = _plain(body, columns, header)
    if accounts is not None:
        return Decoded(accounts, {})
    return decode_csv_strictly(
        body, columns, today=today, keep_bad_rows=keep_bad_rows, header=header
    )


def decode_csv_strictly(
    body: bytes,
    columns: Columns,
    *,
    today: dt.date,
    keep_bad_rows: bool,
    header: bool | None = None,
) -> Decoded:
    """Decode whatever there is: what is plain gives the same by either way."""
    lines = _lines(body)
    if not lines:
        raise Problem(400, "the body is empty; send a line per account")
    first = lines[0][1]
    order = _header_order(first, columns, header)
    if order is None and header is None and keep_bad_rows:
        _check_first(first, columns)
    rows = (
        _Lines(lines, list(range(columns.width)), columns.width, columns)
        if order is None
        else _Lines(lines[1:], order, len(first), columns)
    )
    return read_rows(rows, columns, today=today, keep_bad_rows=keep_bad_rows)


def _header_order(cells: Sequence[str], columns: Columns, header: bool | None) -> list[int] | None:
    """Find the inputs in the first line; None if it is no header."""
    if header is False:
        return None
    names = [cell.strip() for cell in cells]
    try:
        return columns.order(names)
    except MissingColumns as error:
        if header:
            raise
        if _looks_like_one(names, columns):
            # Otherwise what is below would be read by position, though it is not meant so.
            lacks = ", ".join(error.missing)
            reason = f"line 1 looks like a header, but lacks {lacks}; name every column or none"
            raise Problem(400, reason) from None
        return None


def _check_first(cells: Sequence[str], columns: Columns) -> None:
    """Refuse a first line that may be a header gone wrong, or stand before one.

    Kept as a bad row, it would have the accounts below it read by position, meant so or not.
    """
    names = [cell.strip() for cell in cells]
    is_blank = not any(names) and len(names) != columns.width
    if is_blank or (columns.numbers_only and any(names) and not any(map(_is_number, names))):
        raise Problem(400, "line 1 is no account, and no header that has every name")


def _is_number(cell: str) -> bool:
    try:
        number_from_text(cell)
    except ValueError:
        return cell == "NaN"
    return True


def _looks_like_one(names: Sequence[str], columns: Columns) -> bool:
    """Say whether a name of an input stands where it could not be the value of a category."""
    categories = {place for place, entry in enumerate(columns.inputs) if entry.type == "category"}
    return any(
        columns.find(name) is not None
        for place, name in enumerate(names)
        if place not in categories
    )


def _lines(body: bytes) -> list[tuple[int, list[str]]]:
    """Give the lines with their numbers, blank ones at the end left out."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise Problem(400, f"line {reader.line_num} is not CSV: {error}") from None
    while lines and not lines[-1][1]:
        lines.pop()
    return lines


class _Lines:
    def __init__(
        self,
        lines: Sequence[tuple[int, list[str]]],
        order: Sequence[int],
        width: int,
        columns: Columns,
    ) -> None:
        self._lines = lines
        self._order = order
        self._width = width
        self._columns = columns

    def __len__(self) -> int:
        return len(self._lines)

    def values(self, row: int) -> Sequence[str]:
        number, cells = self._lines[row]
        if len(cells) == self._width:
            return [cells[place].strip() for place in self._order]
        if not cells:
            # Left out, it would give the scores of every later account to the one before it.
            reason = "is blank; only the end may be"
            raise BadRow(f"line {number} {reason}", f"/{number}", reason)
        names = ", ".join(self._columns.names)
        order = f", in this order: {names}" if self._width == self._columns.width else ""
        message = f"line {number} has {len(cells)} values; needed are {self._width}{order}"
        if len(cells) == 1 and ("\t" in cells[0] or ";" in cells[0]):
            message += "; commas must stand between them"
        raise BadRow(message, f"/{number}", f"{len(cells)} values instead of {self._width}")

    def path(self, row: int, column: int) -> str:
        return f"/{self._lines[row][0]}/{self._columns.names[column]}"

    def where(self, row: int, _column: int) -> str:
        return f"line {self._lines[row][0]}"


def _plain(body: bytes, columns: Columns, header: bool | None) -> NDArray[np.float64] | None:
    """Read a CSV of nothing but numbers at once, to what the strict way would give."""
    text = body.removeprefix(BYTE_ORDER_MARK).replace(b"\r\n", b"\n").rstrip(b"\n")
    first, _, rest = text.partition(b"\n")
    names = None
    if header or first.translate(None, _NUMBERS):
        names = _plain_header(first, columns, header)
        if names is None:
            return None
        text = rest
    elif first.count(b",") + 1 != columns.width:
        return None
    if not columns.numbers_only or not text or text.translate(None, _NUMBERS):
        return None
    try:
        rows = orjson.loads(_as_json(text))
    except ValueError:
        return None
    return to_accounts(rows, columns, names)


def _plain_header(line: bytes, columns: Columns, header: bool | None) -> list[str] | None:
    if b'"' in line or b"\r" in line:
        return None
    try:
        names = [cell.strip() for cell in line.decode().split(",")]
        return None if _header_order(names, columns, header) is None else names
    except (UnicodeDecodeError, InvalidInput, Problem):
        return None


def _as_json(text: bytes) -> bytes:
    """Write lines of numbers as a list of lists; an empty cell is null."""
    text = b"[[" + text.replace(b"\n", b"],[") + b"]]"
    if b",," in text:
        # Twice, because of three commas in a row.
        text = text.replace(b",,", b",null,").replace(b",,", b",null,")
    if b"[," in text:
        text = text.replace(b"[,", b"[null,")
    return text.replace(b",]", b",null]") if b",]" in text else text
