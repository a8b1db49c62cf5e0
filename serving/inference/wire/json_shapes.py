"""The shapes a JSON body can have, each as rows: one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from serving.inference.wire.columns import Columns
from serving.inference.wire.named import Flat, Records
from serving.inference.wire.positional import Positional, how_many
from serving.inference.wire.rows import BadRow, Rows
from serving.web.problems import Problem

_TAUGHT = '{"instances": [{"features": [...]}]} or {"name": value, ...}'


def rows_of(content: Any, columns: Columns) -> Rows:
    """Find a body's rows by its shape.

    | body | rows |
    |---|---|
    | an object with a key of `SHAPES` | as the table says; other keys are ignored |
    | any other object | by name: an account, or one per entry of lists of one length |
    | a list that is not empty | by position |

    Raises
    ------
    Problem
        400 if the body is of none of these, or of two at once.
    MissingColumns
        If columns are named, and not all of them.
    """
    if isinstance(content, dict):
        shapes = [key for key in SHAPES if key in content]
        if len(shapes) > 1:
            raise Problem(400, f"the body has {' and '.join(shapes)}; send one of them")
        if shapes:
            return SHAPES[shapes[0]](content[shapes[0]], columns)
        return Flat(content, columns)
    if isinstance(content, list) and content:
        return Positional(content, columns, "")
    raise Problem(400, f"the body must be {_TAUGHT}")


class Split:
    """Rows of cells under one list of columns, as pandas splits a frame; its index is ignored."""

    def __init__(self, frame: Any, columns: Columns) -> None:
        if not isinstance(frame, dict) or not {"columns", "data"} <= frame.keys():
            raise Problem(400, 'dataframe_split must be {"columns": [...], "data": [[...], ...]}')
        given = frame["columns"]
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            raise Problem(400, "columns of dataframe_split must be a list of names")
        self._rows = _a_list(frame["data"], "data of dataframe_split")
        self._width = len(given)
        self._order = columns.order(given)

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, row: int) -> Sequence[Any]:
        """Give the cells of the columns that are needed."""
        cells = self._rows[row]
        if isinstance(cells, list) and len(cells) == self._width:
            return [cells[place] for place in self._order]
        got = how_many(cells)
        message = f"row {row} has {got}; columns has {self._width}"
        path = f"/dataframe_split/data/{row}"
        raise BadRow(message, path, f"{got} instead of {self._width}")

    def path(self, row: int, column: int) -> str:
        """Point into the data."""
        return f"/dataframe_split/data/{row}/{self._order[column]}"

    where = path


def _a_list(rows: Any, what: str) -> list[Any]:
    if not isinstance(rows, list):
        raise Problem(400, f"{what} must be a list of accounts")
    return rows


def _instances(rows: Any, columns: Columns) -> Rows:
    return Positional(_a_list(rows, "instances"), columns, "/instances")


def _inputs(rows: Any, columns: Columns) -> Rows:
    return Positional(_a_list(rows, "inputs"), columns, "/inputs")


def _records(rows: Any, columns: Columns) -> Rows:
    return Records(_a_list(rows, "dataframe_records"), columns)


#: Key → reader of what it holds. To read another shape, add an entry.
SHAPES: Mapping[str, Callable[[Any, Columns], Rows]] = {
    "instances": _instances,
    "inputs": _inputs,
    "dataframe_split": Split,
    "dataframe_records": _records,
}
