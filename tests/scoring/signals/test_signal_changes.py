"""The way back from points to a value: it is enough, and less would not be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_builders import NAN, SIGNALS, judge, made, rows_of

from serving.scoring.signals.signal import MAX_POINTS, Change, Signal

GROWTH = made("growth", current="rangers", base="lag_12m")


@pytest.mark.parametrize(
    ("signal", "row", "points", "change"),
    [
        (
            SIGNALS["ratio"],
            [55, 100],
            67,
            Change("active", 67, 67, "12 more active"),
        ),
        (
            SIGNALS["ratio"],
            [1, 3],
            50,
            Change("active", 2, 200 / 3, "1 more of active"),
        ),
        (
            SIGNALS["ratio"],
            [NAN, 100],
            67,
            Change("active", 67, 67, "active of 67"),
        ),
        (SIGNALS["ratio"], [5, 0], 10, None),
        (
            SIGNALS["ratio of a share"],
            [0.2],
            57,
            Change("rate", 0.57, 57, "rate of at least 0.57"),
        ),
        (GROWTH, [12, 12], 61.2, Change("rangers", 15, 62, "3 more rangers")),
        (GROWTH, [12, 0], 61.2, None),
        (
            SIGNALS["indicator"],
            [0],
            1,
            Change("swarming", True, 100, "swarming true"),
        ),
        (
            SIGNALS["indicator of a count"],
            [0],
            50,
            Change("reviews", 1, 50, "1 more of reviews"),
        ),
        (
            SIGNALS["indicator of few"],
            [9],
            50,
            Change("outages", 3, 50, "6 fewer outages"),
        ),
        (
            SIGNALS["indicator of a name"],
            [2],
            30,
            Change("onboarding", "late", 50, 'onboarding "late"'),
        ),
        # The worked set: 0 points now, 65 are needed, and the first step that is enough is 100.
        (
            SIGNALS["recency with never"],
            [NAN],
            65.0,
            Change("last_qbr", 90, 100, "last_qbr within 90 days"),
        ),
        (
            SIGNALS["recency with never"],
            [200],
            50,
            Change("last_qbr", 180, 50, "last_qbr within 180 days"),
        ),
        (
            SIGNALS["recency in a line"],
            [120],
            83.33,
            Change("last_check", 45, 250 / 3, "last_check within 45 days"),
        ),
        (
            made("recency", input="seen", linear=[[0, 100], [1, 0]]),
            [9],
            50,
            Change("seen", 0, 100, "seen today"),
        ),
        (made("recency", input="seen", steps=[[30, 60]]), [9], 61, None),
        (
            SIGNALS["linear"],
            [7],
            50,
            Change("tenure_months", 18, 50, "tenure_months of at least 18"),
        ),
        (
            SIGNALS["linear down"],
            [4.5],
            70,
            Change("page_seconds", 2.2, 70, "page_seconds of at most 2.2"),
        ),
        (SIGNALS["tier"], [1], 30, Change("usage", "high", 75, 'usage "high"')),
        (made("tier", input="usage", scores={"high": 75, "low": 0}), [1], 80, None),
        (
            SIGNALS["penalty"],
            [3, 2],
            70,
            Change("security_alerts", 1, 77.5, "1 fewer of security_alerts"),
        ),
        (SIGNALS["penalty"], [9, 9], 100, None),
        (SIGNALS["penalty"], [NAN, 9], 50, None),
        (SIGNALS["learned_risk"], [10, 10], 90, None),
    ],
)
def test_the_least_change_that_is_enough(signal, row, points, change):
    found = signal.change(row, points)

    if change is None:
        assert found is None
    else:
        assert found is not None
        assert found.points == pytest.approx(change.points, abs=1e-9)
        assert found._replace(points=change.points) == change


def with_change(signal: Signal, row: list[float], change: Change, more: float = 0.0) -> float:
    """Give the points of the account with the change, and so much more of it."""
    (place,) = (at for at, entry in enumerate(signal.inputs) if entry.name == change.input)
    column = signal.inputs[place]
    changed = [*row]
    if column.type == "category":
        changed[place] = float(column.categories.index(str(change.value)))
    else:
        assert isinstance(change.value, bool | float | int)
        changed[place] = float(change.value) + more
    return float(judge(signal, changed).points[0])


def more_than(has: float) -> st.SearchStrategy[float]:
    """Draw points to ask for; whoever has all of them is asked for all."""
    least = 0.01 if math.isnan(has) else min(math.nextafter(has, math.inf), MAX_POINTS)
    usual = [points for points in (20.0, 50.0, MAX_POINTS) if points >= least]
    return st.sampled_from(usual) | st.floats(least, MAX_POINTS)


@pytest.mark.parametrize("shape", SIGNALS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_change_brings_what_it_says_and_at_least_what_was_asked_for(shape, data):
    signal = SIGNALS[shape]
    row = data.draw(rows_of(signal))
    has = float(judge(signal, row).points[0])
    points = data.draw(more_than(has))

    change = signal.change(row, points)

    if change is not None:
        assert points <= change.points <= MAX_POINTS
        assert with_change(signal, row, change) == change.points
        assert change.input in change.text


#: What one less of the change is: for dates, one more day.
ONE_LESS = {
    "ratio": -1,
    "growth": -1,
    "growth of a year": -1,
    "indicator of a count": -1,
    "indicator of few": 1,
    "recency": 1,
    "recency with never": 1,
    "recency in a line": 1,
    "linear": -1,
    "penalty": 1,
}


@pytest.mark.parametrize("shape", ONE_LESS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_one_less_would_not_be_enough(shape, data):
    signal = SIGNALS[shape]
    number = (st.integers(0, 4) | st.integers(0, 150)).map(float)
    row = data.draw(st.lists(number, min_size=len(signal.inputs), max_size=len(signal.inputs)))
    has = float(judge(signal, row).points[0])
    points = data.draw(more_than(has))

    change = signal.change(row, points)

    if change is not None and has < MAX_POINTS:
        assert isinstance(change.value, float)
        assert change.value == math.floor(change.value)
        assert with_change(signal, row, change, ONE_LESS[shape]) < points


@pytest.mark.parametrize("shape", ["ratio", "ratio of a share", "growth of a year", "linear down"])
def test_every_point_can_be_reached_where_the_line_is_straight(shape):
    signal = SIGNALS[shape]
    row = {"ratio": [0.0, 7.0], "growth of a year": [0.0, 7.0]}.get(shape, [4.9])

    asked = np.linspace(3.0, MAX_POINTS, 300)
    changes = [signal.change(row, float(points)) for points in asked]

    assert all(change is not None for change in changes)


def test_a_text_never_says_less_than_is_enough():
    share = made("ratio", share="rate").change([0.1], 200 / 3)
    page = made("linear", input="page_ms", best=1000, worst=4000).change([3999.5], 100 / 3)

    assert (share.text, page.text) == ("rate of at least 0.6667", "page_ms of at most 3000")
    assert share.value == pytest.approx(2 / 3)


def test_beside_zero_the_least_value_is_found_too():
    drift = made("linear", input="drift", best=1e6, worst=-1e6)

    change = drift.change([-5.5], math.nextafter(50.0, 100.0))

    assert change.points > 50.0
    assert 0.0 < change.value < 1e-6


def test_a_count_that_is_exactly_enough_is_found_whatever_rounding_does():
    wanted = [
        (part, whole) for whole in range(1, 40) for part in range(1, whole + 1) if part * 3 > whole
    ]

    found = [
        SIGNALS["ratio"].change([0.0, float(whole)], MAX_POINTS * part / whole).value
        for part, whole in wanted
    ]

    assert found == [part for part, _ in wanted]
