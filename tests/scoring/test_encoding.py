import datetime as dt
from collections import deque
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import INF, NAN

from serving.scoring.column import Input
from serving.scoring.encoding import encode_column
from serving.scoring.errors import InvalidInput
from serving.scoring.what_if import changed

NUMBER = Input("seats")
CATEGORY = Input("region", "category", ("EU", "US"))
DATE = Input("since", "date")
TODAY = dt.date(2024, 1, 31)


def encode(column: Input, values: Any) -> list[float]:
    encoded = encode_column(column, values, TODAY)
    assert encoded.dtype == np.float64
    return encoded.tolist()


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ([1, 2.5, -3], [1, 2.5, -3], "plain numbers"),
        ((1, 2), [1, 2], "a tuple"),
        (range(2), [0, 1], "a range"),
        (deque([1.0]), [1], "another sequence"),
        ([], [], "no accounts"),
        ([None, NAN, 1], [NAN, NAN, 1], "None and NaN are not known"),
        ([None, None], [NAN, NAN], "nothing is known"),
        ([np.float64(1), np.float32(0.5), np.int64(2), None], [1, 0.5, 2, NAN], "numpy's scalars"),
        ([10**25], [1e25], "an integer beyond 64 bits"),
        (np.array([1, 2], dtype=np.int32), [1, 2], "an array of integers"),
        (np.array([1, NAN], dtype=np.float32), [1, NAN], "an array of short floats"),
        (np.array([1, None, 2.5], dtype=object), [1, NAN, 2.5], "an array of objects"),
    ],
)
def test_a_number_is_itself(values: Any, expected: list[float], why: str) -> None:
    np.testing.assert_array_equal(encode(NUMBER, values), expected, why)


@pytest.mark.parametrize(
    ("values", "message", "why"),
    [
        ([True], "seats in row 0 is not a number: bool", "a yes is not a 1"),
        ([1.5, True], "seats in row 1 is not a number: bool", "nor among floats"),
        ([2, False], "seats in row 1 is not a number: bool", "nor among integers"),
        (np.array([True]), "seats in row 0 is not a number: bool", "nor in an array"),
        ([np.bool_(1), 2.0], "seats in row 0 is not a number: bool", "nor as numpy's"),
        (["3"], "seats in row 0 is not a number: str", "text is the reader's to parse"),
        ([1.0, "3"], "seats in row 1 is not a number: str", "the row that is wrong is named"),
        ([1, b"3"], "seats in row 1 is not a number: bytes", "nor bytes"),
        ([1.0, [2]], "seats in row 1 is not a number: list", "no lists within"),
        ([[1], [2]], "seats in row 0 is not a number: list", "no table"),
        (np.ones((2, 2)), "seats is not a column: it has shape (2, 2)", "no table"),
        ([1j], "seats in row 0 is not a number: complex", "not a real one"),
        ([TODAY], "seats in row 0 is not a number: date", "a date is not a number"),
        (np.array(["2024-01-31"], "M8[ns]"), "seats is not a column of numbers", "nor in an array"),
        (np.array([1], "m8[ns]"), "seats is not a column of numbers", "nor is a duration"),
        ([np.timedelta64(1, "s")], "seats in row 0 is not a number: timedelta64", "nor alone"),
        (np.array(["1"]), "seats in row 0 is not a number: str", "nor an array of text"),
        ([1, INF], "seats in row 1 is not a finite number", "infinity"),
        (np.array([-INF]), "seats in row 0 is not a finite number", "minus infinity"),
        ([1, 10**400], "seats in row 1 is not a finite number", "an integer beyond all floats"),
        ([None, -(10**400)], "seats in row 1 is not a finite number", "and downwards"),
        (np.array([1e308], dtype=np.longdouble) * 10, "seats in row 0 is not a fin", "too long"),
        ("12", "seats is not a column", "text is no column of its letters"),
        (b"12", "seats is not a column", "bytes are no column of numbers"),
        (7, "seats is not a column", "one number is no column"),
        (None, "seats is not a column", "nothing is no column"),
        ({0: 1.0}, "seats is not a column", "a mapping is no column of its keys"),
    ],
)
def test_what_is_not_a_number_is_refused_by_column_and_row(
    values: Any, message: str, why: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        encode_column(NUMBER, values, TODAY)

    assert str(caught.value).startswith(message), why


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        (["US", "EU"], [1, 0], "the index in the manifest"),
        (["us", "EU ", ""], [NAN, NAN, NAN], "as it is written, or not at all"),
        (["JP", None, NAN], [NAN, NAN, NAN], "one that training has not seen is not known"),
        ([], [], "no accounts"),
        (np.array(["US", "JP"]), [1, NAN], "an array of text"),
        (np.array(["US", None], dtype=object), [1, NAN], "an array of objects"),
    ],
)
def test_a_category_is_its_index(values: Any, expected: list[float], why: str) -> None:
    np.testing.assert_array_equal(encode(CATEGORY, values), expected, why)


