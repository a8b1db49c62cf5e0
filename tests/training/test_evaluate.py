import json
import math

import numpy as np
import pandas as pd
import pytest
from fit_builders import INF, NAN, draw_power, make_even_axis, make_power_table, make_scorer
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring.distribution import PooledDistribution
from serving.scoring.manifest import to_json
from serving.scoring.peer_axes import locate
from serving.scoring.peer_table import CDF_ONE, PeerTable
from training.evaluate import (
    KS_95,
    MIN_CELL_ACCOUNTS,
    evaluate,
    evaluate_metric,
    ks_distance,
    randomised_pit,
)

AXIS = make_even_axis()
ACCOUNTS = 4000
AGES = np.random.default_rng(1).random(ACCOUNTS) * 100
ALIKE = np.zeros(ACCOUNTS, dtype=np.intp)
#: Drawn from the law of `make_power_table`: F(y | age) = y ** (1 + 2 · age / 100).
POWER = 2.0
VALUES = draw_power(AGES, np.random.default_rng(2), POWER)


def pooled_truth(power):
    """The table of the law with the values' own pooled distribution, as a fit would have it."""
    y = np.linspace(0, 1, 400)
    ages = np.linspace(0.5, 99.5, 100)
    pooled = PooledDistribution(
        y, np.mean([y ** (1 + power * age / 100) for age in ages], axis=0).clip(0, 1)
    )
    at = np.interp(np.linspace(0, 1, 101), pooled.ranks, pooled.values)
    exponents = 1.0 + power * np.append(AXIS.nodes, 0.5)
    cdf = np.rint(CDF_ONE * at[None, :] ** exponents[:, None]).astype(np.uint16)
    return PeerTable(pooled, np.linspace(0, 1, 101), cdf, 0.0, INF)


TRUE = pooled_truth(POWER)


def cells_of(ages=AGES):
    return locate([AXIS], ages[:, None])


def make_frame(values=VALUES, ages=AGES, **more):
    ids = pd.Series([f"a{number:05}" for number in range(len(ages))], dtype="str")
    return pd.DataFrame({"acct_id": ids, "acct_age": ages, "bots": values, **more})


def evaluated(tables, frame):
    scorer = make_scorer(tables, AXIS)
    return evaluate(scorer, frame, scorer.encode(frame))


