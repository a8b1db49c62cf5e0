"""The plain baseline: nearest peers, fitted to the accounts a fit has, and only to those."""

import numpy as np
import pandas as pd
import pytest
from fit_builders import (
    AGE,
    COLUMNS,
    PLACES,
    PLAN,
    SIZE,
    fit_alone,
    make_plan,
    make_scorecard,
)

from serving.scoring.artifact import Artifact
from serving.scoring.column import Input
from serving.scoring.scorer import Scorer
from training.baseline import fit_baseline, no_baseline
from training.definition import EstimatorOptions
from training.evaluate import evaluate
from training.fit import fit_tables
from training.inspection import peer_curves, quartiles_by_place

MANY = [Input(f"d{number}") for number in range(4)]
MANY_PLAN = make_plan(MANY, np.random.default_rng(6).random((1500, 4)) * 100)
NEAREST = EstimatorOptions("nearest_peers")


def test_it_is_what_a_scorecard_that_asks_for_nearest_peers_gets():
    asked, fit = fit_alone(PLAN, COLUMNS["power"], NEAREST)

    found = fit_baseline(PLAN, {"power": COLUMNS["power"]}, {}, jobs=1)

    assert fit.description["estimator"] == "nearest_peers"
    assert np.array_equal(found.peers.metrics["power"].cdf, asked.cdf)
    assert (found.accounts, found.reason) == (1500, None)


def test_a_metric_that_has_nearest_peers_already_is_not_fitted_again():
    columns = {name: COLUMNS[name] for name in ("power", "noise")}

    found = fit_baseline(PLAN, columns, {"power": "nearest_peers", "noise": "marginal"}, jobs=1)

    assert list(found.peers.metrics) == ["noise"]


def test_the_number_of_jobs_changes_nothing():
    columns = {name: COLUMNS[name] for name in ("power", "counts", "holed")}

    one, two = (fit_baseline(PLAN, columns, {}, jobs=jobs) for jobs in (1, 2))

    assert one.peers.to_npz() == two.peers.to_npz()


def test_a_scorecard_of_nearest_peers_alone_is_evaluated_beside_itself():
    tables, fits = fit_tables(PLAN, {"power": COLUMNS["power"]}, {"power": NEAREST}, jobs=1)
    card = make_scorecard(["power"], [AGE, SIZE])
    told = {"training": {"metrics": {"power": fits["power"].description}}}
    scorer = Scorer(Artifact(card, card.inputs, tables, {}, told, version=""))
    frame = pd.DataFrame(
        {"acct_id": [f"a{at:04}" for at in range(1500)], "power": COLUMNS["power"]}
    )
    frame[AGE.name], frame[SIZE.name] = PLACES[:, 0], PLACES[:, 1]
    baseline = fit_baseline(PLAN, {"power": COLUMNS["power"]}, {"power": NEAREST.name}, jobs=1)

    found = evaluate(scorer, frame, scorer.encode(frame), baseline)

    assert found["metrics"]["power"]["rank_crps_knn_ratio"] == 1


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (make_plan([AGE, SIZE], PLACES[:299]), "299 accounts to fit it to; 300 are needed"),
        (MANY_PLAN, "among so many peer dimensions nobody is near"),
    ],
)
def test_where_there_can_be_none_it_says_why(plan, says):
    metrics = {"power": COLUMNS["power"][: len(plan.dimensions)]}

    assert fit_baseline(plan, metrics, {}, jobs=1) == no_baseline(says)


def test_with_many_dimensions_everything_but_the_baseline_is_measured():
    dimensions, rng = MANY_PLAN.dimensions, np.random.default_rng(7)
    values = rng.random(1500) ** (1.0 / (1.0 + 3.0 * dimensions[:, 0] / 100))
    forests, fits = fit_tables(MANY_PLAN, {"bots": values}, {}, jobs=1)
    card = make_scorecard(["bots"], MANY)
    told = {"training": {"metrics": {"bots": fits["bots"].description}}}
    scorer = Scorer(Artifact(card, card.inputs, forests, {}, told, version=""))
    columns = {column.name: dimensions[:, at] for at, column in enumerate(MANY)}
    frame = pd.DataFrame(
        {"acct_id": [f"a{at:04}" for at in range(1500)], "bots": values, **columns}
    )

    baseline = fit_baseline(MANY_PLAN, {"bots": values}, {}, jobs=1)
    result = evaluate(scorer, frame, scorer.encode(frame), baseline)

    measured = result["metrics"]["bots"]
    assert measured["rank_crps_ratio_interval"][1] < 1
    assert measured["pit_ks"] < measured["pit_ks_noise_95"]
    assert 0 < measured["jump_p99"] < 1
    assert measured["rank_crps_knn_ratio"] is None
    assert result["baseline"]["reason"] == baseline.reason
    assert result["jump"]["dimension"] == "d0"
    assert len(quartiles_by_place(scorer, card.metrics[0])) == 12
    assert peer_curves(scorer)["bots"].dimension == "d0"