@pytest.mark.parametrize(
    ("values", "message", "why"),
    [
        (["EU", ["US"]], "region in row 1 is not a category: list", "no lists within"),
        ([{"EU"}], "region in row 0 is not a category: set", "nothing that cannot be looked up"),
        (["EU", 1], "region in row 1 is not a category: int", "an index is not a name"),
        (np.array([0, 1]), "region in row 0 is not a category: int", "nor is a code"),
        ([None, True], "region in row 1 is not a category: bool", "nor is a truth"),
        (np.array([["EU"]]), "region is not a column: it has shape (1, 1)", "no table"),
        ("EU", "region is not a column", "text is no column of its letters"),
        (None, "region is not a column", "nothing is no column"),
        (3, "region is not a column", "one value is no column"),
    ],
)
def test_what_cannot_be_a_category_is_refused(values: Any, message: str, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        encode_column(CATEGORY, values, TODAY)

    assert str(caught.value).startswith(message), why


UTC_NIGHT = dt.datetime(2024, 1, 30, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ([dt.date(2024, 1, 1)], [30], "a date"),
        ([TODAY, dt.date(2024, 2, 1)], [0, -1], "today and tomorrow"),
        ([UTC_NIGHT.replace(tzinfo=None)], [1], "the time of day does not count"),
        ([UTC_NIGHT], [1], "nor where it was measured"),
        (["2024-01-01"], [30], "text as ISO 8601 writes it"),
        (["2024-01-30T23:59:59Z", "2024-01-30 05:00"], [1, 1], "with a time of day"),
        ([None, NAN, "", np.datetime64("NaT")], [NAN] * 4, "not known, however it is said"),
        ([np.datetime64("2024-01-01"), np.datetime64("2024-01-01T05:00", "ns")], [30, 30], "numpy"),
        (np.array(["2024-01-01", "NaT"], "M8[ns]"), [30, NAN], "an array of moments"),
        (np.array(["2024-01-01", "NaT"], "M8[D]"), [30, NAN], "an array of days"),
        (np.array([dt.date(2024, 1, 1), None]), [30, NAN], "an array of objects"),
        (np.array([NAN, NAN]), [NAN, NAN], "a column nobody filled in"),
        ([], [], "no accounts"),
        (["0001-01-01"], [738915], "the first day there is"),
    ],
)
def test_a_date_is_days_before_the_scoring_date(
    values: Any, expected: list[float], why: str
) -> None:
    np.testing.assert_array_equal(encode(DATE, values), expected, why)


def test_the_scoring_date_may_carry_a_time() -> None:
    noon = dt.datetime(2024, 1, 31, 12)  # noqa: DTZ001

    assert encode_column(DATE, ["2024-01-01"], noon).tolist() == [30]


