import json
import math

import numpy as np
import pytest
from evaluation_builders import (
    ACCOUNTS,
    AGES,
    ALIKE,
    AXIS,
    TRUE,
    VALUES,
    cells_of,
    make_frame,
    make_table,
    marginal_of,
    measured,
    pooled_truth,
    zeros_table,
)
from fit_builders import NAN, make_power_table, make_scorer
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring.artifact import Artifact
from serving.scoring.distribution import PooledDistribution
from serving.scoring.manifest import to_json
from serving.scoring.peer_table import CDF_ONE
from serving.scoring.scorer import Scorer
from training.baseline import Baseline
from training.evaluate import evaluate


def evaluated(tables, frame):
    scorer = make_scorer(tables, AXIS)
    return evaluate(scorer, frame, scorer.encode(frame))


def test_the_true_distribution_is_calibrated_and_sharper_than_no_peers():
    result = measured(TRUE, cells_of(), VALUES, (AGES // 25).astype(np.intp))

    assert result["pit_ks"] < result["pit_ks_noise_95"]
    assert result["pit_ks_noise_95"] == pytest.approx(1.358 / np.sqrt(ACCOUNTS))
    assert result["rank_crps_ratio"] + 4 * result["rank_crps_ratio_standard_error"] < 1
    assert result["worst_cell_ks"] < 1.5 * result["worst_cell_noise_95"]
    # Four standard errors of a share of half of the accounts.
    assert all(
        abs(share - float(level)) < 2 / np.sqrt(ACCOUNTS)
        for level, share in result["coverage"].items()
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (make_power_table(0.0), "values stand higher than it says"),
        (pooled_truth(6.0), "lower"),
        (pooled_truth(0.5), "its pooled distribution is another one's"),
    ],
)
def test_a_wrong_distribution_is_flagged(table, why):
    result = measured(table, cells_of(), VALUES, ALIKE)

    assert result["pit_ks"] > 2 * result["pit_ks_noise_95"], why


def test_a_distribution_that_is_right_on_average_and_wrong_in_a_cell_is_flagged_there():
    marginal = marginal_of(TRUE)

    result = measured(marginal, cells_of(), VALUES, (AGES // 25).astype(np.intp))

    assert result["pit_ks"] < result["pit_ks_noise_95"]
    assert result["worst_cell_ks"] > 2 * result["worst_cell_noise_95"]
    assert result["rank_crps_ratio"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("share", "is_right"), [(0.6, True), (0.5, False), (0.7, False)])
def test_an_atom_of_another_size_is_flagged(share, is_right):
    rng = np.random.default_rng(3)
    values = np.where(rng.random(ACCOUNTS) < 0.6, 0.0, rng.random(ACCOUNTS))

    result = measured(zeros_table(share), cells_of(), values, ALIKE)

    assert (result["pit_ks"] < result["pit_ks_noise_95"]) is is_right
    assert result["at_lower"] == (values == 0).mean()


def test_coverage_is_the_share_at_or_below_each_rank():
    values = np.linspace(0.0005, 0.9995, 1000)

    result = measured(make_power_table(0.0), cells_of(AGES[:1000]), values, np.zeros(1000, np.intp))

    assert list(result["coverage"])[::6] == ["0.05", "0.35", "0.65", "0.95"]
    assert all(abs(share - float(level)) < 2e-3 for level, share in result["coverage"].items())


def test_a_constant_metric_is_no_better_and_no_worse_than_without_peers():
    pooled = PooledDistribution(np.array([5.0, 5.0]), np.array([0.0, 1.0]))
    table = make_table(pooled, np.array([0.0, 1.0]), np.array([0, CDF_ONE]))

    result = evaluated({"bots": table}, make_frame(np.full(ACCOUNTS, 5.0)))["metrics"]["bots"]

    assert result["rank_crps"] == 0.0
    assert result["rank_crps_ratio"] == 1.0
    assert result["rank_crps_ratio_standard_error"] == 0.0
    assert result["pit_ks"] < 1.2 * result["pit_ks_noise_95"]


@pytest.mark.parametrize("accounts", [1, 2, 49])
def test_few_accounts_are_evaluated_without_a_worst_cell(accounts):
    frame = make_frame(VALUES[:accounts], AGES[:accounts])

    result = evaluated({"bots": TRUE}, frame)["metrics"]["bots"]

    assert result["accounts"] == accounts
    assert (result["worst_cell_ks"], result["worst_cell_noise_95"]) == (None, None)
    assert all(math.isfinite(value) for value in result.values() if isinstance(value, float))


def test_gaps_are_counted_and_not_evaluated():
    seen = np.arange(ACCOUNTS) % 4 > 0
    holed = make_frame(np.where(seen, VALUES, NAN))

    result = evaluated({"bots": TRUE}, holed)["metrics"]["bots"]

    assert (result["missing"], result["accounts"]) == (1000, 3000)
    alone = evaluated({"bots": TRUE}, holed[seen])["metrics"]["bots"]
    # Accounts with gaps are drawn by the bootstrap too, so the intervals are other draws.
    drawn = result.pop("rank_crps_ratio_interval")
    assert drawn == pytest.approx(alone.pop("rank_crps_ratio_interval"), abs=0.005)
    assert alone == {**result, "missing": 0}


def test_a_metric_nobody_has_is_named_with_no_account():
    frame = make_frame(web=np.full(ACCOUNTS, NAN))

    result = evaluated({"bots": TRUE, "web": TRUE}, frame)

    assert result["metrics"]["web"] == {"missing": ACCOUNTS, "accounts": 0}
    assert result["metrics"]["bots"]["accounts"] == ACCOUNTS


def test_flags_are_counted():
    ages = AGES.copy()
    ages[:3], ages[3:5] = NAN, 500.0
    values = VALUES.copy()
    values[0], values[5] = NAN, -1.0

    result = evaluated({"bots": TRUE}, make_frame(values, ages))

    assert result["flags"] == {
        "out_of_range": 2,
        "peer_dimension_missing": 3,
        "few_peers": 0,
        "value_clamped": 1,
    }
    assert result["accounts"] == ACCOUNTS


def test_cells_are_the_quarters_of_the_training_accounts():
    """Only accounts older than three quarters of the training accounts are off."""
    values = np.where(AGES > 75, VALUES**4, VALUES)

    whole = evaluated({"bots": TRUE}, make_frame(values))["metrics"]["bots"]
    old = evaluated({"bots": TRUE}, make_frame(values)[AGES > 75])["metrics"]["bots"]

    assert whole["worst_cell_noise_95"] == old["pit_ks_noise_95"]
    assert whole["worst_cell_ks"] == pytest.approx(old["pit_ks"], abs=0.05)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_accounts_changes_nothing(seed):
    frame = make_frame(np.floor(VALUES * 8), AGES)[:300]
    tables = {"bots": zeros_table(0.2)}

    shuffled = evaluated(tables, frame.sample(frac=1, random_state=seed))

    assert shuffled == evaluated(tables, frame)


def test_an_evaluation_is_plain_json():
    result = evaluated({"bots": TRUE}, make_frame())

    assert json.loads(to_json(result)) == result


def test_the_share_of_accounts_at_an_atom_is_told():
    values = np.where(np.arange(ACCOUNTS) < 0.3 * ACCOUNTS, 0.0, 0.5)

    with_atom = measured(zeros_table(0.6), cells_of(), values, ALIKE)
    without = measured(TRUE, cells_of(), values, ALIKE)

    assert with_atom["atom_share"] == pytest.approx(0.3)
    assert without["atom_share"] == 0.0


def test_ratios_have_intervals_that_hold_them():
    result = evaluated({"bots": TRUE}, make_frame())["metrics"]["bots"]

    low, high = result["rank_crps_ratio_interval"]
    error = result["rank_crps_ratio_standard_error"]
    assert low < result["rank_crps_ratio"] < high
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_without_a_baseline_there_is_no_ratio_to_it_and_the_reason_is_told():
    result = evaluated({"bots": TRUE}, make_frame())

    assert result["baseline"] == {
        "estimator": "nearest_peers",
        "accounts": 0,
        "reason": "not asked for",
    }
    assert result["metrics"]["bots"]["rank_crps_knn_ratio"] is None
    assert result["metrics"]["bots"]["rank_crps_knn_ratio_interval"] is None


def scorer_of(table, **fit):
    """A scorer whose manifest tells how its metric was fitted."""
    artifact = make_scorer({"bots": table}, AXIS).artifact
    manifest = {"training": {"metrics": {"bots": fit}}}
    return Scorer(
        Artifact(artifact.scorecard, artifact.inputs, artifact.tables, {}, manifest, version="")
    )


def against(scorer, baseline_tables):
    frame = make_frame()
    peers = make_scorer(baseline_tables, AXIS).artifact.tables
    return evaluate(scorer, frame, scorer.encode(frame), Baseline(peers, 3000))["metrics"]["bots"]


def test_the_baseline_itself_is_exactly_as_good_as_the_baseline():
    result = against(scorer_of(TRUE, estimator="parametric", family="beta"), {"bots": TRUE})

    assert result["rank_crps_knn_ratio"] == 1.0
    assert result["rank_crps_knn_ratio_interval"] == [1.0, 1.0]
    assert (result["estimator"], result["family"]) == ("parametric", "beta")


def test_a_worse_table_than_the_baseline_is_told_so_for_sure():
    reason = "peers tell no more than chance about this metric"
    marginal = scorer_of(marginal_of(TRUE), estimator="marginal", reason=reason)

    result = against(marginal, {"bots": TRUE})

    assert result["rank_crps_knn_ratio_interval"][0] > 1
    assert result["reason"] == reason


def test_a_metric_with_nearest_peers_is_its_own_baseline():
    result = against(scorer_of(TRUE, estimator="nearest_peers"), {"web": TRUE})

    assert result["rank_crps_knn_ratio"] == 1.0


def test_a_baseline_that_never_saw_the_metric_says_nothing_of_it():
    never = make_table(PooledDistribution(np.zeros(1), np.zeros(1)), np.array([0, 1]), [0, CDF_ONE])

    result = against(scorer_of(TRUE, estimator="parametric"), {"bots": never})

    assert result["rank_crps_knn_ratio"] is None


def test_a_metric_that_training_never_saw_has_no_ranks_to_judge():
    never = make_table(PooledDistribution(np.zeros(1), np.zeros(1)), np.array([0, 1]), [0, CDF_ONE])

    result = evaluated({"bots": never}, make_frame())

    assert result["metrics"]["bots"] == {"missing": ACCOUNTS, "accounts": 0}


def test_figures_are_rounded_so_that_last_bits_do_not_show():
    result = evaluated({"bots": TRUE}, make_frame())["metrics"]["bots"]

    shown = [value for value in result.values() if isinstance(value, float)]
    assert len(shown) > 8
    assert all(value == round(value, 9) for value in shown)
