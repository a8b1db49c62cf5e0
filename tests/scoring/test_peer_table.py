from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from builders import CURVES, INF, KNOTS, NAN, make_axis, make_curve, make_table
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.peer_axes import Cells, locate
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.scorecard import PeerMetric, Ties

AXES = [make_axis(Input("age")), make_axis(Input("size"))]
NODE_COUNT = AXES[0].size * AXES[1].size
ALL_TIES = get_args(Ties)

#: Everywhere on the grid: F is the pooled distribution itself.
AVERAGE_PEER = locate([], np.empty((1, 0)))


def make_plain(
    points: list[tuple[float, float]], lower: float = -INF, upper: float = INF
) -> PeerTable:
    """One node whose F is the pooled rank, so that ranks can be read off `points`."""
    cdf = np.array([[0, CDF_ONE]], dtype=np.uint16)
    return PeerTable(make_curve(points), np.array([0.0, 1.0]), cdf, lower, upper, np.ones(1))


def rank_of(table: PeerTable, metric: PeerMetric, value: float) -> float:
    return float(table.rank(metric, AVERAGE_PEER, np.array([value]))[0])


#: 60 % zeros, an atom of 20 % at 5, a top code of 10 % at 9.
ATOMS = [(0.0, 0.0), (0.0, 0.6), (5.0, 0.65), (5.0, 0.85), (9.0, 0.9), (9.0, 1.0)]


@pytest.mark.parametrize(
    ("ties", "at_lower", "at_atom", "at_upper", "why"),
    [
        ("bounds", 0, 0.75, 1, "mid-rank, except that nobody is below the lower bound"),
        ("mid", 0.3, 0.75, 0.95, "half of the equals count as below, everywhere"),
        ("low", 0, 0.65, 0.9, "no equal counts as below"),
        ("high", 0.6, 0.85, 1, "every equal counts as below"),
    ],
)
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_ties_are_ranked_by_the_metrics_rule(
    ties: Ties,
    at_lower: float,
    at_atom: float,
    at_upper: float,
    why: str,
    higher_is_better: bool,
) -> None:
    table = make_plain(ATOMS, lower=0, upper=9)
    metric = PeerMetric(name="bots", ties=ties, higher_is_better=higher_is_better)

    ranks = [rank_of(table, metric, value) for value in (0, 5, 9)]

    expected = np.array([at_lower, at_atom, at_upper])
    assert ranks == pytest.approx(expected if higher_is_better else 1 - expected), why


@pytest.mark.parametrize("share", [0.0, 0.01, 0.6, 0.999, 1.0])
def test_an_account_that_uses_nothing_ranks_0_however_many_others_also_do(share: float) -> None:
    table = make_plain([(0, 0), (0, share), (9, 1)], lower=0)

    assert rank_of(table, PeerMetric(name="bots"), 0) == 0.0


@pytest.mark.parametrize("share", [0.0, 0.01, 0.6, 0.999, 1.0])
def test_an_account_at_the_top_code_ranks_1_however_many_others_also_are(share: float) -> None:
    table = make_plain([(0, 0), (9, 1 - share), (9, 1)], upper=9)

    assert rank_of(table, PeerMetric(name="bots"), 9) == 1.0


@pytest.mark.parametrize(
    ("metric", "learned", "bounds", "why"),
    [
        (PeerMetric(name="m"), (0, 9), (0, 9), "the data decide"),
        (PeerMetric(name="m", lower=2), (0, 9), (2, 9), "declared below, learned above"),
        (PeerMetric(name="m", upper=7), (0, 9), (0, 7), "declared above, learned below"),
        (PeerMetric(name="m", lower=-1, upper=20), (0, 9), (-1, 20), "declared wins"),
        (PeerMetric(name="m", lower=0), (-INF, INF), (0, INF), "zero is a declaration too"),
        (PeerMetric(name="m", lower=9), (0, 9), (9, INF), "a learned bound cannot contradict it"),
        (PeerMetric(name="m", lower=12), (0, 9), (12, INF), "all data below the declared bound"),
        (PeerMetric(name="m", upper=0), (0, INF), (-INF, 0), "all data at the declared bound"),
        (PeerMetric(name="m", upper=-3), (0, 9), (-INF, -3), "all data above the declared bound"),
    ],
)
def test_a_declared_bound_holds_against_a_learned_one(
    metric: PeerMetric, learned: tuple[float, float], bounds: tuple[float, float], why: str
) -> None:
    assert make_plain(ATOMS, *learned).bounds(metric) == bounds, why


@pytest.mark.parametrize("ties", ALL_TIES)
@pytest.mark.parametrize("beyond", [-1.0, -1e300, -INF, 12.0, 1e300, INF])
def test_a_value_beyond_a_bound_counts_as_at_it(ties: Ties, beyond: float) -> None:
    table = make_plain(ATOMS)
    metric = PeerMetric(name="bots", lower=0, upper=9, ties=ties)

    assert rank_of(table, metric, beyond) == rank_of(table, metric, 0 if beyond < 0 else 9)


@pytest.mark.parametrize(
    ("ties", "lowest", "highest"),
    [("bounds", 0, 1), ("low", 0, 0.65), ("high", 0.65, 1), ("mid", 0.325, 0.825)],
)
def test_at_a_declared_bound_the_peers_beyond_it_count_as_at_it_too(
    ties: Ties, lowest: float, highest: float
) -> None:
    # Training saw values below 1 and above 5; with those bounds they are ties with the bound.
    table = make_plain([(0, 0), (1, 0.65), (5, 0.65), (9, 1)])
    metric = PeerMetric(name="bots", lower=1, upper=5, ties=ties)

    assert rank_of(table, metric, 1) == pytest.approx(lowest)
    assert rank_of(table, metric, 5) == pytest.approx(highest)


