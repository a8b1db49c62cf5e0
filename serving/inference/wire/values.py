"""What a value of each type is on the wire; anything else is an error, not a guess."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Input
from serving.scoring.encoding import boolean_of, day_from_text

#: Types that numpy reads as we would: a bool is not among them, nor is text.
_PLAIN = {int, float, type(None)}

#: `fromisoformat` also takes weeks and dates without hyphens; nobody means those here.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].+)?\Z")

#: Words Python reads as numbers and the wire does not.
_NOT_NUMBERS = ("nan", "inf", "infinity")


class Reader(NamedTuple):
    """What reads a column.

    Attributes
    ----------
    one : callable
        Turns a value that is there into a number, of a date with today's; raises WrongValue.
    at_once : callable or None
        Turns a column where all is plain into numbers; gives None where one by one is due.
    """

    one: Callable[[Any, dt.date], float]
    at_once: Callable[[Sequence[Any]], NDArray[np.float64] | None] | None = None


#: Is told a row and what is wrong in it; says whether reading goes on.
Refuse: TypeAlias = Callable[[int, str], bool]


class WrongValue(ValueError):
    """A value is not of its column's type; the message says what would be right."""


def reader_of(column: Input) -> Reader:
    """Give what reads a column."""
    if column.type == "category":
        codes = {name: float(code) for code, name in enumerate(column.categories)}
        return Reader(partial(_category, codes=codes))
    if column.type == "date":
        return Reader(_date)
    if column.type == "boolean":
        return Reader(_boolean)
    if column.minimum is None:
        return Reader(_number, _numbers_at_once)
    least = column.minimum
    return Reader(partial(_number_from, least=least), partial(_numbers_from, least=least))


def read_column(
    values: Sequence[Any],
    read: Reader,
    today: dt.date,
    refuse: Refuse,
    skip: Container[int] = (),
) -> NDArray[np.float64]:
    """Turn one column of wire values into numbers.

    Parameters
    ----------
    values : sequence of shape (n_accounts,)
        None, "" and "NaN" are missing.
    today : date
        Dates become days before it.
    refuse : callable
        Called as ``refuse(row, reason)`` for each value that is not of the column's type, or
        below its minimum.
    skip : container of int
        Rows that are not read.

    Returns
    -------
    ndarray of shape (n_accounts,)
        NaN where missing, refused or skipped.
    """
    numbers = read.at_once(values) if read.at_once else None
    if numbers is not None:
        return numbers
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None or value in ("", "NaN") or row in skip:
            continue
        try:
            numbers[row] = read.one(value, today)
        except WrongValue as error:
            if not refuse(row, str(error)):
                break
    return numbers


def _numbers_at_once(values: Sequence[Any]) -> NDArray[np.float64] | None:
    """Convert a column where all is plain, numbers or their texts; None where one by one is due."""
    types = set(map(type, values))
    try:
        if types <= _PLAIN:
            numbers = np.array(values, dtype=np.float64)
        elif types == {str} and _no_words(values):
            numbers = np.array([float(text) if text else math.nan for text in values])
        else:
            return None
    except (OverflowError, ValueError):
        return None
    return None if np.isinf(numbers).any() else numbers


def _numbers_from(values: Sequence[Any], least: float) -> NDArray[np.float64] | None:
    numbers = _numbers_at_once(values)
    return None if numbers is None or (numbers < least).any() else numbers


def _no_words(texts: Sequence[str]) -> bool:
    """Say whether no text holds ``_``, nor the n of ``nan`` and ``inf``."""
    text = "".join(texts)
    return not ("_" in text or "n" in text or "N" in text)


def _number(value: Any, _today: dt.date) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongValue(f"must be a number, not {_kind(value)}")
    try:
        number = number_from_text(value) if isinstance(value, str) else float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise WrongValue("is too large for a number")
    return number


def _number_from(value: Any, today: dt.date, least: float) -> float:
    number = _number(value, today)
    if number < least:
        raise WrongValue(f"must be {least:g} or more")
    return number


def _boolean(value: Any, _today: dt.date) -> float:
    flag = boolean_of(value)
    if flag is None:
        raise WrongValue("must be true or false")
    return flag


def number_from_text(text: str) -> float:
    """Read a number by Python's rules, without ``_``, ``nan`` and ``inf``."""
    plain = text.strip().lower()
    if "_" in plain or plain.lstrip("+-") in _NOT_NUMBERS:
        raise WrongValue("must be a number, not text")
    try:
        return float(plain)
    except ValueError:
        raise WrongValue("must be a number, not text") from None


def _category(value: Any, _today: dt.date, codes: Mapping[str, float]) -> float:
    if not isinstance(value, str):
        raise WrongValue(f"must be text, not {_kind(value)}")
    # A label that the model does not know is scored as not known: it takes one metric from one
    # account, where an error would take all scores from all accounts of the request.
    return codes.get(value, math.nan)


def _date(value: Any, today: dt.date) -> float:
    if not isinstance(value, str):
        raise WrongValue(f"must be a date, not {_kind(value)}")
    if not _DATE.match(value):
        raise WrongValue("must be a date such as 2026-01-31")
    try:
        return float((today - day_from_text(value)).days)
    except ValueError:
        raise WrongValue("must be a date such as 2026-01-31") from None


def _kind(value: Any) -> str:
    names = {bool: "true or false", list: "a list", dict: "an object", str: "text"}
    return names.get(type(value), "a number")
