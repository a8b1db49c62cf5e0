import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.pooled import (
    ATOM_SHARE,
    CURVE_POINTS,
    KNOT_LEVELS,
    choose_knots,
    count_values,
    learn_bounds,
    pool_dimension,
    pool_metric,
)

INF = float("inf")
RNG = np.random.default_rng(20260101)
#: Kinds of columns that customers have.
COLUMNS = {
    "one account": np.array([3.0]),
    "two accounts": np.array([1.0, 2.0]),
    "seven accounts, three values": np.array([1.0, 1, 1, 2, 2, 5, 5]),
    "one value": np.full(50, -4.0),
    "two values": np.repeat([0.0, 1.0], [30, 70]),
    "a rating": RNG.integers(1, 6, 900).astype(float),
    "continuous": RNG.normal(size=3000),
    "continuous, few accounts": RNG.normal(size=37),
    "counts with a long tail": np.floor(RNG.pareto(0.7, 4000) * 3),
    "zeros and a heavy tail": np.where(RNG.random(4000) < 0.6, 0, RNG.lognormal(2, 2, 4000)),
    "top-coded": np.minimum(RNG.gamma(3, 0.3, 3000), 1.0),
    "atoms at both ends and between": np.clip(np.round(RNG.normal(0.5, 1, 3000) * 40) / 40, 0, 1),
    "an atom amid a continuum": np.where(RNG.random(3000) < 0.2, 0.3, RNG.normal(size=3000)),
    "barely an atom": np.concatenate([np.full(5, 0.5), RNG.random(995)]),
    "an atom below the largest": np.concatenate([RNG.random(999), np.full(300, 2.0), [9.0]]),
}
SMALL_COLUMNS = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=60
).map(np.array)


def share_at_or_below(values, at):
    return np.searchsorted(np.sort(values), at, side="right") / len(values)


def share_below(values, at):
    return np.searchsorted(np.sort(values), at, side="left") / len(values)


def atoms(values):
    """Values that so many accounts share that they need a jump of their own."""
    distinct, counts = np.unique(values, return_counts=True)
    return distinct[counts >= max(ATOM_SHARE * len(values), 5)]


def jumps(pooled):
    twice = pooled.values[1:] == pooled.values[:-1]
    return pooled.ranks[:-1][twice], pooled.ranks[1:][twice]


@pytest.mark.parametrize("kind", COLUMNS)
def test_at_an_atom_the_shares_below_and_at_or_below_are_exact(kind):
    values = COLUMNS[kind]
    pooled, at = pool_metric(count_values(values)), atoms(values)

    assert pooled.below(at) == pytest.approx(share_below(values, at), abs=1e-12)
    assert pooled.at_or_below(at) == pytest.approx(share_at_or_below(values, at), abs=1e-12)


@pytest.mark.parametrize("kind", COLUMNS)
def test_between_atoms_the_curve_follows_the_accounts(kind):
    values = COLUMNS[kind]
    pooled = pool_metric(count_values(values))
    at = np.concatenate([values, np.linspace(values.min() - 1, values.max() + 1, 500)])
    # A value that is no atom is stored by its mid-rank, so up to its own share may be missing;
    # that, and what lies between two points of the curve, is all that may be lost.
    own = np.maximum(5, ATOM_SHARE * len(values)) / len(values)
    allowed = own + 1 / (CURVE_POINTS - 1)

    ranks = pooled.at_or_below(at)

    assert np.abs(ranks - share_at_or_below(values, at)).max() <= allowed
    assert np.abs(pooled.below(at) - share_below(values, at)).max() <= allowed


def test_distinct_values_are_within_a_point_of_the_curve():
    values = COLUMNS["continuous"]

    ranks = pool_metric(count_values(values)).at_or_below(values)

    error = np.abs(ranks - share_at_or_below(values, values)).max()
    assert error <= 1 / (CURVE_POINTS - 1) + 1 / len(values)


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_curve_is_short_and_runs_from_nobody_to_everybody(kind):
    values = COLUMNS[kind]

    pooled = pool_metric(count_values(values))

    assert (pooled.ranks[0], pooled.ranks[-1]) == (0.0, 1.0) if len(np.unique(values)) > 1 else True
    assert (pooled.values[0], pooled.values[-1]) == (values.min(), values.max())
    assert (np.diff(pooled.values) >= 0).all()
    assert (np.diff(pooled.ranks) >= 0).all()
    assert len(pooled.values) <= CURVE_POINTS + 8 + 2 * len(atoms(values))
    assert pooled.below(np.array([values.min()]))[0] == 0.0
    assert pooled.at_or_below(np.array([values.max()]))[0] == 1.0


def test_a_constant_metric_is_one_jump():
    pooled = pool_metric(count_values(COLUMNS["one value"]))

    assert pooled.values.tolist() == [-4.0, -4.0]
    assert pooled.ranks.tolist() == [0.0, 1.0]
    assert choose_knots(pooled).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("kind", COLUMNS)
