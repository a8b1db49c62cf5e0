"""One column of any type → float64. An array column is checked as a whole, never guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.errors import InvalidInput


def encode_column(column: Input, values: Any, scoring_date: dt.date | None) -> NDArray[np.float64]:
    """Encode one column.

    Parameters
    ----------
    column : Input
        Its type decides: a number stays itself, a category becomes its index, a date becomes
        days before `scoring_date`, true and false become 1 and 0.
    values : sequence of shape (n_accounts,)
        None, NaN and NaT mean "not known". Dates are dates, moments or ISO 8601 text; the time
        of day does not count. True and false are bools, 1 and 0, or these as text in any case.

    Returns
    -------
    ndarray of shape (n_accounts,)
        NaN where not known, and for a category that training has not seen.

    Raises
    ------
    InvalidInput
        Naming column and row of the first value that is not of the type, or below the column's
        minimum.
    """
    if column.type == "category":
        return _encode_categories(column, values)
    if column.type == "date":
        return _encode_dates(column, values, scoring_date)
    if column.type == "boolean":
        return _encode_booleans(column, values)
    return _encode_numbers(column, values)


#: What true and false can be as text, in lower case; 1.0 is what tables make of 1 beside a gap.
BOOLEAN_TEXTS: Mapping[str, float] = {
    **dict.fromkeys(("true", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "0", "0.0"), 0.0),
}


def boolean_of(value: Any) -> float | None:
    """Read true or false: a bool, the number 1 or 0, or these as text; None if it is none.

    Examples
    --------
    >>> boolean_of(True), boolean_of("False"), boolean_of(1.0), boolean_of("yes")
    (1.0, 0.0, 1.0, None)
    """
    if isinstance(value, str):
        return BOOLEAN_TEXTS.get(value.strip().lower())
    if isinstance(value, bool | np.bool_ | int | float | np.integer | np.floating):
        return float(value) if value in (0, 1) else None
    return None


def _as_column(column: Input, values: Any) -> NDArray[Any] | Sequence[Any]:
    """Give an array (of a DataFrame's column too) or a plain sequence, whose types stay apart.

    `np.asarray` would turn ``[True, 1.5]`` into numbers and ``[1.5, "a"]`` into text.
    """
    if hasattr(values, "__array__") and not isinstance(values, np.generic):
        array = np.asarray(values)
        if array.ndim != 1:
            raise InvalidInput(f"{column.name} is not a column: it has shape {array.shape}")
        return array
    if isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray):
        return values
    raise InvalidInput(f"{column.name} is not a column: {type(values).__name__}")


def _as_list(values: NDArray[Any] | Sequence[Any]) -> Sequence[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else values


def _encode_numbers(column: Input, values: Any) -> NDArray[np.float64]:
    given = _as_column(column, values)
    if isinstance(given, np.ndarray) and given.dtype.kind in "Mm":
        # As a list these would be integers.
        raise InvalidInput(f"{column.name} is not a column of numbers: {given.dtype}")
    if isinstance(given, np.ndarray) and given.dtype.kind in "fiu":
        with np.errstate(over="ignore"):  # a longer float becomes infinite, and is refused below
            numbers = given.astype(np.float64)
    else:
        numbers = _from_list(column, _as_list(given))
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise InvalidInput(f"{column.name} in row {row} is not a finite number")
    _check_minimum(column, numbers)
    return numbers


def _check_minimum(column: Input, numbers: NDArray[np.float64]) -> None:
    if column.minimum is None:
        return
    below = numbers < column.minimum
    if below.any():
        row = int(np.argmax(below))
        raise InvalidInput(f"{column.name} in row {row} is below {column.minimum:g}, its minimum")


def _encode_booleans(column: Input, values: Any) -> NDArray[np.float64]:
    given = _as_column(column, values)
    if isinstance(given, np.ndarray) and given.dtype.kind in "bfiu":
        flags: NDArray[np.float64] = given.astype(np.float64)
        wrong = ~(np.isnan(flags) | (flags == 0.0) | (flags == 1.0))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InvalidInput(f"{column.name} in row {row} is not true or false: {flags[row]:g}")
        return flags
    return np.array([_boolean(column, row, value) for row, value in enumerate(_as_list(given))])


def _boolean(column: Input, row: int, value: Any) -> float:
    if _is_missing(value):
        return np.nan
    flag = boolean_of(value)
    if flag is None:
        shown = repr(value) if isinstance(value, str | int | float) else type(value).__name__
        raise InvalidInput(f"{column.name} in row {row} is not true or false: {shown:.60}")
    return flag


def _from_list(column: Input, values: Sequence[Any]) -> NDArray[np.float64]:
    if set(map(type, values)) <= {int, float, NoneType}:
        try:
            return np.array(values, dtype=np.float64)  # the same as below, ten times as fast
        except OverflowError:
            pass
    return np.array([_number(column, row, value) for row, value in enumerate(values)])


def _number(column: Input, row: int, value: Any) -> float:
    if value is None:
        return np.nan
    # A bool is an int in Python, a timedelta one in numpy; in a number column both are mistakes.
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(
        value, bool | np.timedelta64
    ):
        try:
            return float(value)
        except OverflowError:
            return np.inf
    raise InvalidInput(f"{column.name} in row {row} is not a number: {type(value).__name__}")


def _encode_categories(column: Input, values: Any) -> NDArray[np.float64]:
    index = {name: float(code) for code, name in enumerate(column.categories)}
    given = _as_list(_as_column(column, values))
    for row, value in enumerate(given):
        # A number would never equal a category's text, and every account be of an unknown one.
        if not isinstance(value, str) and not _is_missing(value):
            kind = type(value).__name__
            raise InvalidInput(f"{column.name} in row {row} is not a category: {kind}")
    return np.array(
        [index.get(value, np.nan) if isinstance(value, str) else np.nan for value in given],
        dtype=np.float64,
    )


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas' NA, which is neither equal to itself nor not
        return True
    except ValueError:  # an array
        return False


def _encode_dates(column: Input, values: Any, scoring_date: dt.date | None) -> NDArray[np.float64]:
    if scoring_date is None:
        raise InvalidInput(f"{column.name} is a date: give the scoring date")
    given = _as_column(column, values)
    if isinstance(given, np.ndarray) and given.dtype.kind == "M":
        dates = given.astype("datetime64[D]")
    else:
        days = [_date(column, row, value) for row, value in enumerate(_as_list(given))]
        dates = np.array(days, dtype="datetime64[D]")
    age = (np.datetime64(scoring_date, "D") - dates).astype(np.float64)
    return np.where(np.isnat(dates), np.nan, age)


def _date(column: Input, row: int, value: Any) -> dt.date | None:
    """Give the day; numpy's own parser knows "now", and counts numbers from 1970."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[D]").item()
    # pandas' NaT is a datetime that is not equal to itself.
    if value is None or value == "" or (isinstance(value, float | dt.date) and value != value):
        return None
    try:
        if isinstance(value, str):
            return day_from_text(value)
        if isinstance(value, dt.date):
            return _day_of(value) if isinstance(value, dt.datetime) else value
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(f"{column.name} in row {row} is not a date: {value!r:.60}")


def day_from_text(text: str) -> dt.date:
    """Give the day of a date or moment in ISO 8601; raises ValueError for other text.

    A moment with an offset counts by its day in UTC, in which scoring dates are; one without
    counts as it stands.

    Examples
    --------
    >>> day_from_text("2026-08-23T20:00:00-05:00").isoformat()
    '2026-08-24'
    """
    try:
        return _day_of(dt.datetime.fromisoformat(text))
    except OverflowError:  # beyond the first or the last day there is
        raise ValueError(text) from None


def _day_of(moment: dt.datetime) -> dt.date:
    return (moment if moment.tzinfo is None else moment.astimezone(dt.UTC)).date()