@pytest.mark.parametrize(
    ("values", "message", "why"),
    [
        (["yesterday"], "since in row 0 is not a date: 'yesterday'", "text that is none"),
        (
            ["2024-01-01", "now"],
            "since in row 1 is not a date: 'now'",
            "numpy would take the clock",
        ),
        (["today"], "since in row 0 is not a date: 'today'", "the same"),
        (["2024-02-30"], "since in row 0 is not a date: '2024-02-30'", "no such day"),
        (["99999999999-01-01"], "since in row 0 is not a date", "beyond the calendar"),
        (["2024"], "since in row 0 is not a date: '2024'", "a year is no day"),
        ([5], "since in row 0 is not a date: 5", "a number: since when?"),
        ([True], "since in row 0 is not a date: True", "a yes"),
        ([10**30], "since in row 0 is not a date", "a large number"),
        ([1.5], "since in row 0 is not a date: 1.5", "a fraction"),
        (np.array([1.0, NAN]), "since in row 0 is not a date: 1.0", "an array of numbers"),
        (np.array([3]), "since in row 0 is not a date: 3", "an array of integers"),
        ([dt.time(5)], "since in row 0 is not a date", "a time"),
        ([["2024-01-01"]], "since in row 0 is not a date", "no lists within"),
        (np.array([["2024-01-01"]], "M8[D]"), "since is not a column: it has shape", "no table"),
        ("2024-01-01", "since is not a column", "one date is no column"),
        (TODAY, "since is not a column", "one date is no column"),
        ([object()], "since in row 0 is not a date", "anything else"),
    ],
)
def test_what_is_not_a_date_is_refused_by_column_and_row(
    values: Any, message: str, why: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        encode_column(DATE, values, TODAY)

    assert str(caught.value).startswith(message), why


def test_a_date_needs_a_day_to_count_from() -> None:
    with pytest.raises(InvalidInput, match="since is a date: give the scoring date"):
        encode_column(DATE, ["2024-01-01"], None)


def test_a_refused_value_is_shown_in_part_only() -> None:
    with pytest.raises(InvalidInput) as caught:
        encode_column(DATE, ["x" * 10_000], TODAY)

    assert len(str(caught.value)) < 200


FLAG = Input("in_use", "boolean")


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ([True, False], [1, 0], "bools"),
        ([1, 0, 1.0, np.int64(0), np.bool_(1)], [1, 0, 1, 0, 1], "ones and zeros, and numpy's"),
        (["true", "FALSE", " True ", "1", "0"], [1, 0, 1, 1, 0], "texts, in any case"),
        ([None, NAN, pd.NA, pd.NaT], [NAN] * 4, "not known"),
        (np.array([True, False]), [1, 0], "an array"),
        (np.array([1, 0], dtype=np.int8), [1, 0], "an array of integers"),
        (np.array([1.0, NAN]), [1, NAN], "an array of floats"),
        (pd.array([True, None], dtype="boolean"), [1, NAN], "a column of pandas"),
        ([], [], "no accounts"),
    ],
)
def test_true_is_one_and_false_is_zero(values: Any, expected: list[float], why: str) -> None:
    np.testing.assert_array_equal(encode(FLAG, values), expected, why)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["yes"], "in_use in row 0 is not true or false: 'yes'"),
        ([True, 2], "in_use in row 1 is not true or false: 2"),
        ([None, 0.5], "in_use in row 1 is not true or false: 0.5"),
        ([""], "in_use in row 0 is not true or false: ''"),
        ([[True]], "in_use in row 0 is not true or false: list"),
        ([dt.date(2024, 1, 1)], "in_use in row 0 is not true or false: date"),
        (np.array([1, -1]), "in_use in row 1 is not true or false: -1"),
        (np.array([NAN, INF]), "in_use in row 1 is not true or false: inf"),
        (np.array(["2024-01-01"], dtype="M8[D]"), "in_use in row 0 is not true or false: date"),
    ],
)
def test_nothing_else_is_true_or_false(values: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        encode(FLAG, values)

    assert str(caught.value) == message


@pytest.mark.parametrize("values", [[3, None, 0, -0.5], np.array([3.0, NAN, 0.0, -0.5])])
def test_a_number_below_the_minimum_is_named(values: Any) -> None:
    with pytest.raises(InvalidInput, match="used in row 3 is below 0, its minimum"):
        encode(Input("used", minimum=0.0), values)


def test_the_minimum_itself_and_what_is_missing_are_taken() -> None:
    encoded = encode(Input("used", minimum=1.0), [1, None, 1.5])

    np.testing.assert_array_equal(encoded, [1, NAN, 1.5])


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        (Input("used", minimum=0.0), -1, "used is below 0, its minimum"),
        (FLAG, "maybe", "in_use is not true or false: 'maybe'"),
    ],
)
def test_a_change_that_cannot_be_is_refused(entry: Input, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        changed(np.zeros((2, 1)), [entry], {entry.name: value})

    assert str(caught.value) == message


def test_accounts_can_be_changed_to_true_and_to_not_known() -> None:
    accounts = np.zeros((2, 1))

    assert changed(accounts, [FLAG], {"in_use": True}).tolist() == [[1], [1]]
    assert np.isnan(changed(accounts, [FLAG], {"in_use": None})).all()
