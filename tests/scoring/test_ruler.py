"""A ruler alone: where a value lies between knots."""

from typing import get_args

import numpy as np
import pytest
from builders import CURVES, INF, KNOTS, NAN, make_curve
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.ruler import BLANK, Ruler, make_ruler
from serving.scoring.rulers import Rulers
from serving.scoring.scorecard import Ties

#: A third of the accounts at 0, then even up to 10.
THIRD = make_curve([(0, 0), (0, 1 / 3), (10, 1)])
QUARTERS = np.array([0, 0.25, 0.5, 0.75, 1])


def read(ruler: Ruler, values: list[float]) -> list[tuple[int, float]]:
    reading = Rulers([ruler], [0]).read(np.array([values], dtype=float))
    return list(zip(reading.intervals[0].tolist(), reading.shares[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("ties", "zero", "why"),
    [
        ("low", [0, 0], "none of the equals counts"),
        ("high", [1, (1 / 3 - 0.25) * 4], "all of the equals count"),
        ("bounds", [0, 0], "0 is the lower bound"),
    ],
)
def test_an_atom_is_where_its_rule_says(ties: Ties, zero: list[float], why: str) -> None:
    ruler = make_ruler(THIRD, QUARTERS, lower=0, ties=ties)

    assert read(ruler, [0])[0] == pytest.approx(zero), why
    # Just after it the whole atom is below.
    assert read(ruler, [5e-324])[0] == pytest.approx([1, (1 / 3 - 0.25) * 4]), why
    # 1/3 + 2/3 * 5.5/10 = 0.7, and 0.7 is four fifths of the way from 0.5 to 0.75.
    assert read(ruler, [5.5])[0] == pytest.approx([2, 0.8]), why


def test_an_atom_between_two_knots_counts_half_of_its_equals_at_one_place() -> None:
    curve = make_curve([(0, 0), (5, 0.3), (5, 0.4), (9, 1)])

    ruler = make_ruler(curve, QUARTERS, ties="mid")

    assert read(ruler, [5])[0] == pytest.approx([1, (0.35 - 0.25) * 4])
    assert (ruler.upper_intervals == -1).all()


def test_an_atom_with_a_knot_in_its_jump_is_at_two_places() -> None:
    ruler = make_ruler(THIRD, QUARTERS, ties="mid")

    at_zero = ruler.starts == 0
    assert (ruler.intervals[at_zero], ruler.shares[at_zero]) == (0, 0)
    assert ruler.upper_intervals[at_zero] == 1
    assert ruler.upper_shares[at_zero] == pytest.approx((1 / 3 - 0.25) * 4)


@pytest.mark.parametrize("ties", get_args(Ties))
@pytest.mark.parametrize("value", [-INF, -1e308, INF, 1e308])
def test_however_far_a_value_is_it_is_at_an_end(ties: Ties, value: float) -> None:
    for ruler in (
        make_ruler(THIRD, QUARTERS, ties=ties),
        make_ruler(THIRD, QUARTERS, lower=-1.7e308, upper=1.7e308, ties=ties),
    ):
        assert read(ruler, [value]) == [(0, 0.0) if value < 0 else (3, 1.0)]


def test_what_is_not_known_has_no_share_nor_has_anything_on_a_blank_ruler() -> None:
    assert np.isnan(read(make_ruler(THIRD, QUARTERS, ties="mid"), [NAN])[0][1])
    assert np.isnan([share for _, share in read(BLANK, [-1, 0, 1, INF, NAN])]).all()


def test_rulers_side_by_side_read_as_each_does_alone() -> None:
    rulers = [make_ruler(make_curve(CURVES[name]), np.array(KNOTS), ties="mid") for name in CURVES]
    firsts = [100 * number for number in range(len(rulers))]
    values = np.random.default_rng(0).uniform(-10, 1100, (len(rulers), 500))

    together = Rulers([*rulers, BLANK], [*firsts, 700]).read(np.vstack([values, values[:1]]))

    for number, ruler in enumerate(rulers):
        alone = Rulers([ruler], [0]).read(values[[number]])
        assert (together.intervals[number] - firsts[number] == alone.intervals[0]).all()
        assert together.shares[number].tobytes() == alone.shares[0].tobytes()


@st.composite
def curves(draw: st.DrawFn) -> PooledDistribution:
    """Any curve: atoms, neighbouring numbers, flat parts, ends that are not 0 and 1."""
    numbers = st.one_of(
        # A rise within less than 1e-300 of a unit is steeper than a number can say.
        st.floats(-1e3, 1e3).filter(lambda value: abs(value) > 1e-280),
        st.sampled_from([0.0, 1.0, float(np.nextafter(1, 2)), 5e-324, -4e307, 4e307]),
    )
    values = sorted(draw(st.lists(numbers, min_size=2, max_size=12)))
    shares = st.floats(0, 1) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
    ranks = sorted(draw(st.lists(shares, min_size=len(values), max_size=len(values))))
    return PooledDistribution(np.array(values), np.array(ranks))


@st.composite
def knot_lists(draw: st.DrawFn) -> NDArray[np.float64]:
    inner = draw(st.sets(st.floats(0.001, 0.999) | st.sampled_from([0.25, 0.5]), max_size=6))
    return np.array([0.0, *sorted(inner), 1.0])


@settings(max_examples=400, deadline=None)
@given(
    curve=curves(),
    knots=knot_lists(),
    ties=st.sampled_from(["low", "high", "bounds", "mid"]),
    bounds=st.sampled_from([(-INF, INF), (0.0, INF), (-1.0, 1.0), (-1.7e308, 1.7e308)]),
)
def test_a_larger_value_is_never_further_back_and_no_share_leaves_its_interval(
    curve: PooledDistribution, knots: NDArray[np.float64], ties: Ties, bounds: tuple[float, float]
) -> None:
    lower, upper = bounds
    ruler = make_ruler(curve, knots, lower=lower, upper=upper, ties=ties)
    middles = ruler.starts[1:] / 2 + ruler.starts[:-1] / 2
    stops = np.concatenate([ruler.starts, curve.values, middles])
    values = np.unique([*stops, *np.nextafter(stops, INF), *np.nextafter(stops, -INF)])

    reading = Rulers([ruler], [0]).read(values[None])
    intervals, shares = reading.intervals[0], reading.shares[0]

    assert ((shares >= 0) & (shares <= 1)).all()
    assert ((intervals >= 0) & (intervals <= len(knots) - 2)).all()
    step, rise = np.diff(intervals), np.diff(shares)
    assert ((step > 0) | ((step == 0) & (rise >= 0))).all()
    assert (np.diff(ruler.starts) > 0).all()


@settings(max_examples=400, deadline=None)
@given(curve=curves(), knots=knot_lists(), ties=st.sampled_from(["low", "high"]))
def test_a_place_between_knots_is_the_pooled_rank(
    curve: PooledDistribution, knots: NDArray[np.float64], ties: Ties
) -> None:
    middles = curve.values[:-1] / 2 + curve.values[1:] / 2
    values = np.unique([*curve.values, *middles])

    reading = Rulers([make_ruler(curve, knots, ties=ties)], [0]).read(values[None])
    intervals, shares = reading.intervals[0], reading.shares[0]

    ranks = knots[intervals] + shares * np.diff(knots)[intervals]
    expected = curve.below(values) if ties == "low" else curve.at_or_below(values)
    np.testing.assert_allclose(ranks, expected, rtol=0, atol=1e-12)
