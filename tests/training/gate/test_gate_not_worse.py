"""Losses drawn from known laws, so that the right verdict is known."""

import numpy as np
import pytest

from training.gate.held_out import MetricLosses
from training.gate.limits import Limits
from training.gate.not_worse import (
    judge_evaluations,
    judge_losses,
    judge_other_evaluations,
    paired_change,
)

METRICS = 13
#: The margin is no help here: the test alone decides.
NO_MARGIN = Limits(crps_margin=0.0)


def draw_losses(rng, accounts, *, worse=0.0, spread=0.1):
    """Losses about as skewed as a real rank-CRPS, and a noisy copy of them."""
    champion = rng.beta(0.8, 6.0, accounts)
    noise = rng.standard_t(4, accounts) * spread * champion.mean()
    return MetricLosses(champion + noise + worse * champion.mean(), champion)


def share_refused(rng, promotions, accounts, limits, **what):
    refused = [
        not judge_losses(
            {f"m{number}": draw_losses(rng, accounts, **what) for number in range(METRICS)},
            "drawn",
            limits,
        ).passed
        for _ in range(promotions)
    ]
    return np.mean(refused)


@pytest.mark.slow
@pytest.mark.parametrize("accounts", [100, 1000])
def test_equally_good_artifacts_are_refused_in_about_one_of_a_hundred_by_the_test_alone(accounts):
    share = share_refused(np.random.default_rng(accounts), 1500, accounts, NO_MARGIN)

    # 1 % is asked for; 1,500 promotions of 1 % have a standard error of 0.26 %.
    assert 0.001 <= share <= 0.018


def test_equally_good_artifacts_are_hardly_ever_refused():
    share = share_refused(np.random.default_rng(2), 300, 200, Limits())

    assert share <= 0.01


def test_a_loss_within_the_margin_passes_however_sure_it_is():
    share = share_refused(np.random.default_rng(3), 10, 20_000, Limits(), worse=0.015)

    assert share == 0.0


def test_a_loss_of_four_percent_in_a_thousand_accounts_is_refused():
    share = share_refused(np.random.default_rng(4), 40, 1000, Limits(), worse=0.04)

    assert share == 1.0


def test_a_gain_passes_however_large():
    losses = draw_losses(np.random.default_rng(5), 1000, worse=-0.5)

    assert judge_losses({"bots": losses}, "drawn", Limits()).passed


def test_pairing_is_what_makes_a_small_loss_visible():
    losses = draw_losses(np.random.default_rng(6), 1000, worse=0.04)
    unpaired = MetricLosses(np.roll(losses.candidate, 1), losses.champion)

    assert paired_change(losses).relative == pytest.approx(paired_change(unpaired).relative)
    assert paired_change(losses).errors > 5 > paired_change(unpaired).errors


def test_the_same_losses_are_no_change():
    champion = np.random.default_rng(7).random(50)

    assert paired_change(MetricLosses(champion, champion)) == (0.0, 0.0, 50)


def test_a_champion_without_any_loss_is_worse_replaced():
    nothing, something = np.zeros(500), np.full(500, 0.1)

    verdict = judge_losses({"bots": MetricLosses(something, nothing)}, "drawn", Limits())

    assert not verdict.passed
    assert "bots: CRPS worse by +inf%" in verdict.text


def test_a_single_account_and_no_metric_at_all_are_not_judged():
    one = MetricLosses(np.array([0.5]), np.array([0.1]))

    for losses in ({}, {"bots": one}):
        verdict = judge_losses(losses, "drawn", Limits())
        assert (verdict.passed, verdict.judged) == (True, False)


def make_evaluation(crps, error=0.01, **changes):
    """As an artifact carries it; the pooled distribution's loss is 0.2."""
    result = {
        "accounts": 1000,
        "rank_crps": crps,
        "rank_crps_ratio": crps / 0.2,
        "rank_crps_ratio_standard_error": error,
    }
    return {"bots": result | changes}


@pytest.mark.parametrize(
    ("ours", "error", "passed", "why"),
    [
        (0.100, 0.01, True, "the same"),
        (0.101, 0.0001, True, "sure, but within the margin of 2 %"),
        (0.103, 0.0001, False, "sure and beyond the margin"),
        (0.103, 0.01, True, "beyond the margin, but within the noise"),
        (0.110, 0.01, False, "beyond both: 0.05 of the ratio, and its error is 0.014"),
        (0.090, 0.0001, True, "better"),
    ],
)
def test_evaluations_are_compared_by_their_standard_errors(ours, error, passed, why):
    candidate, champion = make_evaluation(ours, error), make_evaluation(0.1, error)

    assert judge_evaluations(candidate, champion, Limits()).passed is passed, why


def test_an_evaluation_that_lacks_what_is_compared_is_not_judged():
    old = {"bots": {"accounts": 1000, "rank_crps": 0.1}}

    verdict = judge_evaluations(make_evaluation(0.2), old, Limits())

    assert (verdict.passed, verdict.judged) == (True, False)


@pytest.mark.parametrize(
    ("ours", "error", "passed", "why"),
    [
        (0.104, 0.0001, True, "sure, but within the margin of 5 %"),
        (0.106, 0.0001, False, "sure and beyond the margin"),
        (0.106, 0.01, True, "beyond the margin, but within the noise"),
        (0.180, 0.01, False, "beyond both, as after a shuffle"),
        (0.050, 0.0001, True, "better"),
    ],
)
def test_evaluations_of_other_accounts_are_compared_by_their_ratio_to_no_peers(
    ours, error, passed, why
):
    # Other accounts have other losses; these say nothing.
    candidate = make_evaluation(ours, error, rank_crps=0.01)

    verdict = judge_other_evaluations(candidate, make_evaluation(0.1, error), Limits())

    assert verdict.passed is passed, why
    assert "coarse" in verdict.text
    assert "--data would tell more" in verdict.text
    assert verdict.limits == (() if passed else ("other_accounts_crps_margin", "false_alarms"))


def test_a_refused_loss_is_told_with_both_bounds():
    verdict = judge_evaluations(make_evaluation(0.18), make_evaluation(0.1), Limits())

    assert (
        "bots: CRPS worse by +80.0% and 28.3 standard errors (refused above both +2% and 2.3)"
        in (verdict.text)
    )
