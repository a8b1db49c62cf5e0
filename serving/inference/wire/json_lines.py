"""JSON Lines: an account per line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.inference.wire.columns import Columns
from serving.inference.wire.json_bodies import BYTE_ORDER_MARK
from serving.inference.wire.json_text import NotJson, parse
from serving.inference.wire.named import Named
from serving.inference.wire.plain_numbers import (
    Plain,
    from_records,
    nothing_else,
    to_accounts,
)
from serving.inference.wire.positional import features, has_features
from serving.inference.wire.rows import BadRow, Decoded, read_rows, refuse_crumbs
from serving.web.problems import Problem


def decode_json_lines(
    body: bytes, columns: Columns, *, today: dt.date, keep_bad_rows: bool
) -> Decoded:
    """Decode a body of which each line is an instance as in `features`, or an object of names.

    Blank lines may end the body, not stand between others: left out, they would give the scores
    of every later account to the one before it.

    Raises
    ------
    Problem
        400 naming the line.
    """
    refuse_crumbs(body, b"\n", 2 * columns.width)
    accounts = _plain(body, columns)
    if accounts is not None:
        return Decoded(accounts, {})
    return decode_json_lines_strictly(body, columns, today=today, keep_bad_rows=keep_bad_rows)


def decode_json_lines_strictly(
    body: bytes, columns: Columns, *, today: dt.date, keep_bad_rows: bool
) -> Decoded:
    """Decode whatever there is: what is plain gives the same by either way."""
    lines = _lines(body)
    if lines == [b""]:
        raise Problem(400, "the body is empty; send a line per account")
    rows = _Lines(lines, columns)
    return read_rows(rows, columns, today=today, keep_bad_rows=keep_bad_rows)


def _lines(body: bytes) -> list[bytes]:
    return body.removeprefix(BYTE_ORDER_MARK).rstrip().split(b"\n")


def _plain(body: bytes, columns: Columns) -> NDArray[np.float64] | None:
    if not columns.numbers_only:
        return None
    try:
        plain = _find([orjson.loads(line) for line in _lines(body)])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if plain is None or not nothing_else(body, plain):
        return None
    return to_accounts(plain.rows, columns, plain.names)


def _find(contents: list[Any]) -> Plain | None:
    if isinstance(contents[0], list):
        return Plain(contents, b"")
    if "features" in contents[0]:
        return Plain([content["features"] for content in contents], b"", b'"features"')
    return None if "data" in contents[0] else from_records(contents)


class _Lines:
    def __init__(self, lines: list[bytes], columns: Columns) -> None:
        self._lines = lines
        self._columns = columns
        self._named = Named(columns)

    def __len__(self) -> int:
        return len(self._lines)

    def values(self, row: int) -> Sequence[Any]:
        line, path = f"line {row + 1}", f"/{row + 1}"
        if not self._lines[row].strip():
            raise BadRow(f"{line} is blank; only the end may be", path, "is blank")
        try:
            content = parse(self._lines[row])
        except NotJson as error:
            raise BadRow(f"{line} {error}", path, str(error)) from None
        if isinstance(content, dict) and not has_features(content):
            return self._named.values(content, line, path)
        return features(content, self._columns, line, path)[1]

    def path(self, row: int, column: int) -> str:
        return f"/{row + 1}/{self._columns.names[column]}"

    def where(self, row: int, _column: int) -> str:
        return f"line {row + 1}"