def test_the_true_distribution_is_calibrated_and_sharper_than_no_peers():
    result = evaluate_metric(TRUE, cells_of(), VALUES, (AGES // 25).astype(np.intp))

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
    result = evaluate_metric(table, cells_of(), VALUES, ALIKE)

    assert result["pit_ks"] > 2 * result["pit_ks_noise_95"], why


def test_a_distribution_that_is_right_on_average_and_wrong_in_a_cell_is_flagged_there():
    marginal = PeerTable(
        TRUE.pooled,
        TRUE.knots,
        np.tile(np.rint(CDF_ONE * TRUE.knots).astype(np.uint16), (len(TRUE.cdf), 1)),
        0.0,
        INF,
    )

    result = evaluate_metric(marginal, cells_of(), VALUES, (AGES // 25).astype(np.intp))

    assert result["pit_ks"] < result["pit_ks_noise_95"]
    assert result["worst_cell_ks"] > 2 * result["worst_cell_noise_95"]
    assert result["rank_crps_ratio"] == pytest.approx(1, abs=1e-3)


def test_the_crps_is_that_of_its_definition():
    values = VALUES[:200]
    cells = cells_of(AGES[:200])
    thresholds = np.interp(np.linspace(0.01, 0.99, 50), TRUE.pooled.ranks, TRUE.pooled.values)

    result = evaluate_metric(TRUE, cells, values, ALIKE[:200])

    losses = [(TRUE.at_or_below(cells, np.full(200, t)) - (values <= t)) ** 2 for t in thresholds]
    alone = [(TRUE.pooled.at_or_below(np.array([t]))[0] - (values <= t)) ** 2 for t in thresholds]
    assert result["rank_crps"] == pytest.approx(np.mean(losses))
    assert result["rank_crps_ratio"] == pytest.approx(np.mean(losses) / np.mean(alone))


def test_the_ratio_s_standard_error_is_its_spread_over_samples():
    results = [
        evaluate_metric(
            TRUE,
            cells_of(AGES[:500]),
            draw_power(AGES[:500], np.random.default_rng(seed), POWER),
            ALIKE[:500],
        )
        for seed in range(100, 160)
    ]

    spread = np.std([result["rank_crps_ratio"] for result in results])
    stated = np.mean([result["rank_crps_ratio_standard_error"] for result in results])
    # 60 samples know a spread to within a tenth.
    assert stated == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize(
    ("pit", "distance", "why"),
    [
        ([0.5], 0.5, "one account: half of everybody on either side"),
        ([0.0], 1.0, "all at 0, where nobody should be"),
        ([1.0], 1.0, "all at 1"),
        ([0.25, 0.75], 0.25, "as even as two can be"),
        ([0.75, 0.25], 0.25, "in any order"),
        ([0.5, 0.5], 0.5, "two at once"),
        ([0.1, 0.2, 0.3, 0.4], 0.6, "all in the lower half"),
        ([0.6, 0.7, 0.8, 0.9], 0.6, "all in the upper half"),
    ],
)
def test_the_ks_distance_by_hand(pit, distance, why):
    assert ks_distance(np.array(pit)) == pytest.approx(distance), why


def zeros_table(share):
    """F(y) = share + (1 - share) y on 0..1, whatever the age: an atom at 0."""
    pooled = PooledDistribution(np.array([0.0, 0.0, 1.0]), np.array([0.0, share, 1.0]))
    knots = np.array([0.0, share, 1.0])
    cdf = np.tile(np.rint(CDF_ONE * knots).astype(np.uint16), (AXIS.size, 1))
    return PeerTable(pooled, knots, cdf, 0.0, INF)


def test_the_ranks_of_accounts_at_an_atom_are_spread_evenly_over_it():
    values = np.where(np.arange(ACCOUNTS) < 0.6 * ACCOUNTS, 0.0, VALUES**0.0 * 0.5)

    pit = randomised_pit(zeros_table(0.6), cells_of(), values)

    at_zero = pit[values == 0]
    assert ks_distance(at_zero / 0.6) < KS_95 / np.sqrt(len(at_zero))
    assert pit[values > 0] == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize(("share", "is_right"), [(0.6, True), (0.5, False), (0.7, False)])
def test_an_atom_of_another_size_is_flagged(share, is_right):
    rng = np.random.default_rng(3)
    values = np.where(rng.random(ACCOUNTS) < 0.6, 0.0, rng.random(ACCOUNTS))

    result = evaluate_metric(zeros_table(share), cells_of(), values, ALIKE)

    assert (result["pit_ks"] < result["pit_ks_noise_95"]) is is_right
    assert result["at_lower"] == (values == 0).mean()


def test_coverage_is_the_share_at_or_below_each_rank():
    values = np.linspace(0.0005, 0.9995, 1000)

    result = evaluate_metric(
        make_power_table(0.0), cells_of(AGES[:1000]), values, np.zeros(1000, np.intp)
    )

    assert list(result["coverage"])[::6] == ["0.05", "0.35", "0.65", "0.95"]
    assert all(abs(share - float(level)) < 2e-3 for level, share in result["coverage"].items())


def test_the_worst_cell_is_the_one_that_is_furthest_off_among_those_with_enough_accounts():
    """Cell 1 is far off, cell 2 is further off and too small to say so."""
    groups = np.repeat([0, 1, 2], [500, 100, MIN_CELL_ACCOUNTS - 1])
    even = [np.linspace(0, 1, 500), np.linspace(0, 0.6, 100), np.zeros(MIN_CELL_ACCOUNTS - 1)]
    values = np.concatenate(even)

    result = evaluate_metric(make_power_table(0.0), cells_of(AGES[: len(values)]), values, groups)

    assert result["worst_cell_ks"] == pytest.approx(0.4, abs=0.01)
    assert result["worst_cell_noise_95"] == pytest.approx(KS_95 / 10)


def test_a_constant_metric_is_no_better_and_no_worse_than_without_peers():
    pooled = PooledDistribution(np.array([5.0, 5.0]), np.array([0.0, 1.0]))
    cdf = np.tile(np.array([0, CDF_ONE], dtype=np.uint16), (AXIS.size, 1))
    table = PeerTable(pooled, np.array([0.0, 1.0]), cdf, 0.0, INF)

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
