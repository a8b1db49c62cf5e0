"""The rank-CRPS, its ratios, and how sure they are."""

import numpy as np
import pytest
from evaluation_builders import (
    AGES,
    ALIKE,
    METRIC,
    POWER,
    TRUE,
    VALUES,
    cells_of,
    marginal_of,
    measured,
    zeros_table,
)
from fit_builders import draw_power

import training.rank_crps
from serving.scoring.scorecard import PeerMetric
from training.rank_crps import (
    RESAMPLES,
    crps_thresholds,
    metric_losses,
    ratio,
    ratio_intervals,
    ratios_with_intervals,
)

RNG = np.random.default_rng(11)


def test_the_crps_is_that_of_its_definition():
    values = VALUES[:200]
    cells = cells_of(AGES[:200])
    thresholds = np.interp(np.linspace(0.01, 0.99, 50), TRUE.pooled.ranks, TRUE.pooled.values)

    result = measured(TRUE, cells, values, ALIKE[:200])

    losses = [(TRUE.at_or_below(cells, np.full(200, t)) - (values <= t)) ** 2 for t in thresholds]
    alone = [(TRUE.pooled.at_or_below(np.array([t]))[0] - (values <= t)) ** 2 for t in thresholds]
    assert result["rank_crps"] == pytest.approx(np.mean(losses))
    assert result["rank_crps_ratio"] == pytest.approx(np.mean(losses) / np.mean(alone))


def test_the_ratio_s_standard_error_is_its_spread_over_samples():
    results = [
        measured(
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


def test_thresholds_beyond_a_declared_bound_are_left_out_for_nobody_is_there():
    bounded = PeerMetric(name="bots", lower=0.3, upper=0.6)
    inside = [t for t in crps_thresholds(TRUE.pooled, (0.0, np.inf)) if 0.3 <= t < 0.6]

    found = metric_losses(TRUE, bounded, cells_of(), VALUES)
    clamped = metric_losses(TRUE, bounded, cells_of(), np.clip(VALUES, 0.3, 0.6))

    assert crps_thresholds(TRUE.pooled, (0.3, 0.6)).tolist() == inside
    assert np.array_equal(found.own, clamped.own), "beyond a bound is at it"
    assert 0 < found.own.mean() < metric_losses(TRUE, METRIC, cells_of(), VALUES).own.mean()


def test_a_table_is_as_good_as_itself_and_the_ratio_says_so_for_sure():
    own = metric_losses(TRUE, METRIC, cells_of(), VALUES, (TRUE, cells_of()))

    told = ratios_with_intervals({"bots": (np.ones(len(VALUES), bool), own)})["bots"]

    assert told["rank_crps_knn_ratio"] == 1.0
    assert told["rank_crps_knn_ratio_interval"] == [1.0, 1.0]


def test_a_table_is_better_than_one_that_ignores_peers_and_the_interval_says_so():
    worse = marginal_of(TRUE)

    own = metric_losses(TRUE, METRIC, cells_of(), VALUES, (worse, cells_of()))
    told = ratios_with_intervals({"bots": (np.ones(len(VALUES), bool), own)})["bots"]

    assert told["rank_crps_knn_ratio"] == pytest.approx(told["rank_crps_ratio"], abs=1e-3)
    assert told["rank_crps_knn_ratio_interval"][1] < 1


def draw_losses(samples, accounts):
    """Two losses per account that go together, as those of two models do; their means are 2 : 3."""
    both = RNG.gamma(1.0, size=(samples, accounts))
    losses = both + RNG.gamma(1.0, size=both.shape), both + RNG.gamma(2.0, size=both.shape)
    # Whole multiples, as losses are: then they add up exactly.
    return tuple(np.rint(part * 2**30) / 2**30 for part in losses)


def test_a_95_percent_interval_holds_the_truth_95_times_in_100():
    samples = 600

    low, high = ratio_intervals(*draw_losses(samples, 200)).T

    holds = ((low <= 2 / 3) & (high >= 2 / 3)).mean()
    # Four standard errors of a share of 95 % in 600; at 200 accounts it is a little too narrow.
    assert 0.95 - 0.045 < holds < 0.95 + 0.036


def test_an_interval_is_as_wide_as_the_spread_of_the_ratio_over_samples():
    losses, others = draw_losses(600, 200)

    low, high = ratio_intervals(losses, others).T

    spread = np.std(losses.mean(axis=1) / others.mean(axis=1))
    assert (high - low).mean() == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_an_interval_holds_its_ratio_and_does_not_depend_on_the_other_metrics():
    losses, others = draw_losses(5, 100)

    together, alone = ratio_intervals(losses, others), ratio_intervals(losses[3:4], others[3:4])

    assert np.array_equal(together[3:4], alone)
    for (low, high), first, second in zip(together, losses, others, strict=True):
        assert low < ratio(first, second) < high


@pytest.mark.slow
def test_an_interval_does_not_depend_on_how_many_resamples_are_held_at_once(monkeypatch):
    found = metric_losses(TRUE, METRIC, cells_of(), VALUES)
    whole = ratio_intervals(found.own[None], found.alone[None])

    for counts in (1, 7 * len(VALUES), 10 * RESAMPLES * len(VALUES)):
        monkeypatch.setattr(training.rank_crps, "_COUNTS", counts)
        assert np.array_equal(ratio_intervals(found.own[None], found.alone[None]), whole)


def test_losses_are_added_exactly_so_no_order_of_adding_matters():
    found = metric_losses(TRUE, METRIC, cells_of(), VALUES)

    for losses in (found.own, found.alone):
        assert losses.sum() == losses[::-1].sum() == sum(losses.tolist())


def test_where_nothing_can_be_wrong_the_ratio_is_one_for_sure():
    nothing = np.zeros((1, 50))

    assert ratio(nothing[0], nothing[0]) == 1.0
    assert ratio_intervals(nothing, nothing).tolist() == [[1.0, 1.0]]


def test_accounts_without_the_metric_are_drawn_and_count_nothing():
    losses, others = draw_losses(1, 400)
    seen = np.arange(400) % 2 == 0

    low, high = ratio_intervals(np.where(seen, losses, 0.0), np.where(seen, others, 0.0))[0]
    half_low, half_high = ratio_intervals(losses[:, seen], others[:, seen])[0]

    assert high - low == pytest.approx(half_high - half_low, rel=0.2)


def test_an_atom_is_no_ramp_to_the_crps():
    """At the atom F jumps to its share: an account at zero is foretold as well as can be."""
    table = zeros_table(0.6)

    found = metric_losses(table, METRIC, cells_of(AGES[:2]), np.array([0.0, 1.0]))

    levels = np.linspace(0.01, 0.99, 50)
    shares = np.maximum(levels, 0.6)
    assert found.own[0] == pytest.approx(((shares - 1) ** 2).mean(), abs=1e-4)
    assert found.own[1] == pytest.approx((shares**2).mean(), abs=1e-4)
