"""What a number, a category and a date are on the wire; anything else is an error, not a guess."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Input
from serving.web.problems import MAX_ERRORS, Detail, Problem

#: Types that numpy reads as we would: a bool is not among them, nor is text.
_PLAIN = {int, float, type(None)}

#: `fromisoformat` also takes weeks and dates without hyphens; nobody means those here.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].+)?\Z")

#: Words Python reads as numbers and the wire does not.
_NOT_NUMBERS = ("nan", "inf", "infinity")


class Path(Protocol):
    """Gives the JSON pointer of a value."""

    def __call__(self, row: int, column: int) -> str:
        """Point at the value of a row and a column."""


class _Wrong(ValueError):
    """A value is not of its column's type; the message says what would be right."""


def decode_columns(
    columns: Sequence[Sequence[Any]],
    inputs: Sequence[Input],
    today: dt.date,
    path: Path,
) -> NDArray[np.float64]:
    """Turn columns of wire values into accounts.

    Parameters
    ----------
    columns : sequence of sequences
        One per input, in their order, all of one length; None and "" are missing.
    today : date
        Dates become days before it.
    path : callable
        Gives the JSON pointer of a row and a column, ``path(row, column=...)``.

    Returns
    -------
    ndarray of shape (n_accounts, n_inputs)
        NaN where missing.

    Raises
    ------
    Problem
        400 with the first wrong values: where, and what would be right.
    """
    mistakes: list[Detail] = []
    decoded = []
    for position, (column, values) in enumerate(zip(inputs, columns, strict=True)):
        fast = _plain_numbers(values) if column.type == "number" else None
        decoded.append(
            _each(column, values, today, partial(path, column=position), mistakes)
            if fast is None
            else fast
        )
    if mistakes:
        raise Problem(400, f"{mistakes[0].path}: {mistakes[0].reason}", mistakes[:MAX_ERRORS])
    return np.column_stack(decoded)


def _plain_numbers(values: Sequence[Any]) -> NDArray[np.float64] | None:
    """Convert a column at once where every value is an int, a finite float or None."""
    if not set(map(type, values)) <= _PLAIN:
        return None
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError:
        return None
    return None if np.isinf(numbers).any() else numbers


def _each(
    column: Input,
    values: Sequence[Any],
    today: dt.date,
    path: Callable[[int], str],
    mistakes: list[Detail],
) -> NDArray[np.float64]:
    read = {"number": _number, "category": _category, "date": _date}[column.type]
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None or value in ("", "NaN"):
            continue
        try:
            numbers[row] = read(value, column, today)
        except OverflowError:
            mistakes.append(Detail(path(row), f"{column.name} is too large for a number"))
        except ValueError as error:
            mistakes.append(Detail(path(row), f"{column.name} {error}"))
        else:
            continue
        if len(mistakes) >= MAX_ERRORS:
            break
    return numbers


def _number(value: Any, _column: Input, _today: dt.date) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Wrong(f"must be a number, not {_kind(value)}")
    number = number_from_text(value) if isinstance(value, str) else float(value)
    if not math.isfinite(number):
        raise _Wrong("is too large for a number")
    return number


def number_from_text(text: str) -> float:
    """Read a number by Python's rules, without ``_``, ``nan`` and ``inf``.

    Raises
    ------
    ValueError
        If it is not one; infinite if it is too large.
    """
    plain = text.strip().lower()
    if "_" in plain or plain.lstrip("+-") in _NOT_NUMBERS:
        raise _Wrong("must be a number, not text")
    try:
        return float(plain)
    except ValueError:
        raise _Wrong("must be a number, not text") from None


def _category(value: Any, column: Input, _today: dt.date) -> float:
    if not isinstance(value, str):
        raise _Wrong(f"must be text, not {_kind(value)}")
    # A category that training has not seen is scored as not known.
    return column.categories.index(value) if value in column.categories else math.nan


def _date(value: Any, _column: Input, today: dt.date) -> float:
    if not isinstance(value, str):
        raise _Wrong(f"must be a date, not {_kind(value)}")
    if not _DATE.match(value):
        raise _Wrong("must be a date such as 2026-01-31")
    try:
        return float((today - dt.datetime.fromisoformat(value).date()).days)
    except ValueError:
        raise _Wrong("must be a date such as 2026-01-31") from None


def _kind(value: Any) -> str:
    names = {bool: "true or false", list: "a list", dict: "an object", str: "text"}
    return names.get(type(value), "a number")
