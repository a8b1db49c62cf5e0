"""One column of any type → float64. An array column is checked as a whole, never guessed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.errors import InvalidInput
from serving.scoring.scorecard import Input


def encode_column(column: Input, values: Any, scoring_date: dt.date | None) -> NDArray[np.float64]:
    """Encode one column.

    Parameters
    ----------
    column : Input
        Its type decides: a number stays itself, a category becomes its index, a date becomes
        days before `scoring_date`.
    values : sequence of shape (n_accounts,)
        None, NaN and NaT mean "not known".

    Returns
    -------
    ndarray of shape (n_accounts,)
        NaN where not known, and for a category that training has not seen.

    Raises
    ------
    InvalidInput
        Naming column and row of the first value that is not of the type.
    """
    if column.type == "category":
        return _encode_categories(column, values)
    if column.type == "date":
        return _encode_dates(column, values, scoring_date)
    return _encode_numbers(column, values)


def _encode_numbers(column: Input, values: Any) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidInput(f"{column.name} is not a column: it has shape {array.shape}")
    if array.dtype.kind in "fiu":
        numbers = array.astype(np.float64)
    else:
        numbers = np.array(
            [_number(column, row, value) for row, value in enumerate(array.tolist())],
            dtype=np.float64,
        )
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise InvalidInput(f"{column.name} in row {row} is not a finite number")
    return numbers


def _number(column: Input, row: int, value: Any) -> float:
    if value is None:
        return np.nan
    # A bool is an int in Python; in a number column it is a mistake.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise InvalidInput(f"{column.name} in row {row} is not a number: {type(value).__name__}")


def _encode_categories(column: Input, values: Any) -> NDArray[np.float64]:
    index = {name: float(code) for code, name in enumerate(column.categories)}
    return np.array([index.get(value, np.nan) for value in values], dtype=np.float64)


def _encode_dates(column: Input, values: Any, scoring_date: dt.date | None) -> NDArray[np.float64]:
    if scoring_date is None:
        raise InvalidInput(f"{column.name} is a date: give the scoring date")
    try:
        dates = np.asarray(values, dtype="datetime64[D]")
    except ValueError as error:
        raise InvalidInput(f"{column.name} holds something that is not a date: {error}") from None
    days = (np.datetime64(scoring_date, "D") - dates).astype(np.float64)
    return np.where(np.isnat(dates), np.nan, days)
