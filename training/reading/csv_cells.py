"""Texts of a CSV's cells to values: accounts, numbers, categories, dates, true and false.

Every reader takes the column's name and its texts (null where empty), gives the values, and
notes by row what is wrong; the first mistake of a row stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serving.scoring.column import Input, InputType
from serving.scoring.encoding import BOOLEAN_TEXTS

#: Row in the block -> what is wrong with it.
Mistakes = dict[int, str]
Reader = Callable[[str, pa.Array, Mistakes], Any]
_Moments = NDArray[np.datetime64]

_SHOWN_CHARACTERS = 30

# pandas would also read `now`, `today` and a bare year.
_FULL_DATE = r"^\d{4}(-\d\d-\d\d|\d{4})"

# The years that int64 nanoseconds hold whole: pandas 2 reads texts into nothing coarser.
_FIRST_YEAR, _YEAR_AFTER = "1678", "2262"
_NEAR_YEAR = 1800
# The calendar repeats itself: every 400 years are as many days.
_CYCLE_YEARS, _CYCLE = 400, np.timedelta64(146_097, "D")


def read_ids(name: str, texts: pa.Array, mistakes: Mistakes) -> Any:
    """Give the accounts' ids as text, without surrounding space; a row must have one."""
    accounts = pc.utf8_trim_whitespace(texts)
    nameless = pc.or_kleene(pc.is_null(accounts), pc.equal(accounts, ""))
    for row in _where(nameless):
        mistakes[row] = f"has no {name}"
    return accounts.to_pandas()


def read_number(text: str) -> float | None:
    """Read a number as Python does, but without `_`; NaN where it is missing, None if it is none.

    Examples
    --------
    >>> read_number(" 1.5e3 "), read_number("NaN"), read_number("1_000")
    (1500.0, nan, None)
    """
    text = text.strip()
    if not text or text.lower() == "nan":
        return math.nan
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _numbers(name: str, texts: pa.Array, mistakes: Mistakes) -> NDArray[np.float64]:
    try:
        values = np.array(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False))
        # Arrow reads nan(1), inf and 1e400 too.
        doubtful = ~np.isfinite(values) & pc.is_valid(texts).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        values = np.full(len(texts), np.nan)
        doubtful = pc.is_valid(texts).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(doubtful)
    for row, text in zip(rows.tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True):
        number = read_number(text)
        if number is None:
            advice = "(leave the cell empty where it is missing)"
            mistakes.setdefault(row, f"{name} is not a number: {_shown(text)} {advice}")
        elif math.isinf(number):
            mistakes.setdefault(row, f"{name} is not finite: {_shown(text)}")
        else:
            values[row] = number
    values += 0.0  # -0.0 becomes 0.0: one zero, so that equal rows are equal bytes.
    return values


def _categories(name: str, texts: pa.Array, mistakes: Mistakes) -> Any:  # noqa: ARG001
    return _trimmed(texts).to_pandas()


def _dates(name: str, texts: pa.Array, mistakes: Mistakes) -> _Moments:
    texts = _trimmed(texts)
    moments = _moments(texts)
    for row in _where(pc.and_(pc.is_valid(texts), pa.array(np.isnat(moments)))):
        mistakes.setdefault(row, f"{name} is not an ISO 8601 date: {_shown(texts[row].as_py())}")
    return moments


def _booleans(name: str, texts: pa.Array, mistakes: Mistakes) -> NDArray[np.float64]:
    texts = _trimmed(texts)
    places = pc.index_in(pc.utf8_lower(texts), value_set=pa.array(BOOLEAN_TEXTS))
    for row in _where(pc.and_(pc.is_valid(texts), pc.is_null(places))):
        mistakes.setdefault(row, f"{name} is not true or false: {_shown(texts[row].as_py())}")
    flags = pa.array(BOOLEAN_TEXTS.values()).take(places)
    return np.array(flags.to_numpy(zero_copy_only=False), dtype=np.float64)


def read_last_updated(name: str, texts: pa.Array, mistakes: Mistakes) -> Any:
    """Give the moments each row was last updated, in UTC; a row must have one."""
    moments = _moments(pc.utf8_trim_whitespace(texts))
    for row in np.flatnonzero(np.isnat(moments)).tolist():
        text = texts[row].as_py() or ""
        mistakes.setdefault(row, f"{name} is not an ISO 8601 time: {_shown(text)}")
    return pd.DatetimeIndex(moments, tz="UTC")


#: How an input of each type is read.
READERS: dict[InputType, Reader] = {
    "number": _numbers,
    "category": _categories,
    "date": _dates,
    "boolean": _booleans,
}


def reader_of(column: Input) -> Reader:
    """Give how an input's column is read: by its type, and not below its minimum."""
    read = READERS[column.type]
    return read if column.minimum is None else partial(_from_minimum, column.minimum)


def _from_minimum(
    least: float, name: str, texts: pa.Array, mistakes: Mistakes
) -> NDArray[np.float64]:
    values = _numbers(name, texts, mistakes)
    for row in np.flatnonzero(values < least).tolist():
        reason = f"{name} is below {least:g}, its minimum: {_shown(texts[row].as_py())}"
        mistakes.setdefault(row, reason)
    return values


def _trimmed(texts: pa.Array) -> pa.Array:
    texts = pc.utf8_trim_whitespace(texts)
    is_missing = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(["", "nan"]))
    return pc.if_else(is_missing, None, texts)


def _moments(texts: pa.Array) -> _Moments:
    """Give ISO 8601 texts in UTC, by the microsecond; NaT where one is null or something else."""
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary
    distinct = pc.if_else(pc.match_substring_regex(distinct, _FULL_DATE), distinct, None)
    # One nanosecond text would make pandas 3 count all in nanoseconds.
    distinct = pc.replace_substring_regex(distinct, r"([.,]\d{6})\d+", r"\1")
    moments = _parsed(distinct)
    is_far = pc.or_(pc.less(distinct, _FIRST_YEAR), pc.greater_equal(distinct, _YEAR_AFTER))
    if far := _where(is_far):
        moments[far] = _parsed_far(distinct.take(pa.array(far)))
    positions = pc.fill_null(encoded.indices, -1).to_numpy()
    of_rows: _Moments = np.append(moments, np.datetime64("NaT"))[positions]
    return of_rows


def _parsed(texts: pa.Array) -> _Moments:
    moments = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True, errors="coerce")
    return np.array(pd.DatetimeIndex(moments).as_unit("us").tz_localize(None))


def _parsed_far(texts: pa.Array) -> _Moments:
    """Parse each as of a near year that is the same day by day, and move it back."""
    years = pc.utf8_slice_codeunits(texts, 0, 4).cast(pa.int64()).to_numpy()
    near = _NEAR_YEAR + (years - _NEAR_YEAR) % _CYCLE_YEARS
    rest = pc.utf8_slice_codeunits(texts, 4)
    moved = pc.binary_join_element_wise(pa.array(near).cast(pa.string()), rest, "")
    moments: _Moments = _parsed(moved) + (years - near) // _CYCLE_YEARS * _CYCLE
    return moments


def _where(is_true: pa.Array) -> list[int]:
    return np.flatnonzero(pc.fill_null(is_true, False).to_numpy(zero_copy_only=False)).tolist()


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…")
