"""From rows as they came to accounts: every format ends here, where bad rows are told or kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from serving.inference.wire.columns import Columns
from serving.inference.wire.values import read_column
from serving.web.problems import MAX_ERRORS, Detail, Problem

#: Up to so many bad rows are kept whatever their share.
MANY_BAD_ROWS = 1000
#: More than this are not kept whatever their share.
MOST_BAD_ROWS = 20_000

#: Bodies up to this size are read before it is known that they are nothing but crumbs.
_SMALL_BODY = 2**20

#: Lists and objects around the accounts.
_SPARE_PIECES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What a body holds.

    Attributes
    ----------
    accounts : ndarray of shape (n_accounts, n_inputs)
        In the order of the model's inputs; NaN is missing. A bad row is all NaN.
    bad_rows : mapping of int to str
        Why rows could not be read, by position, in order; empty unless bad rows are kept.
    """

    accounts: NDArray[np.float64]
    bad_rows: Mapping[int, str]


class BadRow(Exception):
    """A row cannot be read: a message that suffices alone, and where and why for the list."""

    def __init__(self, message: str, path: str, reason: str) -> None:
        super().__init__(message)
        self.message = message
        self.detail = Detail(path, reason)


class Rows(Protocol):
    """The rows of a body."""

    def __len__(self) -> int:
        """Give how many accounts there are."""

    def values(self, row: int) -> Sequence[Any]:
        """Give a row's values in the order of the inputs; raises BadRow."""

    def path(self, row: int, column: int) -> str:
        """Point at the value of an input, where the row could be read."""

    def where(self, row: int, column: int) -> str:
        """Say in words where the value of an input stands."""


class _Mistake(NamedTuple):
    row: int
    message: str
    detail: Detail


class _Mistakes:
    """What is wrong with a body, row by row."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._found: list[_Mistake] = []
        #: Why, for the rows that are kept.
        self.kept: dict[int, str] = {}

    def add(self, row: int, message: str, detail: Detail, of: int) -> None:
        """Take down a mistake in a body of `of` rows.

        Raises
        ------
        Problem
            400 if most rows are bad: then it is the body that is.
        """
        if not self._keep:
            self._found.append(_Mistake(row, message, detail))
            return
        self.kept.setdefault(row, message)
        if len(self.kept) > min(max(MANY_BAD_ROWS, of // 2), MOST_BAD_ROWS):
            first = min(self.kept)
            reason = f"too many of {of} rows cannot be read; the first: {self.kept[first]}"
            raise Problem(400, reason)

    def may_go_on(self, so_far: int) -> bool:
        """Say whether more than `so_far` mistakes of one sort are of use."""
        return self._keep or so_far < MAX_ERRORS

    def raise_first(self) -> None:
        """Raise the mistakes of the first bad rows, unless they are kept."""
        if self._found:
            first = sorted(self._found, key=lambda mistake: mistake.row)[:MAX_ERRORS]
            raise Problem(400, first[0].message, [mistake.detail for mistake in first])


def read_rows(rows: Rows, columns: Columns, *, today: dt.date, keep_bad_rows: bool) -> Decoded:
    """Read every value of every row.

    Raises
    ------
    Problem
        400 naming the first bad rows, where they are not kept; or if they are kept and most are
        bad.
    """
    mistakes = _Mistakes(keep=keep_bad_rows)
    values = _well_formed(rows, columns, mistakes)
    decoded = [
        _read_column(rows, columns, position, column, today, mistakes)
        for position, column in enumerate(zip(*values, strict=True))
    ]
    mistakes.raise_first()
    # Column by column in memory, as they come and as they are scored.
    accounts = np.array(decoded).T if decoded else np.empty((0, columns.width))
    if mistakes.kept:
        accounts[list(mistakes.kept)] = np.nan
    return Decoded(without_negative_zeros(accounts), dict(sorted(mistakes.kept.items())))


def without_negative_zeros(accounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make -0.0 zero, in place: JSON's -0 is an integer without a sign, other spellings are not."""
    accounts += 0.0
    return accounts


def refuse_crumbs(body: bytes, pieces: bytes, shortest: float) -> None:
    """Refuse a large body of more pieces than accounts could fill, before there is an object each.

    Parameters
    ----------
    pieces : bytes
        The characters of which each begins or ends a piece: a list, an object, a line.
    shortest : float
        How many bytes there are to a piece, at the least, where every account has all its values.

    Raises
    ------
    Problem
        400; without it a few MB of ``[],`` would cost seconds and hundreds of MB.
    """
    if len(body) <= _SMALL_BODY:
        return
    found = sum(body.count(piece) for piece in pieces)
    if found > len(body) / shortest + _SPARE_PIECES:
        raise Problem(400, f"most rows lack values: {len(body)} bytes are {found} pieces")


def _well_formed(rows: Rows, columns: Columns, mistakes: _Mistakes) -> list[Sequence[Any]]:
    blank = [None] * columns.width
    values = []
    bad = 0
    for row in range(len(rows)):
        try:
            values.append(rows.values(row))
        except BadRow as wrong:
            values.append(blank)
            bad += 1
            mistakes.add(row, wrong.message, wrong.detail, of=len(rows))
            if not mistakes.may_go_on(bad):
                break
    return values


def _read_column(
    rows: Rows,
    columns: Columns,
    position: int,
    values: Sequence[Any],
    today: dt.date,
    mistakes: _Mistakes,
) -> NDArray[np.float64]:
    name = columns.names[position]
    bad = 0

    def refuse(row: int, what: str) -> bool:
        nonlocal bad
        bad += 1
        reason = f"{name} {what}"
        message = f"{rows.where(row, position)}: {reason}"
        mistakes.add(row, message, Detail(rows.path(row, position), reason), of=len(values))
        return mistakes.may_go_on(bad)

    return read_column(values, columns.readers[position], today, refuse, skip=mistakes.kept)
