from itertools import product

import numpy as np
import pytest
from fit_builders import AGE, REGION, SIZE

from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE
from training.axes import fit_axes
from training.peer_models.counting import CellCounts
from training.peer_models.interface import MetricSample
from training.tabulate import (
    BANDWIDTHS,
    add_unknown,
    add_unknown_peers,
    choose_bandwidth,
    model_grid,
    node_mass,
    smooth,
    to_table,
)

KNOTS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
RNG = np.random.default_rng(11)


class Known:
    """A peer model whose F is given: steeper in the sum of the dimensions."""

    def cdf(self, dimensions):
        return KNOTS[None, :] ** (1.0 + dimensions.sum(axis=1))[:, None]


def make_axis(*nodes, column=AGE):
    even = PooledDistribution(np.array([0.0, 100.0]), np.array([0.0, 1.0]))
    return Axis(column, even, np.array(nodes, dtype=np.float64))


EVEN = make_axis(*np.linspace(0, 1, 41))
REGIONS = Axis(REGION, None, np.empty(0))
TWO = Axis(Input("plan", "category", ("free", "paid")), None, np.empty(0))


def test_the_table_is_the_model_at_every_node():
    axes = (make_axis(0, 0.2, 1), REGIONS, make_axis(0, 0.5, 1, column=SIZE))
    mass = np.ones((3, 3, 3))

    table = to_table(model_grid(Known(), axes), mass).reshape(4, 4, 4, len(KNOTS))

    for i, j, k in product(range(3), repeat=3):
        at = np.array([[axes[0].nodes[i], float(j), axes[2].nodes[k]]])
        assert np.abs(table[i, j, k] / CDF_ONE - Known().cdf(at)[0]).max() <= 0.5 / CDF_ONE + 1e-12


def test_a_last_bit_at_the_edge_between_two_steps_does_not_make_a_table_fall():
    falling = np.array([[0.0, (100.5 + 1e-9) / CDF_ONE, (100.5 - 1e-9) / CDF_ONE, 1.0]])

    assert to_table(falling, np.ones(1))[0].tolist() == [0, 101, 101, CDF_ONE]


def test_every_node_of_a_table_is_a_distribution():
    """Sums of rounded numbers may fall, or leave 0 to 1, by a last bit."""
    grid = np.sort(RNG.random((41, 3, 5)), axis=-1)
    grid[..., 0], grid[..., -1] = -1e-17, 1 + 1e-16
    grid[3, :, 2] = grid[3, :, 1] - 1e-16
    mass = RNG.integers(0, 4, (41, 3)).astype(float)

    table = to_table(smooth(grid, (EVEN, REGIONS), 1.5), mass)

    assert table.dtype == np.uint16
    assert table.shape == (42 * 4, 5)
    assert (np.diff(table.astype(int), axis=1) >= 0).all()
    assert (table[:, 0] == 0).all()
    assert (table[:, -1] == CDF_ONE).all()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_not_known_is_the_average_weighted_by_the_accounts_there(axes):
    sizes = (3, 2, 4)[:axes]
    grid, mass = RNG.random((*sizes, 5)), RNG.integers(1, 50, sizes).astype(float)

    full = add_unknown(grid, mass)

    assert full.shape == (*(size + 1 for size in sizes), 5)
    for unknown in product([False, True], repeat=axes):
        where = tuple(slice(None) if hidden else 0 for hidden in unknown)
        at = tuple(-1 if hidden else 0 for hidden in unknown)
        weights = mass[where].reshape(-1)
        averaged = np.average(grid[where].reshape(-1, 5), axis=0, weights=weights)
        assert full[at] == pytest.approx(averaged), unknown


def test_where_there_are_no_accounts_not_known_is_the_plain_average():
    full = add_unknown(np.array([[0.2], [0.4]]), np.zeros(2))

    assert full[:, 0] == pytest.approx([0.2, 0.4, 0.3])


@pytest.mark.parametrize("bandwidth", BANDWIDTHS)
def test_smoothing_leaves_a_constant_alone(bandwidth):
    axes = (EVEN, REGIONS, make_axis(0, 0.1, 0.7, 1, column=SIZE))
    grid = np.broadcast_to(KNOTS, (41, 3, 4, 5))

    assert smooth(grid, axes, bandwidth) == pytest.approx(grid)


def test_smoothing_blurs_numbers_and_keeps_categories_apart():
    grid = np.zeros((41, 3, 1))
    grid[20, 1] = 1.0

    blurred = smooth(grid, (EVEN, REGIONS), 2.5)

    assert 0.1 < blurred[20, 1, 0] < 0.2
    assert blurred[18, 1] == pytest.approx(blurred[22, 1])
    assert blurred[:, 1].sum() == pytest.approx(1)
    assert (blurred[:, [0, 2]] == 0).all()


def test_no_bandwidth_changes_nothing():
    grid = RNG.random((41, 5))

    assert smooth(grid, (EVEN,), 0.0).tolist() == grid.tolist()