def test_knots_climb_from_0_to_1_and_none_is_inside_a_jump(kind):
    pooled = pool_metric(count_values(COLUMNS[kind]))

    knots = choose_knots(pooled)

    assert (knots[0], knots[-1]) == (0.0, 1.0)
    assert (np.diff(knots) > 0).all()
    for low, high in zip(*jumps(pooled), strict=True):
        assert not ((knots > low) & (knots < high)).any()


@pytest.mark.parametrize("kind", COLUMNS)
def test_both_sides_of_every_atom_are_knots(kind):
    values = COLUMNS[kind]
    pooled, at = pool_metric(count_values(values)), atoms(values)

    knots = choose_knots(pooled)

    assert np.isin(pooled.below(at), knots).all()
    assert np.isin(pooled.at_or_below(at), knots).all()


@pytest.mark.parametrize("before", range(0, 995, 5))
def test_an_atom_of_exactly_the_least_share_has_both_knots_wherever_it_is(before):
    values = np.concatenate([np.arange(before), np.full(5, 995.5), 1000 + np.arange(995 - before)])
    pooled, at = pool_metric(count_values(values)), np.array([995.5])

    knots = choose_knots(pooled)

    assert np.isin([pooled.below(at), pooled.at_or_below(at)], knots).all()


def test_without_atoms_the_knots_are_the_levels():
    assert choose_knots(pool_metric(count_values(COLUMNS["continuous"]))).tolist() == [
        0.0,
        *KNOT_LEVELS,
        1.0,
    ]


@settings(deadline=None, max_examples=60)
@given(values=SMALL_COLUMNS, seed=st.integers(0, 2**32))
@example(values=np.array([0.0, -0.0, 1.0]), seed=0)
def test_the_order_of_accounts_changes_no_bit(values, seed):
    shuffled = np.random.default_rng(seed).permutation(values)

    for pool in (pool_metric, pool_dimension):
        first, second = pool(count_values(values)), pool(count_values(shuffled))
        assert first.values.tolist() == second.values.tolist()
        assert first.ranks.tobytes() == second.ranks.tobytes()
    assert learn_bounds(count_values(values)) == learn_bounds(count_values(shuffled))


@settings(deadline=None, max_examples=60)
@given(values=SMALL_COLUMNS)
def test_any_column_gives_a_curve_that_climbs_and_knots_between_jumps(values):
    pooled = pool_metric(count_values(values))

    knots = choose_knots(pooled)

    assert (np.diff(pooled.ranks) >= 0).all()
    assert (np.diff(knots) > 0).all()
    for low, high in zip(*jumps(pooled), strict=True):
        assert not ((knots > low) & (knots < high)).any()
    at = np.sort(values)
    assert (np.diff(pooled.at_or_below(at)) >= 0).all()
    assert (pooled.below(at) <= pooled.at_or_below(at)).all()


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_peer_dimension_has_one_rank_per_value(kind):
    pooled = pool_dimension(count_values(COLUMNS[kind]))

    assert (np.diff(pooled.values) > 0).all()
    assert (np.diff(pooled.ranks) > 0).all()
    assert pooled.at_or_below(pooled.values).tolist() == pooled.ranks.tolist()


def test_a_value_of_a_peer_dimension_ranks_amid_those_who_share_it():
    shared = np.repeat([1.0, 2.0, 3.0, 4.0], [10, 20, 40, 30])

    ranks = pool_dimension(count_values(shared)).at_or_below(np.array([2.0, 3.0]))

    assert ranks == pytest.approx([0.2, 0.5])


@pytest.mark.parametrize("kind", COLUMNS)
def test_beyond_a_peer_dimension_s_ends_lies_the_rank_of_the_end(kind):
    values = COLUMNS[kind]
    pooled = pool_dimension(count_values(values))
    ends = np.array([values.min(), values.max()])

    if len(pooled.values) > 1:
        beyond = pooled.at_or_below(ends + np.array([-1.0, 1.0]))
        assert beyond.tolist() == pooled.at_or_below(ends).tolist()


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ([0.0] * 9 + [3.5], (0, INF), "never negative"),
        ([2.0, 3.0, 4.0], (0, INF), "never negative, and never near 0 either"),
        ([-0.0, 1.0], (0, INF), "there is one zero"),
        ([-1.0, 0.0, 2.0], (-INF, INF), "negative at times: no bound is known"),
        ([0.1, 0.2, 0.3] + [1.0] * 5, (0, 1), "top-coded"),
        ([0.1, 0.2, 0.3] + [1.0] * 4, (0, INF), "four may share the largest value by chance"),
        ([*np.arange(1996.0), *[5000.0] * 9], (0, INF), "nine of 2,005 are less than an atom"),
        ([*np.arange(1990.0), *[5000.0] * 10], (0, 5000), "ten of 2,000 are one"),
        ([-2.0, -1.0] + [0.0] * 5, (-INF, 0), "top-coded at 0, negative below"),
        ([7.0] * 50, (0, INF), "a constant is no top code"),
        ([0.0] * 50, (0, INF), "always 0: there is no room between two bounds"),
        ([-7.0] * 50, (-INF, INF), "a negative constant"),
        ([4.0], (0, INF), "one account"),
    ],
)
def test_learns_where_a_metric_ends(values, expected, why):
    assert learn_bounds(count_values(np.array(values))) == expected, why
