"""A step is placed between two neighbouring ranks that occur, however near they are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.peer_models import steps
from training.peer_models.interface import MetricSample

KNOTS = np.linspace(0.0, 1.0, 5)
NEAR = 0.5


def sample_of(ranks, above):
    """Accounts at these ranks; those above the step have higher values."""
    noise = np.random.default_rng(len(ranks)).random(len(ranks))
    values = np.where(above, 0.4 + 0.6 * noise, 0.6 * noise)
    return MetricSample(ranks[:, None], (0,), values, values, KNOTS, KNOTS)


def located_by_trying_all(sample):
    """Compare the sides of every gap between neighbouring ranks."""
    reach = steps._REACH / steps._PARTS
    ranks = sample.dimensions[:, 0]
    there = (ranks >= NEAR - reach) & (ranks <= NEAR + reach)
    distinct = np.unique(ranks[there])
    below = sample.ranks[there, None] <= KNOTS[1:]
    total = below.sum(axis=0).astype(float)
    share = total[:-1] / total[-1]
    upto = np.array([below[ranks[there] <= at].sum(axis=0) for at in distinct], dtype=float)
    ends = np.flatnonzero(np.abs(distinct[:-1] - NEAR) <= 1.5 / steps._PARTS)
    best = ends[np.argmax(steps._contrast(*steps._sides(upto[ends], total, share)))]
    return (distinct[best] + distinct[best + 1]) / 2


def bunches(rng):
    """Two bunches of ranks, each within a part of a strip, and nothing between them."""
    return np.concatenate([0.49 + 1e-9 * rng.random(300), 0.51 + 1e-9 * rng.random(300)])


def thousands_in_a_part(rng):
    return np.concatenate([rng.uniform(0.44, 0.56, 200), 0.5 + 1e-6 * rng.random(2000)])


def halving(_):
    """Each rank half as far from 0.5 as the one before."""
    return np.repeat(0.5 + 0.06 * 0.5 ** np.arange(49), 20)


def at_an_atom(rng):
    """An atom holds a twentieth of all accounts; below it ranks are close together."""
    return np.concatenate([np.full(300, 0.505), 0.48 + 1e-8 * rng.random(500)])


def neighbouring_doubles(rng):
    return np.concatenate([0.5 + rng.integers(0, 30, 900) * 2.0**-52, np.full(9, 0.55)])


RANKS = {
    "even": lambda rng: rng.uniform(0.4, 0.6, 1500),
    "whole months": lambda rng: np.floor(rng.uniform(0.4, 0.6, 1500) * 200) / 200,
    "bunches": bunches,
    "thousands in a part": thousands_in_a_part,
    "halving": halving,
    "at an atom": at_an_atom,
    "neighbouring doubles": neighbouring_doubles,
}


@pytest.mark.parametrize("law", sorted(RANKS))
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_step_is_where_the_best_of_all_gaps_is(law, share):
    ranks = np.sort(RANKS[law](np.random.default_rng(2)))
    inner = ranks[np.abs(ranks - NEAR) <= 1.5 / steps._PARTS]
    at = inner[int(share * len(inner))]
    sample = sample_of(ranks, ranks >= at)

    found = steps._locate(sample, 0, NEAR)

    assert found == located_by_trying_all(sample)
    distinct = np.unique(ranks)
    assert found in {(low + high) / 2 for low, high in itertools.pairwise(distinct)}


@settings(max_examples=60)
@given(
    exponents=st.lists(st.integers(4, 52), min_size=1, max_size=12),
    counts=st.integers(1, 30),
    split=st.floats(0.0, 1.0),
)
def test_it_ends_wherever_ranks_bunch(exponents, counts, split):
    """However they lie, what is found is a gap, or where it was looked for."""
    apart = [side * 2.0**-k for k in exponents for side in (-1, 1)]
    ranks = np.repeat(np.unique(NEAR + np.array(apart)), counts)
    sample = sample_of(ranks, ranks >= np.quantile(ranks, split))

    found = steps._locate(sample, 0, NEAR)

    middles = {(low + high) / 2 for low, high in itertools.pairwise(np.unique(ranks))}
    assert found in middles | {NEAR}


def test_ranks_next_to_nothing_are_told_apart():
    """Where the lowest values are almost the same, so are their ranks."""
    ranks = np.repeat([0.0, 5e-324, 1e-323, 0.03], 50)

    found = steps._locate(sample_of(ranks, ranks > 0.0), 0, 1 / steps._PARTS)

    assert 0.0 <= found <= 0.03


def test_where_nobody_is_near_it_is_where_it_was_looked_for():
    ranks = np.repeat([NEAR - 2.5 / steps._PARTS, NEAR + 2.5 / steps._PARTS], 50)

    assert steps._locate(sample_of(ranks, ranks > NEAR), 0, NEAR) == NEAR
