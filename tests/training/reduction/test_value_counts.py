"""What is learned of a column is the same from counts in passes as from all of its values."""

import numpy as np
import pytest
from array_store import ArrayStore, numbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training import pooled
from training.reduction import value_counts
from training.reduction.value_bins import CountBins, CountValues

TINY, NEXT = 5e-324, np.nextafter(1.0, 2.0)
ODD = [0.0, -0.0, TINY, -TINY, 1.0, NEXT, -1.0, 1e300, -1e300, 2.0, 3.0]


def heavy(rng, accounts):
    return rng.standard_cauchy(accounts) ** 3


def atoms(rng, accounts):
    return np.where(rng.random(accounts) < 0.6, rng.integers(-3, 3, accounts), heavy(rng, accounts))


def huge_and_tiny(rng, accounts):
    return rng.choice([-1.0, 1.0], accounts) * 10.0 ** rng.uniform(-323, 300, accounts)


def last_bits(rng, accounts):
    """Neighbours among the doubles: they differ in the last cut alone."""
    return (np.float64(1.0).view(np.int64) + rng.integers(0, accounts, accounts)).view(np.float64)


LAWS = {
    "continuous": lambda rng, n: rng.normal(size=n),
    "heavy tails": heavy,
    "atoms": atoms,
    "integers": lambda rng, n: np.floor(rng.lognormal(6.0, 2.0, n)),
    "few integers": lambda rng, n: rng.poisson(3.0, n).astype(float),
    "huge and tiny": huge_and_tiny,
    "zeros of both signs": lambda rng, n: rng.choice([-0.0, 0.0, 0.5], n) * rng.normal(size=n),
    "last bits": last_bits,
    "subnormals": lambda rng, n: rng.integers(-n, n, n) * TINY,
    "top-coded": lambda rng, n: np.minimum(rng.exponential(size=n), 1.5),
    "constant": lambda _, n: np.full(n, -7.25),
}


def found_in(values, seed=0, pieces=7):
    store = ArrayStore({"m": values}, seed=seed, pieces=pieces)
    return value_counts.count_values(store, numbers("m"), ["m"])["m"], store


def check(values, seed=0):
    """What is found in passes is what all values tell, to the last bit."""
    found, store = found_in(values, seed)
    there = values[~np.isnan(values)] + 0.0
    if not len(there):
        assert found is None
        return store
    expected = pooled.count_values(there)
    assert found.total == expected.total
    assert found.of_value(0.0) == expected.of_value(0.0) == (there == 0.0).sum()
    assert pooled.learn_bounds(found) == pooled.learn_bounds(expected)
    for describe in (pooled.pool_metric, pooled.pool_dimension):
        ours, theirs = describe(found), describe(expected)
        assert ours.values.tobytes() == theirs.values.tobytes()
        assert ours.ranks.tobytes() == theirs.ranks.tobytes()
    knots = [pooled.choose_knots(pooled.pool_metric(counts)) for counts in (found, expected)]
    assert knots[0].tobytes() == knots[1].tobytes()
    # Whatever is listed is counted as it is.
    at = np.searchsorted(expected.values, found.values)
    assert expected.values[at].tobytes() == found.values.tobytes()
    assert expected.accounts[at].tolist() == found.accounts.tolist()
    assert expected.at_or_below[at].tolist() == found.at_or_below.tolist()
    return store


@pytest.fixture
def few(monkeypatch):
    """Cut finer, again and again, down to the last bit."""
    monkeypatch.setattr(value_counts, "_FEW", 0)


@settings(max_examples=80)
@given(
    values=st.lists(st.sampled_from(ODD) | st.floats(allow_infinity=False), max_size=60),
    seed=st.integers(0, 99),
)
@example(values=[float("nan")] * 3, seed=0)
@example(values=[-0.0], seed=0)
def test_any_few_values_tell_what_they_tell_in_memory(values, seed):
    check(np.array(values, dtype=np.float64), seed)


@settings(max_examples=40)
@given(
    law=st.sampled_from(sorted(LAWS)),
    accounts=st.integers(1, 5000),
    gaps=st.sampled_from([0.0, 0.5]),
    few=st.sampled_from([0, 1, 100, 2000]),
    seed=st.integers(0, 10**6),
)
def test_any_column_tells_what_it_tells_in_memory(law, accounts, gaps, few, seed):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(accounts) < gaps, np.nan, LAWS[law](rng, accounts))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(value_counts, "_FEW", few)
        check(values, seed)


@pytest.mark.parametrize("law", sorted(LAWS))
def test_cut_to_the_last_bit_a_column_tells_the_same(law, few):
    rng = np.random.default_rng(8)

    store = check(LAWS[law](rng, 20_000))

    assert not any(isinstance(each, CountValues) for each in store.passes), "every bit was cut"


@pytest.mark.parametrize("distinct", [1, 255, 256, 257, 399, 400, 401, 799, 800, 801, 1600])
@pytest.mark.parametrize("times", [1, 3, 4])
def test_about_as_many_values_as_a_curve_has_points_are_told_the_same(distinct, times, few):
    spread = np.repeat(np.random.default_rng(distinct).lognormal(0, 3, distinct), times)
    near = np.repeat(1.0 + np.arange(distinct) * np.finfo(float).eps, times)

    check(spread)
    check(near)


@pytest.mark.parametrize("law", ["continuous", "heavy tails", "last bits", "atoms"])
def test_a_column_with_many_distinct_values_is_cut_in_several_passes(law):
    values = LAWS[law](np.random.default_rng(3), 500_000)

    store = check(values)

    assert sum(isinstance(each, CountBins) for each in store.passes) >= 2
    assert len(store.passes) < 9


@pytest.mark.parametrize("place", [0.1, 0.5003, 0.7])
def test_a_value_of_just_as_many_accounts_as_make_an_atom_is_found(place, few):
    """One in 200, between two of the levels that a curve is drawn through."""
    rest = np.linspace(0.0, 1.0, 19_900)

    check(np.append(rest, np.full(100, place + 1e-9)))


def test_columns_are_counted_together_and_each_on_its_own():
    rng = np.random.default_rng(4)
    columns = {name: law(rng, 3000) for name, law in LAWS.items()} | {
        "never": np.full(3000, np.nan)
    }
    store = ArrayStore(columns)

    found = value_counts.count_values(store, numbers(*columns), list(columns))

    assert list(found) == list(columns)
    assert found.pop("never") is None
    for name, counts in found.items():
        alone, _ = found_in(columns[name])
        assert all(ours.tobytes() == its.tobytes() for ours, its in zip(counts, alone, strict=True))


def test_accounts_kept_out_are_not_counted():
    values, deal = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.7, 0.8])

    store = ArrayStore({"m": values}, deal)

    found = value_counts.count_values(store, numbers("m"), ["m"])["m"]
    assert found.values.tolist() == [1.0, 2.0]
