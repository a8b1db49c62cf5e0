"""CSV bodies: rows by position, or by name under a header."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.inference.wire.values import decode_columns, number_from_text
from serving.scoring import Input
from serving.web.problems import Problem


def decode_csv(body: bytes, inputs: Sequence[Input], today: dt.date) -> NDArray[np.float64]:
    """Decode a CSV.

    The first line is a header if, and only if, it holds every input's name; columns then go by
    name, in any order, and others are ignored. Otherwise every line is an account, by position.

    Raises
    ------
    Problem
        400 naming the line: nothing is scored then, and no column ever shifts.
    """
    lines = _lines(body)
    if not lines:
        raise Problem(400, "the body is empty; send a line per account")
    names = [column.name for column in inputs]
    first = [cell.strip() for cell in lines[0][1]]
    has_header = set(names) <= set(first)
    if has_header:
        twice = sorted({name for name in names if first.count(name) > 1})
        if twice:
            raise Problem(400, f"the header has {', '.join(twice)} twice")
    order = [first.index(name) for name in names] if has_header else range(len(names))
    rows = lines[1:] if has_header else lines
    _check_widths(rows, len(first) if has_header else len(names), names)
    if not rows:
        return np.empty((0, len(inputs)))
    cells = list(zip(*(cells for _, cells in rows), strict=True))
    columns = [_text_column(inputs[i], cells[position]) for i, position in enumerate(order)]
    return decode_columns(
        columns, inputs, today, lambda row, column: f"/{rows[row][0]}/{inputs[column].name}"
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
    for line, cells in lines:
        if not cells:
            # Left out, it would give the scores of every later account to the one before it.
            raise Problem(400, f"line {line} is blank; only the end may be")
    return lines


def _check_widths(rows: list[tuple[int, list[str]]], width: int, names: list[str]) -> None:
    for line, cells in rows:
        if len(cells) != width:
            raise Problem(
                400,
                f"line {line} has {len(cells)} values; needed are {width}"
                + (f", in this order: {', '.join(names)}" if width == len(names) else ""),
            )


def _text_column(column: Input, cells: Sequence[str]) -> Sequence[object]:
    """Turn numbers' texts into numbers where all are; what is left is told by `decode_columns`."""
    if column.type != "number":
        return [cell.strip() for cell in cells]
    try:
        return [number_from_text(cell) if cell and not cell.isspace() else None for cell in cells]
    except ValueError:
        return [cell.strip() for cell in cells]
