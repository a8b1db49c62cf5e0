from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import CURVES, INF, NAN, make_tree
from forest_builders import BACKGROUND, make_forests, make_many_tree, make_places, make_trees
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_forest import PeerForest
from serving.scoring.peer_forests import PeerForests
from serving.scoring.peer_table import CDF_ONE
from serving.scoring.peers import Peers, Surroundings
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.smooth_terms import SmoothTerms
from serving.scoring.tree_arrays import no_trees

CARD = scorecard_from_dict(make_many_tree())
FORESTS = make_forests(CARD)
TREES: list[tuple[dict[str, Any], str]] = [
    (make_many_tree(), "many dimensions"),
    (make_tree(), "two numbers and a category"),
    (make_tree(peer_dimensions=[{"name": "age", "type": "number"}]), "one number"),
    (make_tree(peer_dimensions=[
        {"name": "region", "type": "category", "categories": ["EU", "US"]},
        {"name": "plan", "type": "category", "categories": ["basic", "pro", "top"]},
    ]), "categories only"),
    (make_tree(peer_dimensions=[]), "no peers"),
]  # fmt: skip


def make_dimensions(
    forests: PeerForests, rows: int, *, seed: int = 1, holes: float = 0.15
) -> NDArray[np.float64]:
    """Accounts in and beyond the training range, at atoms, and with holes."""
    rng = np.random.default_rng(seed)
    columns = []
    for axis in forests.axes:
        if axis.pooled is None:
            column = rng.integers(-1, len(axis.input.categories) + 1, rows).astype(float)
        else:
            points = np.array([value for value, _ in CURVES[axis.input.name]], dtype=float)
            span = points[-1] - points[0]
            anywhere = rng.uniform(points[0] - span / 5, points[-1] + span / 5, rows)
            column = np.where(rng.random(rows) < 0.3, rng.choice(points, rows), anywhere)
        columns.append(np.where(rng.random(rows) < holes, NAN, column))
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def as_bytes(around: Surroundings, row: int) -> list[bytes]:
    """All that is said of one account."""
    cells, metrics, peers = around
    said = [cells.unknown[row], cells.outside[row], peers[row]]
    node = cells.corners[0, row]
    assert cells.weights[:, row].tolist() == [1.0]
    tables = [part for table in metrics.values() for part in (table.cdf[node], table.peers[node])]
    return [part.tobytes() for part in (*said, *tables)]


def in_steps(cdf: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.rint(cdf * CDF_ONE)


@pytest.mark.parametrize(("tree", "why"), TREES)
def test_an_accounts_bits_do_not_depend_on_the_batch(tree: dict[str, Any], why: str) -> None:
    forests = make_forests(scorecard_from_dict(tree))
    accounts = make_dimensions(forests, 3000)
    together = forests.around(accounts)

    for row in range(0, 3000, 19):
        alone = forests.around(accounts[[row]])
        assert as_bytes(alone, 0) == as_bytes(together, row), (why, row)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), rows=st.integers(1, 400))
