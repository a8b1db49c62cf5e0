import datetime as dt
from typing import Any

import numpy as np
import pytest
from builders import (
    INF,
    NAN,
    make_dated_tree,
    make_scorer,
)

from serving.scoring import InvalidInput, MissingColumns

SCORER = make_scorer()
NAMES = [column.name for column in SCORER.inputs]

TABLE: dict[str, Any] = {
    "region": ["US", "JP"],
    "age": [12, None],
    "size": [1.0, 2.0],
    "bots": (0, 3),
    "rate": np.array([0.5, NAN]),
    "price": [3, -1],
    "acct_id": ["001A", "001B"],
}


def test_columns_are_put_in_the_order_of_the_inputs() -> None:
    np.testing.assert_array_equal(
        SCORER.encode(TABLE), [[12, 0, 3, 0.5, 1, 1], [NAN, 3, -1, NAN, NAN, 2]]
    )


def test_what_is_encoded_can_be_scored() -> None:
    assert SCORER.score(SCORER.encode(TABLE)).values.shape == (2, 6)


def test_an_empty_table_is_no_accounts() -> None:
    table = {name: [] for name in NAMES}

    assert SCORER.encode(table).shape == (0, 6)


def test_a_date_is_encoded_as_days_before_the_scoring_date() -> None:
    scorer = make_scorer(make_dated_tree())
    table = TABLE | {"since": [dt.date(2024, 1, 1), None]}

    encoded = scorer.encode(table, scoring_date=dt.date(2024, 1, 31))

    column = [entry.name for entry in scorer.inputs].index("since")
    np.testing.assert_array_equal(encoded[:, column], [30, NAN])


def test_a_table_with_a_date_needs_a_scoring_date() -> None:
    scorer = make_scorer(make_dated_tree())

    with pytest.raises(InvalidInput, match="since is a date: give the scoring date"):
        scorer.encode(TABLE | {"since": ["2024-01-01", None]})


def test_all_missing_columns_are_named_at_once() -> None:
    table = {name: TABLE[name] for name in ("bots", "age", "acct_id")}

    with pytest.raises(MissingColumns) as caught:
        SCORER.encode(table)

    assert caught.value.missing == ("price", "rate", "region", "size")
    assert str(caught.value) == "missing columns: price, rate, region, size"


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"different lengths: \[2, 3\]"):
        SCORER.encode(TABLE | {"bots": [1, 2, 3]})


@pytest.mark.parametrize(
    ("column", "values", "why"),
    [
        ("bots", [1.5, True], "a bool among floats"),
        ("bots", [1, "2"], "text"),
        ("bots", [1, INF], "infinity"),
        ("region", ["EU", ["US"]], "a list"),
    ],
)
def test_a_table_with_a_value_of_another_type_is_refused(
    column: str, values: list[Any], why: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        SCORER.encode(TABLE | {column: values})

    assert f"{column} in row 1" in str(caught.value), why


def test_encoding_does_not_alter_the_table() -> None:
    rates = np.array([0.5, NAN])
    before = rates.tobytes()

    encoded = SCORER.encode(TABLE | {"rate": rates})
    encoded[:] = 0

    assert rates.tobytes() == before
