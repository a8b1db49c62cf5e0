"""Accounts whose values are told apart by names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.inference.wire.columns import Columns
from serving.inference.wire.rows import BadRow
from serving.scoring import MissingColumns
from serving.web.problems import Problem


class Records:
    """Accounts as objects of names and values."""

    def __init__(self, records: list[Any], columns: Columns) -> None:
        self._records = records
        self._columns = columns
        self._named = Named(columns)

    def __len__(self) -> int:
        return len(self._records)

    def values(self, row: int) -> Sequence[Any]:
        """Give the values of the names that are needed."""
        record, path = self._records[row], f"/dataframe_records/{row}"
        if not isinstance(record, dict):
            raise BadRow(f"row {row} must be an object of names", path, "must be an object")
        return self._named.values(record, f"row {row}", path)

    def path(self, row: int, column: int) -> str:
        """Point at the input, by the model's name for it."""
        return f"/dataframe_records/{row}/{self._columns.names[column]}"

    where = path


class Flat:
    """One object of names: scalars are one account, lists of one length an account per entry."""

    def __init__(self, content: dict[str, Any], columns: Columns) -> None:
        given = list(content.values())
        values = [given[place] for place in columns.order(list(content))]
        lengths = {len(value) if isinstance(value, list) else None for value in values}
        if len(lengths) > 1:
            reason = "give a value for every name, or lists of one length for every name"
            raise Problem(400, reason)
        self._one = lengths == {None}
        self._rows: list[Sequence[Any]] = [values] if self._one else list(zip(*values, strict=True))
        self._names = columns.names

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, row: int) -> Sequence[Any]:
        """Give an account's values."""
        return self._rows[row]

    def path(self, row: int, column: int) -> str:
        """Point at the input, by the model's name for it."""
        return f"/{self._names[column]}" + ("" if self._one else f"/{row}")

    where = path


class Named:
    """Finds inputs in objects; looks at the names again only where they change."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._names: list[str] | None = None
        self._order: list[int] = []

    def values(self, record: dict[str, Any], row: str, path: str) -> Sequence[Any]:
        """Give the values in the order of the inputs; raises BadRow if it cannot."""
        names = list(record)
        if names != self._names:
            self._names = None
            try:
                self._order = self._columns.order(names)
            except MissingColumns as error:
                reason = f"lacks {', '.join(error.missing)}"
                raise BadRow(f"{row} {reason}", path, reason) from None
            except Problem as problem:
                raise BadRow(f"{row}: {problem.message}", path, problem.message) from None
            self._names = names
        values = list(record.values())
        return [values[place] for place in self._order]
