"""JSON bodies: one value that holds every row."""

from __future__ import annotations

import datetime as dt

from serving.inference.wire.columns import Columns
from serving.inference.wire.json_shapes import rows_of
from serving.inference.wire.json_text import NotJson, parse
from serving.inference.wire.plain_numbers import read_plain_json
from serving.inference.wire.rows import Decoded, read_rows, refuse_crumbs
from serving.web.problems import Problem

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode_json(body: bytes, columns: Columns, *, today: dt.date, keep_bad_rows: bool) -> Decoded:
    """Decode a body in one of the shapes of `rows_of`.

    Raises
    ------
    Problem
        400 that says where and what; nothing is scored then.
    MissingColumns
        If columns are named, and not all of them.
    """
    refuse_crumbs(body, b"[{", _shortest(columns.width))
    accounts = read_plain_json(body.removeprefix(BYTE_ORDER_MARK), columns)
    if accounts is not None:
        return Decoded(accounts, {})
    return decode_json_strictly(body, columns, today=today, keep_bad_rows=keep_bad_rows)


def decode_json_strictly(
    body: bytes, columns: Columns, *, today: dt.date, keep_bad_rows: bool
) -> Decoded:
    """Decode whatever there is: what is plain gives the same by either way."""
    if not body.strip():
        raise Problem(400, 'the body is empty; send {"instances": [{"features": [...]}]}')
    try:
        content = parse(body.removeprefix(BYTE_ORDER_MARK))
    except NotJson as error:
        raise Problem(400, f"the body {error}") from None
    rows = rows_of(content, columns)
    return read_rows(rows, columns, today=today, keep_bad_rows=keep_bad_rows)


def _shortest(width: int) -> float:
    """Give how many bytes there are to a list or object, at the least.

    ``[1,2],`` is one, ``{"features":[1,2]},`` two, and the long form with data four.
    """
    values = 2 * width - 1
    return min(len("[],") + values, (len('{"features":[]},') + values) / 2, (40 + values) / 4)
