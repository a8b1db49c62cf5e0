import numpy as np
import pytest
from samples import SAMPLE, by_category, divide, gamma_of_first, make_sample

from training.peer_models.counting import CellCounts
from training.peer_models.neighbourhood import Neighbourhood, _coarsen, choose_neighbours

PLACES = make_sample(30, seed=5).dimensions


def share(counts):
    return counts / counts[:, -1:]


def around_cells(positions, accounts=None, categories=(0,)):
    """Cells on a line, one knot: who is at or below it."""
    positions = np.array(positions, dtype=float).reshape(-1, len(categories))
    accounts = np.ones(len(positions)) if accounts is None else np.array(accounts, dtype=float)
    return Neighbourhood(CellCounts(positions, accounts, accounts[:, None]), categories)


def test_accounts_are_weighted_down_to_nothing_a_little_beyond_the_last_neighbour():
    line = np.linspace(0.0, 1.0, 101)
    around = around_cells(line)

    counted = around.counts(np.array([[0.5]]), [41])[0, 0, 0]

    # The 41 nearest reach 0.2 to each side; two to three steps of 1/128 more are allowed for.
    weights = [
        (np.maximum(1.0 - ((line - 0.5) / radius) ** 2, 0.0) ** 2).sum() for radius in (0.2, 0.225)
    ]
    assert weights[0] < counted < weights[1]


def test_an_account_at_the_place_counts_one():
    assert around_cells([0.3], [7]).counts(np.array([[0.3]]), [5])[0, 0, 0] == 7


def test_a_place_far_from_everyone_still_has_neighbours():
    crowd = around_cells([0.0, 0.0], [10**6, 3])

    assert crowd.counts(np.array([[1.0]]), [50])[0, 0, 0] > 0
    assert crowd.effective_accounts(np.array([[1.0]]), 50)[0] > 0


def test_more_neighbours_than_accounts_are_all_accounts():
    counts = Neighbourhood.of(SAMPLE).counts(PLACES, [len(SAMPLE), 10**9])

    assert counts[0].tobytes() == counts[1].tobytes()


def test_another_category_is_as_far_as_the_other_end_of_a_number():
    around = around_cells([[0.0, 0], [0.0, 1], [1.0, 0]], categories=(0, 2))

    squares = around._squared_distances(np.array([[0.0, 0.0]]))

    assert squares.tolist() == [[0.0, 1.0, 1.0]]


@pytest.mark.parametrize("neighbours", [50, 333.3])
def test_no_order_of_adding_up_changes_a_bit(neighbours):
    """That is what lets a library's matrix product, with any number of threads, be used."""
    around = Neighbourhood.of(make_sample(20_000, values=gamma_of_first))
    order = np.random.default_rng(0).permutation(len(around.cells.accounts))
    mixed = Neighbourhood(CellCounts(*(part[order] for part in around.cells)), around.categories)

    for answer in (
        lambda it: it.counts(PLACES, [neighbours]),
        lambda it: it.effective_accounts(PLACES, neighbours),
    ):
        assert answer(mixed).tobytes() == answer(around).tobytes()


def test_a_little_step_changes_little():
    around = Neighbourhood.of(SAMPLE)
    path = np.column_stack([np.linspace(0.2, 0.8, 2001), np.full(2001, 0.5)])

    shares = share(around.counts(path, [200])[0])

    # 0.0003 ranks a step; the whole way changes the share at the median by some 0.3.
    assert np.abs(np.diff(shares, axis=0)).max() < 0.003


def test_effective_accounts_are_kishs():
    around = around_cells([0.0, 0.1], [10, 20])

    effective = around.effective_accounts(np.array([[0.0]]), 30)[0]

    radius = 0.1 + 2.0 / 128.0
    weight = (1.0 - (0.1 / radius) ** 2) ** 2
    assert effective == pytest.approx((10 + 20 * weight) ** 2 / (10 + 20 * weight**2), rel=0.1)


@pytest.mark.parametrize("categories", [(0, 0), (0, 3), (0, 0, 0, 0), (3,)])
def test_putting_cells_together_loses_no_account_and_no_category(categories):
    cells = make_sample(5000, categories=categories, values=gamma_of_first).cells

    coarse = _coarsen(cells, categories, 100)

    assert len(coarse.accounts) <= 100
    assert coarse.at_or_below.sum(axis=0).tolist() == cells.at_or_below.sum(axis=0).tolist()
    means = [(each.dimensions.T @ each.accounts) / 5000 for each in (cells, coarse)]
    assert means[0] == pytest.approx(means[1])
    for position, count in enumerate(categories):
        if count:
            assert set(coarse.dimensions[:, position]) == set(range(count))


def test_clear_peers_ask_for_fewer_neighbours_than_unclear_ones():
    clear, unclear = (
        make_sample(4000, values=values, categories=(0, 3))
        for values in (lambda d: d[:, 0] + 0.01 * by_category(d), by_category)
    )
    chosen = []
    for sample in (clear, unclear):
        fitting, selection = divide(sample)
        chosen.append(choose_neighbours(Neighbourhood.of(fitting), selection, share)[0])

    assert chosen[0] < chosen[1]
