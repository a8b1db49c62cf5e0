"""What people read of a change is enough, though it has fewer digits than the change itself."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_builders import NAN, SIGNALS, judge, made, rows_of

from serving.scoring.signals.least_change import limit
from serving.scoring.signals.signal import MAX_POINTS

#: Shapes whose changes are numbers.
NUMBERS = [
    "ratio", "ratio of a share", "growth", "growth of a year", "indicator of a count",
    "indicator of few", "recency", "recency with never", "recency in a line", "linear",
    "linear down", "penalty",
]  # fmt: skip


def read(text, column, now):
    """Give the value that a reader would bring the column to."""
    number = r"(-?[0-9.e+-]+)"
    forms = {
        rf"{number} more (?:of )?{column}": lambda amount: now + amount,
        rf"{number} fewer (?:of )?{column}": lambda amount: now - amount,
        rf"{column} of (?:at least |at most )?{number}": lambda value: value,
        rf"{column} within {number} days": lambda value: value,
    }
    if text == f"{column} today":
        return 0.0
    (found,) = [
        value(float(match[1]))
        for form, value in forms.items()
        if (match := re.fullmatch(form, text))
    ]
    return found


def told_of(signal, row, points):
    """Give the column, and the points of whoever does what is told."""
    change = signal.change(row, points)
    if change is None:
        return None
    (place,) = (at for at, entry in enumerate(signal.inputs) if entry.name == change.input)
    value = read(change.text, change.input, row[place])
    after = [*row]
    after[place] = value
    return signal.inputs[place], value, float(judge(signal, after).points[0])


@pytest.mark.parametrize("shape", NUMBERS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whoever_does_what_is_told_has_the_points(shape, data):
    signal = SIGNALS[shape]
    row = data.draw(rows_of(signal))
    has = float(judge(signal, row).points[0])
    least = 0.01 if math.isnan(has) else min(math.nextafter(has, math.inf), MAX_POINTS)
    points = data.draw(st.floats(least, MAX_POINTS))

    told = told_of(signal, row, points)

    if told is not None:
        column, value, reached = told
        assert reached >= points
        assert column.minimum is None or value >= column.minimum


@pytest.mark.parametrize(
    ("shape", "row", "points", "text"),
    [
        ("ratio", [0, 28_942_100], 50, "14471050 more active"),
        ("ratio", [1.5, 28_942_101], 50, "14471049 more active"),
        ("ratio", [NAN, 3.1], 50, "active of 1.55"),
        ("penalty", [0, 2.12345], 100, "2.12345 fewer security_alerts"),
        ("linear", [-7.25], 50, "tenure_months of at least 18"),
        ("linear", [-7.25], 33.4, "tenure_months of at least 12.03"),
        ("linear down", [4.5], 33.4, "page_seconds of at most 3.664"),
    ],
)
def test_numbers_have_all_digits_that_are_needed_and_no_power_of_ten(shape, row, points, text):
    assert SIGNALS[shape].change(row, points).text == text


def test_the_number_beside_zero_is_told_in_words():
    assert limit("drift", 5e-324, rising=True) == "drift of more than 0"
    assert limit("drift", -5e-324, rising=False) == "drift of less than 0"
    assert limit("drift", -5e-324, rising=True) == "drift of at least -5e-324"


def test_steps_between_whole_numbers_are_told_so_that_they_are_enough():
    visit = made("recency", input="visit", steps=[[30.7, 100], [90.2, 50]])

    change = visit.change([100.0], 60.0)

    assert (change.value, change.text) == (30.0, "visit within 30 days")
