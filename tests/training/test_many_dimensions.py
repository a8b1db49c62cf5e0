"""More peer dimensions than a table can hold: the models themselves are served."""

import numpy as np
import pytest
from fit_builders import NAN, make_plan

from serving.scoring.column import Input
from serving.scoring.peer_forests import PeerForests
from serving.scoring.peer_table import CDF_ONE
from serving.scoring.scorecard import PeerMetric
from training.definition import EstimatorOptions
from training.errors import DataError
from training.fit import fit_tables
from training.many_dimensions import BACKGROUND

RNG = np.random.default_rng(6)
COLUMNS = [
    *(Input(f"number{i}") for i in range(4)),
    Input("region", "category", ("EU", "JP", "US")),
]
PLACES = np.column_stack([RNG.random((3000, 4)) * [100, 1, 1e4, 5], RNG.integers(0, 3, 3000)])
PLAN = make_plan(COLUMNS, PLACES)
RANKS = PLACES[:, :4] / [100, 1, 1e4, 5]
GROWING = RNG.gamma(2.0, np.exp(RANKS[:, 0] + RANKS[:, 1] * (PLACES[:, 4] == 2)))
CHECKERED = RNG.random(3000) + 3.0 * (np.floor(RANKS[:, :2] * 3).sum(axis=1) % 2)
METRICS = {
    "growing": GROWING,
    "checkered": CHECKERED,
    "constant": np.ones(3000),
    "never": np.full(3000, NAN),
    "seldom": np.where(np.arange(3000) < 2400, NAN, GROWING),
}


@pytest.fixture(scope="module")
def fitted():
    return fit_tables(PLAN, METRICS, {}, jobs=2)


def test_what_is_served_is_the_model(fitted):
    forests, fits = fitted
    around = forests.around(PLACES[:200])

    assert isinstance(forests, PeerForests)
    for name in ("growing", "checkered", "constant", "seldom"):
        model = fits[name].model.cdf(PLAN.ranks[:200])
        served = around.metrics[name].cdf / CDF_ONE
        assert np.abs(served - model).max() < 1e-5, name


def test_trees_are_served_where_they_are_kept(fitted):
    forests, fits = fitted

    assert fits["checkered"].description["rounds"] > 0
    assert len(forests.metrics["checkered"].trees.leaves) > 0
    assert len(forests.metrics["constant"].trees.leaves) == 0


def test_without_peers_every_place_has_the_distribution_of_all(fitted):
    around = fitted[0].around(PLACES[:20])
    constant, never = around.metrics["constant"], around.metrics["never"]

    ranks = constant.rank(PeerMetric(name="constant", ties="mid"), around.cells, np.ones(20))
    assert ranks == pytest.approx(0.5, abs=1e-4)
    assert np.isnan(never.rank(PeerMetric(name="never"), around.cells, np.ones(20))).all()


def test_a_metric_that_few_have_is_informed_by_fewer(fitted):
    around = fitted[0].around(PLACES[:20])

    shares = around.metrics["seldom"].peers / around.metrics["growing"].peers
    assert shares == pytest.approx(600 / 3000)


def test_an_account_without_a_dimension_is_compared_with_all_along_it(fitted):
    forests = fitted[0]
    hidden = PLACES[:1].copy()
    hidden[0, 0] = NAN
    spread = np.repeat(PLACES[:1], 2000, axis=0)
    spread[:, 0] = PLACES[:2000, 0]

    alone, many = (forests.around(places).metrics["growing"].cdf for places in (hidden, spread))

    assert np.abs(alone[0] - many.mean(axis=0)).max() < 0.02 * CDF_ONE
    assert forests.around(hidden).cells.unknown.all()


def test_no_account_is_stored(fitted):
    background = fitted[0].background

    assert background.shape == (BACKGROUND, 5)
    assert not (background[:, None] == PLAN.ranks[None]).all(axis=2).any()


