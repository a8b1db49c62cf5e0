"""Countings add up: any cut of the accounts, in any order, gives what one look gives."""

from collections import Counter
from functools import reduce

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from training.peer_models.counting import BINS, CellCounting, StripCounting, bins_of

CATEGORIES = [(0,), (0, 0), (0, 0, 0), (3,), (0, 5), (2, 0, 0), (2, 3)]
#: Edges of cells and of strips among them.
RANK = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 47 / 48, 1.0, np.nextafter(0.5, 0)]) | st.floats(
    0.0, 1.0
)
KNOTS = 5


@st.composite
def accounts(draw, categories):
    """Places of some accounts, and the knot at which each begins to count."""
    size = draw(st.integers(0, 30))
    columns = [
        draw(st.lists(st.integers(0, n - 1) if n else RANK, min_size=size, max_size=size))
        for n in categories
    ]
    first = draw(st.lists(st.integers(0, KNOTS - 1), min_size=size, max_size=size))
    return np.array(columns, dtype=np.float64).T, np.array(first, dtype=np.intp)


@st.composite
def cut(draw, places, first):
    """The same accounts, in some other order, in parts of which some are empty."""
    order = np.array(draw(st.permutations(range(len(first)))), dtype=np.intp)
    ends = draw(st.lists(st.integers(0, len(first)), max_size=4).map(sorted))
    return [(places[part], first[part]) for part in np.split(order, ends)]


def added_up(counting, parts):
    return reduce(counting.merge, (counting.of(*part) for part in parts))


def assert_same(some, others):
    assert some.keys() == others.keys()
    for name, found in some.items():
        assert found.dtype == others[name].dtype
        assert found.tobytes() == others[name].tobytes()


@settings(max_examples=60)
@given(data=st.data(), categories=st.sampled_from(CATEGORIES))
def test_cells_of_parts_add_up_to_those_of_all(data, categories):
    places, first = data.draw(accounts(categories))
    numeric = [position for position, count in enumerate(categories) if not count]
    step = st.tuples(st.sampled_from(numeric), RANK) if numeric else st.nothing()
    steps = tuple(data.draw(st.lists(step, max_size=3))) if numeric else ()
    counting = CellCounting(categories, KNOTS, steps)

    parts = data.draw(cut(places, first))

    assert_same(added_up(counting, parts), counting.of(places, first))


def place_of(account, categories, steps):
    """A cell, told plainly: parts of rank, the sides of the steps, the categories."""
    bins = bins_of(categories)
    return tuple(
        int(rank)
        if count
        else (min(int(rank * bins), bins - 1), sum(rank >= at for d, at in steps if d == dimension))
        for dimension, (rank, count) in enumerate(zip(account, categories, strict=True))
    )


@settings(max_examples=60)
@given(data=st.data(), categories=st.sampled_from(CATEGORIES))
def test_cells_are_what_a_plain_recount_finds(data, categories):
    places, first = data.draw(accounts(categories))
    assume(len(places))
    steps = ((0, data.draw(RANK)), (0, data.draw(RANK))) if not categories[0] else ()
    counting = CellCounting(categories, KNOTS, steps)

    cells = counting.cells(counting.of(places, first))

    where = [place_of(account, categories, steps) for account in places]
    assert sorted(cells.accounts.tolist()) == sorted(Counter(where).values())
    assert cells.at_or_below[:, -1].tolist() == cells.accounts.tolist()
    everywhere = [(first <= knot).sum() for knot in range(KNOTS)]
    assert cells.at_or_below.sum(axis=0).tolist() == everywhere
    for cell in set(where):
        inside = np.array([each == cell for each in where])
        mean = places[inside].mean(axis=0)
        at = np.abs(cells.dimensions - mean).max(axis=1) < 1e-6
        counts = [(first[inside] <= knot).sum() for knot in range(KNOTS)]
        assert any(row.tolist() == counts for row in cells.at_or_below[at]), cell