def test_values_that_are_far_apart_in_rank_are_not_blurred_into_one_another():
    """A dimension of few values has a node each: its neighbours are other values, not nearness."""
    yes_or_no = fit_axes([AGE], RNG.integers(0, 2, (100, 1)).astype(float))
    grid = np.array([[0.0, 0.1, 1.0], [0.0, 0.9, 1.0]])

    assert smooth(grid, yes_or_no, BANDWIDTHS[0]) == pytest.approx(grid)


def test_values_that_are_close_in_rank_are_blurred():
    many = fit_axes([AGE], RNG.integers(0, 60, (3000, 1)).astype(float))
    grid = RNG.random((60, 1))

    blurred = smooth(grid, many, BANDWIDTHS[0])

    assert blurred.std() < grid.std() / 2
    assert grid.min() < blurred.min()
    assert blurred.max() < grid.max()


def cells_at(dimensions):
    """One account a cell, ranks and codes."""
    places = np.asarray(dimensions, dtype=np.float64)
    return CellCounts(places, np.ones(len(places)), np.ones((len(places), 2)))


def test_accounts_are_counted_at_the_nodes_around_them():
    axes = (make_axis(0, 0.5, 1), TWO)

    mass = node_mass(axes, cells_at([[0, 0], [0.25, 0], [0.25, 1], [1, 1]]))

    assert mass.tolist() == [[1.5, 0.5], [0.5, 0.5], [0.0, 1.0]]


def test_no_accounts_are_counted_nowhere():
    assert node_mass((EVEN, TWO), cells_at(np.empty((0, 2)))).sum() == 0


def test_nobody_informs_not_known_but_those_who_inform_its_nodes():
    peers, mass = np.array([100.0, 100.0]), np.array([50.0, 50.0])

    # Half of each: the variances 1/4 of 1/100 add up to 1/200; but there are 100 accounts only.
    assert add_unknown_peers(peers, mass).tolist() == [100, 100, 100]
    assert add_unknown_peers(peers, 10 * mass).tolist() == [100, 100, 200]


def test_where_one_of_two_dimensions_is_not_known_its_nodes_count_by_their_accounts():
    peers = np.array([[10.0, 40.0], [20.0, 20.0]])
    mass = np.array([[300.0, 100.0], [0.0, 200.0]])

    full = add_unknown_peers(peers, mass).reshape(3, 3)

    assert full[0, 2] == pytest.approx(1 / (0.75**2 / 10 + 0.25**2 / 40), abs=0.01)
    assert full[1, 2] == pytest.approx(20)
    assert full[2, 0] == pytest.approx(10)


@pytest.mark.parametrize("nodes", [(0, 0.5, 0.5, 1), (0, 0, 1), (0, 1, 1), (0.5, 0.5)], ids=str)
def test_a_rank_that_stands_twice_is_tabulated_like_any_other(nodes):
    axes = (make_axis(*nodes),)
    mass = node_mass(axes, cells_at(np.linspace(0, 1, 50)[:, None]))

    grid = smooth(model_grid(Known(), axes), axes, 1.0)

    assert mass.sum() == pytest.approx(50)
    assert to_table(grid, mass).shape == (len(nodes) + 1, len(KNOTS))
    assert add_unknown_peers(np.full(mass.shape, 9.0), mass).shape == (len(nodes) + 1,)


def selection_of(law, accounts=4000, seed=0):
    """Accounts whose rank is drawn so that P(rank <= r) = r ** law(x)."""
    rng = np.random.default_rng(seed)
    place = rng.random((accounts, 1))
    ranks = rng.random(accounts) ** (1.0 / law(place[:, 0]))
    return MetricSample(place, (0,), ranks, ranks, KNOTS, KNOTS)


def grid_of(law, noise=0.0):
    rough = law(EVEN.nodes) * np.exp(noise * RNG.normal(size=len(EVEN.nodes)))
    return KNOTS[None, :] ** rough[:, None]


def slow(place):
    return 1.0 + place


def flat(place):
    return np.full_like(place, 1.5)


def steps(place):
    return np.where(np.floor(place * 5) % 2, 5.0, 1.0)


@pytest.mark.parametrize(
    ("grid", "law", "widest", "narrowest", "why"),
    [
        (grid_of(slow, noise=0.5), slow, 4.0, 1.5, "a rough fit of something smooth"),
        (grid_of(flat), flat, 4.0, 4.0, "nothing is lost by smoothing: the widest"),
        (grid_of(flat, noise=0.02), flat, 4.0, 4.0, "a little is won by it"),
        (grid_of(steps), steps, 1.0, 0.0, "steps are lost by smoothing"),
    ],
)
def test_the_bandwidth_is_the_widest_that_held_out_accounts_do_not_refuse(
    grid, law, widest, narrowest, why
):
    mass = np.ones(len(EVEN.nodes))

    chosen = choose_bandwidth(grid, (EVEN,), selection_of(law), mass)

    assert narrowest <= chosen <= widest, why
    assert chosen in BANDWIDTHS


def test_what_few_accounts_cannot_tell_from_chance_does_not_narrow_the_bandwidth():
    """The exact grid is best at no bandwidth, but 500 accounts are not sure of it."""
    selection, mass = selection_of(slow, accounts=500), np.ones(len(EVEN.nodes))

    assert choose_bandwidth(grid_of(slow), (EVEN,), selection, mass) == BANDWIDTHS[0]