def test_dimensions_that_go_together_are_averaged_over_together():
    """Paired at random, F was asked about accounts that there are not, and off by a fifth."""
    rng = np.random.default_rng(2)
    first = rng.random(4000)
    places = np.column_stack([first, first + 0.05 * rng.normal(size=4000), rng.random((4000, 2))])
    values = 10.0 * (places[:, 0] - places[:, 1]) + 0.1 * rng.normal(size=4000)
    plan = make_plan([Input(f"number{i}") for i in range(4)], places)
    forests, _ = fit_tables(plan, {"m": values}, {}, jobs=1)
    pooled = forests.metrics["m"].pooled.at_or_below(values[:200])

    for hidden, allowed in (([0, 1], 0.05), ([0, 1, 2, 3], 1e-4)):
        asked = places[:200].copy()
        asked[:, hidden] = NAN
        around = forests.around(asked)
        ranks = around.metrics["m"].at_or_below(around.cells, values[:200])
        assert np.abs(ranks - pooled).mean() < allowed, hidden


@pytest.mark.parametrize("dimensions", [2, 4])
def test_where_nobody_has_all_dimensions_everybody_is_a_peer(dimensions):
    places = np.where(np.eye(dimensions, dtype=bool)[np.arange(1200) % dimensions], 0.5, NAN)
    places *= np.random.default_rng(3).random((1200, 1))
    values = np.random.default_rng(4).random(1200)
    plan = make_plan([Input(f"number{i}") for i in range(dimensions)], places)

    peers, fits = fit_tables(plan, {"m": values}, {}, jobs=1)

    around = peers.around(places[:50])
    assert "all peer dimensions" in fits["m"].description["reason"]
    ranks = around.metrics["m"].at_or_below(around.cells, values[:50])
    assert ranks == pytest.approx(values[:50], abs=0.05)


@pytest.mark.slow
def test_a_category_of_many_values_is_learned_beside_two_numbers():
    """Its column once fell to the limit on terms, and peers were said to tell nothing."""
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 60, 6000)
    many = Input("name", "category", tuple(map(str, range(60))))
    places = np.column_stack([rng.random((6000, 2)), codes])
    values = 3.0 * np.sin(7.7 * codes) + 0.3 * rng.normal(size=6000)

    _, fits = fit_tables(make_plan([*COLUMNS[:2], many], places), {"m": values}, {}, jobs=1)

    assert fits["m"].description["estimator"] == "distribution_regression"
    assert fits["m"].description["selection_gain"] > 0.2


def test_many_large_categories_are_neither_a_grid_nor_too_large_a_number():
    """100 ** 10 cells are fewer than none in 64 bits."""
    rng = np.random.default_rng(7)
    names = tuple(map(str, range(100)))
    columns = [Input(f"c{i}", "category", names) for i in range(10)]
    plan = make_plan(columns, rng.integers(0, 100, (1200, 10)).astype(float))

    peers, _ = fit_tables(
        plan, {"m": rng.random(1200)}, {"m": EstimatorOptions("marginal")}, jobs=1
    )

    assert isinstance(peers, PeerForests)


@pytest.mark.parametrize(("name", "family"), [("nearest_peers", None), ("parametric", "gamma")])
def test_an_estimator_that_needs_a_table_is_refused_by_name(name, family):
    asked = {"growing": EstimatorOptions(name, family)}

    with pytest.raises(DataError, match=f"growing: {name} needs a table, and these peer"):
        fit_tables(PLAN, {"growing": GROWING}, asked, jobs=1)


@pytest.mark.slow
def test_neither_jobs_nor_the_order_of_accounts_change_a_bit(fitted):
    order = RNG.permutation(3000)
    plan = make_plan(COLUMNS, PLACES[order], PLAN.split[order])

    again, _ = fit_tables(plan, {n: v[order] for n, v in METRICS.items()}, {}, jobs=1)

    assert again.to_npz() == fitted[0].to_npz()