def test_an_accounts_bits_do_not_depend_on_its_neighbours(seed: int, rows: int) -> None:
    accounts = make_dimensions(FORESTS, rows, seed=seed)
    order = np.random.default_rng(seed).permutation(rows)[: max(1, rows // 2)]
    together, some = FORESTS.around(accounts), FORESTS.around(accounts[order])

    for new, old in enumerate(order):
        assert as_bytes(some, new) == as_bytes(together, old)


def test_the_bits_of_f_before_it_is_rounded_do_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(5)
    forest = FORESTS.metrics["rate"]
    categories = forest.terms.categories
    forest = replace(
        forest,
        knots=np.linspace(0.0, 1.0, 37),
        coefficients=rng.normal(size=(forest.terms.count, 35)),
        offset=rng.normal(size=35),
        trees=make_trees(rng, trees=50, features=7, outputs=35),
    )
    places = make_places(rng, 1100, categories)
    together = forest.cdf(places)

    for row in range(0, 1100, 11):
        assert forest.cdf(places[[row]]).tobytes() == together[row].tobytes()


def test_f_is_the_sigmoid_of_offset_and_terms_and_trees_sorted() -> None:
    forest = FORESTS.metrics["rate"]
    places = make_places(np.random.default_rng(3), 200, forest.terms.categories)
    one_hot = np.column_stack([places[:, :2], np.eye(3)[places[:, 2].astype(int)], places[:, 3:]])
    margin = forest.offset + forest.terms.evaluate(places) @ forest.coefficients
    margin += forest.trees.margins(one_hot.astype(np.float32))

    cdf = forest.cdf(places)

    assert (margin[:, 1:] < margin[:, :-1]).any(), "nothing to sort"
    assert cdf[:, 1:-1] == pytest.approx(np.sort(1 / (1 + np.exp(-margin)), axis=1), abs=1e-12)


@pytest.mark.parametrize(("tree", "why"), TREES)
def test_f_is_a_distribution(tree: dict[str, Any], why: str) -> None:
    forests = make_forests(scorecard_from_dict(tree))

    for table in forests.around(make_dimensions(forests, 500)).metrics.values():
        assert table.cdf.shape == (500, len(table.knots)), why
        assert (table.cdf[:, 0] == 0).all(), why
        assert (table.cdf[:, -1] == CDF_ONE).all(), why
        assert (table.cdf[:, 1:] >= table.cdf[:, :-1]).all(), why


def test_f_is_a_distribution_where_log_odds_are_beyond_exp() -> None:
    far = np.array([-1e6, -800.0, -5.0, 0.0, 5.0, 800.0, 1e6])
    forest = replace(FORESTS.metrics["rate"], offset=far)

    cdf = forest.cdf(make_places(np.random.default_rng(3), 5, forest.terms.categories))

    assert np.isfinite(cdf).all()
    assert (np.diff(cdf, axis=1) >= 0).all()
    assert cdf.min() == 0
    assert cdf.max() == 1


@pytest.mark.parametrize("name", ["bots", "rate", "price"])
def test_a_better_value_never_ranks_lower(name: str) -> None:
    (metric,) = (metric for metric in CARD.metrics if metric.name == name)
    points = np.array([value for value, _ in CURVES[name]], dtype=float)
    values = np.sort(np.concatenate([points, np.linspace(points[0] - 1, points[-1] + 1, 400)]))
    accounts = make_dimensions(FORESTS, 20)

    for account in accounts:
        around = FORESTS.around(np.tile(account, (len(values), 1)))
        ranks = around.metrics[name].rank(metric, around.cells, values)
        worsening = np.diff(ranks) if metric.higher_is_better else -np.diff(ranks)
        assert (worsening >= 0).all()
        assert ranks.min() >= 0
        assert ranks.max() <= 1


def put_in(place: list[float], column: int) -> NDArray[np.float64]:
    """The background accounts, their other dimensions replaced by those of `place`."""
    places = np.tile(np.array(place), (BACKGROUND, 1))
    places[:, column] = FORESTS.background[:, column]
    return places


@pytest.mark.parametrize(("column", "unknown"), [(0, NAN), (2, NAN), (2, 7.0), (2, -1.0), (2, 0.5)])
def test_where_a_dimension_is_not_known_f_is_the_average_over_the_background(
    column: int, unknown: float
) -> None:
    account = np.array([[12.0, 10.0, 1.0, 10.0, 30.0]])
    places = put_in([0.25, 0.5, 1.0, 0.5, 0.25], column)
    account[0, column] = unknown

    around = FORESTS.around(account)

    assert around.cells.unknown.tolist() == [True]
    for name, forest in FORESTS.metrics.items():
        average = forest.cdf(places).mean(axis=0)
        assert around.metrics[name].cdf[0] == pytest.approx(in_steps(average), abs=1)
    terms = FORESTS.terms.evaluate(places).mean(axis=0)
    peers = 1 / (terms @ FORESTS.leverage @ terms)
    assert around.effective_peers == pytest.approx([peers])


def test_where_nothing_is_known_everybody_is_a_peer() -> None:
    around = FORESTS.around(np.full((1, 5), NAN))

    for name, forest in FORESTS.metrics.items():
        assert around.metrics[name].cdf[0] == pytest.approx(in_steps(forest.knots), abs=1)


def test_where_all_is_known_f_is_that_of_the_place_in_whole_steps() -> None:
    around = FORESTS.around(np.array([[12.0, 10.0, 1.0, 10.0, 30.0]]))

    assert around.cells.unknown.tolist() == [False]
    for name, forest in FORESTS.metrics.items():
        there = forest.cdf(np.array([[0.25, 0.5, 1.0, 0.5, 0.25]]))
        assert around.metrics[name].cdf.tolist() == in_steps(there).tolist()


def test_beyond_the_training_range_the_edge_is_used_and_said() -> None:
    inside = np.array([[0.0, 10.0, 1.0, 10.0, 30.0], [120.0, 10.0, 1.0, 10.0, 30.0]])
    beyond = inside.copy()
    beyond[:, 0] = [-INF, 1e300]

    edge, outside = FORESTS.around(inside), FORESTS.around(beyond)

    assert edge.cells.outside.tolist() == [False, False]
    assert outside.cells.outside.tolist() == [True, True]
    for name, table in edge.metrics.items():
        assert outside.metrics[name].cdf.tolist() == table.cdf.tolist()


def test_below_an_atom_at_the_lower_edge_its_own_rank_is_used_and_none_that_nobody_has() -> None:
    size = replace(FORESTS.axes[1], pooled=PooledDistribution(
        np.array([1.0, 1.0, 9.0]), np.array([0.0, 0.6, 1.0])
    ))  # fmt: skip
    forests = replace(FORESTS, axes=(FORESTS.axes[0], size, *FORESTS.axes[2:]))
    at, below = np.array([[12.0, 1.0, 1.0, 10.0, 30.0], [12.0, 0.5, 1.0, 10.0, 30.0]])

    table = forests.around(np.array([at, below])).metrics["rate"]

    assert table.cdf[1].tolist() == table.cdf[0].tolist()


def test_peers_are_the_inverse_leverage_times_the_share_that_had_the_metric() -> None:
    account = np.array([[12.0, 10.0, 1.0, 10.0, 30.0]])
    terms = FORESTS.terms.evaluate(np.array([[0.25, 0.5, 1.0, 0.5, 0.25]]))[0]
    peers = 1 / (terms @ FORESTS.leverage @ terms)

    around = FORESTS.around(account)

    assert around.effective_peers == pytest.approx([peers])
    assert around.metrics["rate"].peers == pytest.approx([0.75 * peers])


def test_no_leverage_gives_many_peers_and_no_infinity() -> None:
    forests = replace(FORESTS, leverage=np.zeros_like(FORESTS.leverage))

    assert np.isfinite(forests.around(make_dimensions(forests, 5)).effective_peers).all()


def test_a_metric_that_nobody_had_has_no_ranks() -> None:
    terms = SmoothTerms(FORESTS.terms.categories)
    never = PeerForest(
        PooledDistribution(np.zeros(1), np.zeros(1)),
        np.array([0.0, 1.0]),
        -INF,
        INF,
        terms=terms,
        coefficients=np.zeros((terms.count, 0)),
        offset=np.zeros(0),
        trees=no_trees(0),
        observed=0.0,
    )
    around = replace(FORESTS, metrics={"rate": never}).around(make_dimensions(FORESTS, 4))
    (metric,) = (metric for metric in CARD.metrics if metric.name == "rate")

    ranks = around.metrics["rate"].rank(metric, around.cells, np.arange(4.0))

    assert around.metrics["rate"].cdf.tolist() == [[0, CDF_ONE]] * 4
    assert np.isnan(ranks).all()


def test_some_of_the_metrics_are_the_same_as_all() -> None:
    peers: Peers = FORESTS
    accounts = make_dimensions(FORESTS, 30)

    some = peers.only(["price"]).around(accounts)

    assert list(some.metrics) == ["price"]
    everything = FORESTS.around(accounts).metrics["price"]
    assert some.metrics["price"].cdf.tobytes() == everything.cdf.tobytes()


def test_nobody_is_surrounded_by_nothing() -> None:
    around = FORESTS.around(np.empty((0, 5)))

    assert around.cells.corners.shape == (1, 0)
    assert around.metrics["rate"].cdf.shape == (0, 9)
