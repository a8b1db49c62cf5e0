"""What holds for every kind, whatever the accounts."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_builders import MODELS, NAN, SIGNALS, judge, rows_of, values_of

from serving.scoring.column import Input
from serving.scoring.signals.signal import MAX_POINTS, Status

ALL = pytest.mark.parametrize("shape", SIGNALS)
QUICK = settings(max_examples=10, deadline=None)

#: Whether points rise (1) or fall (-1) with each input; inputs of the same name otherwise.
DIRECTIONS = {
    "ratio": [1, -1],
    "ratio of a share": [1],
    "growth": [1, *[-1] * 12],
    "growth of a year": [1, -1],
    "indicator": [1],
    "indicator of a count": [1],
    "indicator of few": [-1],
    "recency": [-1],
    "recency with never": [-1],
    "recency in a line": [-1],
    "linear": [1],
    "linear down": [-1],
    "penalty": [-1, -1],
}


@ALL
@QUICK
@given(data=st.data())
def test_points_are_on_the_scale_and_absent_exactly_where_the_status_says_so(shape, data):
    signal = SIGNALS[shape]
    rows = data.draw(st.lists(rows_of(signal), min_size=1, max_size=20))

    points, statuses = judge(signal, *rows)

    assert points.shape == statuses.shape == (len(rows),)
    assert statuses.dtype == np.uint8
    assert np.array_equal(np.isnan(points), statuses != Status.OK)
    assert not np.any((points < 0.0) | (points > MAX_POINTS))
    assert not np.any(np.signbit(points[statuses == Status.OK]))


@ALL
@QUICK
@given(data=st.data())
def test_an_account_is_judged_by_its_own_row_alone_to_the_bit(shape, data):
    signal = SIGNALS[shape]
    rows = data.draw(st.lists(rows_of(signal), min_size=1, max_size=20))

    together = judge(signal, *rows)
    alone = [judge(signal, row) for row in rows]
    backwards = judge(signal, *rows[::-1])

    assert together.points.tobytes() == np.concatenate([one.points for one in alone]).tobytes()
    assert together.points[::-1].tobytes() == backwards.points.tobytes()
    assert together.statuses.tolist() == [int(one.statuses[0]) for one in alone]
    assert together.statuses[::-1].tolist() == backwards.statuses.tolist()


@pytest.mark.parametrize("shape", DIRECTIONS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_better_value_never_lowers_the_points(shape, data):
    signal = SIGNALS[shape]
    place = data.draw(st.integers(0, len(signal.inputs) - 1))
    row = data.draw(rows_of(signal))
    other = [*row]
    other[place] = data.draw(values_of(signal.inputs[place]))

    points, statuses = judge(signal, row, other)

    if (statuses == Status.OK).all() and not np.isnan([row[place], other[place]]).any():
        # With an input that is 0 or NaN the kind has no score: that is not worse, and not better.
        by = (other[place] - row[place]) * DIRECTIONS[shape][place]
        assert (points[1] - points[0]) * by >= 0.0


def test_every_kind_with_an_order_has_a_direction():
    unordered = {"indicator of a name", "tier", "learned_risk"}

    assert set(DIRECTIONS) == set(SIGNALS) - unordered
    assert all(len(DIRECTIONS[shape]) == len(SIGNALS[shape].inputs) for shape in DIRECTIONS)


@ALL
def test_nothing_known_is_no_score_unless_the_definition_gives_it_one(shape):
    signal = SIGNALS[shape]

    points, statuses = judge(signal, [NAN] * len(signal.inputs))

    if getattr(signal, "never", None) is None:
        assert np.isnan(points[0])
        assert statuses[0] == Status.MISSING
    else:
        assert points[0] == signal.never


def some_values(column: Input, rng: np.random.Generator, n_rows: int) -> np.ndarray:
    top = {"category": len(column.categories), "boolean": 2}.get(column.type, 300)
    values = rng.integers(0, top, n_rows).astype(float)
    return np.where(rng.random(n_rows) < 0.1, np.nan, values)


@ALL
def test_a_hundred_thousand_accounts_cost_no_more_python_than_ten(shape):
    signal = SIGNALS[shape]
    rng = np.random.default_rng(7)
    columns = [some_values(entry, rng, 100_000) for entry in signal.inputs]

    many, lines_of_many = lines_run(signal, columns)
    few, lines_of_few = lines_run(signal, [column[:10] for column in columns])

    assert len(many.points) == 100_000
    # What a library runs once may be among them; a loop over accounts would be 100,000.
    assert lines_of_many < lines_of_few + 1_000
    assert many.points[:10].tobytes() == few.points.tobytes()


def lines_run(signal, columns):
    """Judge, and count the lines of Python that ran: a loop over accounts would show."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    judge_with = signal.judging(MODELS)
    judge_with(columns)  # what is made once is made before
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judged = judge_with(columns)
    finally:
        sys.settrace(before)
    return judged, count