@pytest.mark.parametrize("ties", ALL_TIES)
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_an_unobserved_value_has_no_rank_among_peers(ties: Ties, higher_is_better: bool) -> None:
    metric = PeerMetric(name="bots", lower=0, ties=ties, higher_is_better=higher_is_better)

    assert np.isnan(rank_of(make_plain(ATOMS), metric, NAN))


def make_grid_table(seed: int = 0) -> PeerTable:
    return make_table(np.random.default_rng(seed), "bots", NODE_COUNT)


def make_even_table() -> PeerTable:
    """A metric whose values are its pooled ranks."""
    return replace(make_grid_table(), pooled=make_curve([(0, 0), (1, 1)]))


def cells_at(age: float, size: float, count: int = 1) -> Cells:
    return locate(AXES, np.tile([float(age), float(size)], (count, 1)))


@pytest.mark.parametrize(
    ("age", "size", "node", "why"),
    [
        (0, 1, (0, 0), "the first corner"),
        (120, 1000, (3, 2), "the last corner"),
        (36, 1, (2, 0), "the right side of the step"),
        (NAN, 1, (4, 0), "age is not known"),
        (NAN, NAN, (4, 3), "nothing is known"),
    ],
)
def test_at_nodes_and_knots_the_table_is_exact(
    age: float, size: float, node: tuple[int, int], why: str
) -> None:
    table = make_even_table()
    row = node[0] * AXES[1].size + node[1]

    ranks = table.at_or_below(cells_at(age, size, len(KNOTS)), np.array(KNOTS))

    np.testing.assert_array_equal(ranks, table.cdf[row] / CDF_ONE, why)


def test_between_nodes_and_knots_the_table_is_multilinear() -> None:
    table = make_even_table()
    # Age 90 is rank 0.875: 3/4 from node 2 to node 3. Size 1000 * 0.55 = rank 0.7727...: by hand.
    size_rank = 0.5 + (550 - 10) / 990 * 0.5
    along_size = (size_rank - 0.4) / 0.6
    knot_rank = 0.55  # halfway between the knots 0.5 and 0.6
    knot = KNOTS.index(0.5)
    cdf = table.cdf.reshape(AXES[0].size, AXES[1].size, -1).astype(float) / CDF_ONE
    at_knot = cdf[:, :, knot] / 2 + cdf[:, :, knot + 1] / 2
    at_age = at_knot[2] * 0.25 + at_knot[3] * 0.75

    rank = table.at_or_below(cells_at(90, 550), np.array([knot_rank]))[0]

    assert rank == pytest.approx(at_age[1] * (1 - along_size) + at_age[2] * along_size, abs=1e-11)


def all_edges(name: str) -> NDArray[np.float64]:
    """Every value where something changes, with its neighbours in floating point."""
    points = np.array([value for value, _ in CURVES[name]])
    curve = make_curve(CURVES[name])
    at_knots = np.interp(KNOTS, curve.ranks, curve.values)
    edges = [np.concatenate([points, at_knots])]
    for direction in (-INF, INF):
        step = edges[0]
        for _ in range(3):
            step = np.nextafter(step, direction)
            edges.append(step)
    return np.unique(np.concatenate(edges))


@pytest.mark.parametrize("name", ["bots", "rate", "price"])
@pytest.mark.parametrize("ties", ALL_TIES)
@pytest.mark.parametrize("declared", [(None, None), (0.3, 0.7), (-7.0, 60.0), (0.0, None)])
def test_a_better_value_never_lowers_the_rank(
    name: str, ties: Ties, declared: tuple[float | None, float | None]
) -> None:
    # 48 cases of 120 places and some 90 values: half a million pairs.
    rng = np.random.default_rng(7)
    table = make_table(rng, name, NODE_COUNT)
    span = table.pooled.values[[0, -1]] + [-2, 2]
    values = np.unique([*all_edges(name), *rng.uniform(*span, 30), 0.3, 0.7, -INF, INF])
    ages, sizes = rng.uniform(-10, 140, 120), 10 ** rng.uniform(-0.2, 3.2, 120)
    ages[:8], sizes[4:12] = [0, 12, 35.999, 36, 60, 120, NAN, NAN], NAN
    places = np.column_stack([ages, sizes]).repeat(len(values), axis=0)
    lower, upper = declared
    metric = PeerMetric(name=name, lower=lower, upper=upper, ties=ties)

    ranks = table.rank(metric, locate(AXES, places), np.tile(values, 120)).reshape(120, -1)

    assert (np.diff(ranks, axis=1) >= 0).all()
    assert ranks.min() >= 0
    assert ranks.max() <= 1


@pytest.mark.parametrize("ties", ALL_TIES)
def test_where_lower_is_better_a_rank_is_what_is_left_to_1(ties: Ties) -> None:
    table = make_grid_table()
    values = all_edges("bots")
    cells = cells_at(20, 30, len(values))
    up = PeerMetric(name="bots", ties=ties)
    down = PeerMetric(name="bots", ties=ties, higher_is_better=False)

    assert (table.rank(down, cells, values) == 1 - table.rank(up, cells, values)).all()
