"""More peer dimensions than a table can hold: the models themselves are served."""

import numpy as np
import pytest
from fit_builders import NAN, make_plan

from serving.scoring.peer_forests import PeerForests
from serving.scoring.peer_table import CDF_ONE
from serving.scoring.scorecard import Input, PeerMetric
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


@pytest.mark.parametrize(("name", "family"), [("nearest_peers", None), ("parametric", "gamma")])
def test_an_estimator_that_needs_a_table_is_refused_by_name(name, family):
    asked = {"growing": EstimatorOptions(name, family)}

    with pytest.raises(DataError, match=f"growing: {name} needs a table"):
        fit_tables(PLAN, {"growing": GROWING}, asked, jobs=1)


def test_neither_jobs_nor_the_order_of_accounts_change_a_bit(fitted):
    order = RNG.permutation(3000)
    plan = make_plan(COLUMNS, PLACES[order], PLAN.split[order])

    again, _ = fit_tables(plan, {n: v[order] for n, v in METRICS.items()}, {}, jobs=1)

    assert again.to_npz() == fitted[0].to_npz()
