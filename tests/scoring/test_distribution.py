import numpy as np
import pytest
from builders import INF, NAN, make_curve
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution

#: 60 % zeros, a continuous part, a top code at 10.
CURVE = make_curve([(0, 0), (0, 0.6), (2, 0.7), (10, 0.9), (10, 1)])


def around(value: float) -> list[float]:
    return [float(np.nextafter(value, -INF)), value, float(np.nextafter(value, INF))]


@pytest.mark.parametrize(
    ("value", "below", "at_or_below", "why"),
    [
        (-INF, 0, 0, "before everything"),
        (-1, 0, 0, "before the first point"),
        (-5e-324, 0, 0, "just before an atom at the bottom"),
        (0, 0, 0.6, "at an atom: all that share the value"),
        (5e-324, 0.6, 0.6, "just after an atom"),
        (1, 0.65, 0.65, "halfway between two points"),
        (2, 0.7, 0.7, "a point that is no atom"),
        (6, 0.8, 0.8, "between a point and an atom"),
        (10, 0.9, 1, "an atom at the top"),
        (11, 1, 1, "after the last point"),
        (INF, 1, 1, "after everything"),
    ],
)
def test_a_value_has_a_share_below_it_and_one_up_to_it(
    value: float, below: float, at_or_below: float, why: str
) -> None:
    assert CURVE.below(np.array([value]))[0] == pytest.approx(below, abs=1e-15), why
    assert CURVE.at_or_below(np.array([value]))[0] == pytest.approx(at_or_below, abs=1e-15), why


def test_a_curve_of_one_point_is_one_jump() -> None:
    constant = make_curve([(7, 0.5)])
    values = np.array([-INF, 6, 7, 8, INF, NAN])

    np.testing.assert_array_equal(constant.below(values), [0, 0, 0, 1, 1, NAN])
    np.testing.assert_array_equal(constant.at_or_below(values), [0, 0, 1, 1, 1, NAN])


def test_an_unobserved_value_has_no_rank() -> None:
    assert np.isnan(CURVE.below(np.array([NAN]))).all()
    assert np.isnan(CURVE.at_or_below(np.array([NAN]))).all()


def test_no_values_have_no_ranks() -> None:
    assert CURVE.below(np.empty(0)).shape == CURVE.at_or_below(np.empty(0)).shape == (0,)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([(0, 0), (1, 0.5), (2, 0.5)], "infinity times a flat end is not a number"),
        ([(0, 0.5), (1, 0.5), (2, 1)], "the same at the start"),
        ([(0, 0), (5e-324, 1)], "anything divided by the smallest width overflows"),
    ],
)
def test_values_far_beyond_a_curve_are_ranked_without_a_warning(
    points: list[tuple[float, float]], why: str
) -> None:
    curve = make_curve(points)

    for ranks in (curve.below, curve.at_or_below):
        assert ranks(np.array([-INF, -1e300, 1e300, INF])).tolist() == [0, 0, 1, 1], why


POINTS = st.lists(
    # Few values, so that they often stand twice or three times.
    st.tuples(st.sampled_from([-3.0, 0.0, 0.1, 0.3, 1.0, 7.0, 1e6]), st.floats(0, 1)),
    min_size=1,
    max_size=12,
)


def curve_of(points: list[tuple[float, float]]) -> PooledDistribution:
    values, ranks = zip(*points, strict=True)
    return PooledDistribution(np.sort(np.array(values)), np.sort(np.array(ranks)))


def probes(curve: PooledDistribution, more: list[float]) -> NDArray[np.float64]:
    edges = [neighbour for value in curve.values for neighbour in around(value)]
    return np.unique([*edges, *more])


@settings(max_examples=200, deadline=None)
@given(points=POINTS, more=st.lists(st.floats(-10, 2e6), max_size=20))
def test_a_larger_value_never_has_a_smaller_share(
    points: list[tuple[float, float]], more: list[float]
) -> None:
    curve = curve_of(points)
    values = probes(curve, more)

    below, at_or_below = curve.below(values), curve.at_or_below(values)

    assert (np.diff(below) >= 0).all()
    assert (np.diff(at_or_below) >= 0).all()
    assert (below <= at_or_below).all()
    assert (at_or_below[:-1] <= below[1:] + 2e-16).all()
    assert below.min() >= 0
    assert at_or_below.max() <= 1


@settings(max_examples=200, deadline=None)
@given(points=POINTS, more=st.lists(st.floats(-10, 2e6), max_size=20))
def test_the_two_shares_differ_only_at_atoms_and_at_the_ends(
    points: list[tuple[float, float]], more: list[float]
) -> None:
    curve = curve_of(points)
    values = probes(curve, more)
    twice = curve.values[1:][curve.values[1:] == curve.values[:-1]]
    # A first point above 0 or a last point below 1 is a jump too.
    jumps = np.concatenate([twice, curve.values[[0, -1]]])

    differ = ~np.isclose(curve.below(values), curve.at_or_below(values), rtol=0, atol=2e-16)

    assert np.isin(values[differ], jumps).all()


def test_rounding_does_not_lift_the_share_below_a_point_over_the_one_at_it() -> None:
    # Here low + 1.0 * (high - low) is a tie in floating point, and can be rounded past high.
    rng = np.random.default_rng(5)
    lows, highs = rng.uniform(0.5, 0.9, 2000) / 2, rng.uniform(0.96, 1, 2000)
    for low, high in zip(lows, highs, strict=True):
        curve = make_curve([(0, 0), (1, low), (2, high), (3, 1)])

        below, at = curve.below(np.array([2.0])), curve.at_or_below(np.array([2.0]))

        assert below[0] <= at[0]