def test_no_cell_straddles_a_step_and_an_account_at_it_is_above():
    at = 0.3
    places = np.array([[np.nextafter(at, 0)], [at], [np.nextafter(at, 1)]])

    counting = CellCounting((0,), KNOTS, ((0, at),))

    cells = counting.cells(counting.of(places, np.zeros(3, dtype=np.intp)))
    assert cells.accounts.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("categories", [each for each in CATEGORIES if 0 in each])
def test_the_highest_rank_is_in_the_last_cell_and_an_edge_in_the_upper_one(categories):
    bins = bins_of(categories)
    edges = np.arange(bins + 1) / bins
    places = np.zeros((len(edges), len(categories)))
    places[:, categories.index(0)] = edges

    counting = CellCounting(categories, KNOTS)

    cells = counting.cells(counting.of(places, np.zeros(len(edges), dtype=np.intp)))
    in_order = sorted(zip(cells.dimensions[:, categories.index(0)], cells.accounts, strict=True))
    assert [count for _, count in in_order] == [1.0] * (bins - 1) + [2.0]


def test_positions_of_a_billion_accounts_add_up_exactly():
    """Sums stay whole numbers that a double can hold, so their order does not matter."""
    counting = CellCounting((0,), 1)
    one = counting.of(np.array([[1 / 3]]), np.zeros(1, dtype=np.intp))

    billion = {name: found * 10**9 for name, found in one.items()}

    more = counting.merge(billion, one)["positions"]
    assert more.sum() == int(one["positions"].sum()) * (10**9 + 1)
    assert counting.cells(billion).dimensions == pytest.approx(1 / 3, abs=2**-22)


@pytest.mark.parametrize("count", [9216, 9217])
def test_more_categories_than_there_may_be_cells_are_not_gathered(count):
    assert (bins_of((count,)) is None) == (count > 9216)
    assert bins_of((0, 0, 0, 0)) is None
    assert all(bins_of((0,) * numbers) == bins for numbers, bins in BINS.items() if numbers)


@settings(max_examples=60)
@given(
    data=st.data(),
    ends=st.lists(RANK, min_size=4, max_size=4, unique=True).map(sorted),
    parts=st.sampled_from([1, 2, 7, 4096]),
)
def test_strips_of_parts_add_up_and_leave_out_nobody_between_their_ends(data, ends, parts):
    places, first = data.draw(accounts((0, 0)))
    strips = ((ends[0], ends[1]), (ends[2], ends[3]))
    counting = StripCounting(1, strips, parts, KNOTS)

    whole = counting.of(places, first)

    assert_same(added_up(counting, data.draw(cut(places, first))), whole)
    ranks = places[:, 1]
    inside = np.any([(ranks >= low) & (ranks <= high) for low, high in strips], axis=0)
    assert whole["hits"].sum(axis=0).tolist() == np.bincount(first[inside], minlength=5).tolist()
    there = whole["hits"].any(axis=1)
    assert (whole["lowest"][there] <= whole["highest"][there]).all()
    assert (whole["highest"][there][:-1] < whole["lowest"][there][1:]).all(), "parts are in order"
    if inside.any():
        assert whole["lowest"][there][0] == ranks[inside].min()
        assert whole["highest"][there][-1] == ranks[inside].max()


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0, 5e-324])
def test_a_strip_of_no_width_holds_those_who_are_there(at):
    places = np.array([[at], [at], [np.nextafter(at, 2)]])

    found = StripCounting(0, ((at, at),), 4, KNOTS).of(places, np.zeros(3, dtype=np.intp))

    assert found["hits"].sum() == 2


@pytest.mark.parametrize("low", [0.0, 5e-324, 0.5, 1.0 - 2**-53])
def test_the_ends_of_a_strip_come_into_different_parts_however_near_they_are(low):
    high = np.nextafter(low, 2.0)

    counting = StripCounting(0, ((low, high),), 4, KNOTS)

    found = counting.of(np.array([[low], [high]]), np.zeros(2, dtype=np.intp))
    assert found["lowest"].tolist() == [low, np.inf, np.inf, high]
