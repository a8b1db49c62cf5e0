"""What a card says first: which metrics are right, and what is wrong with the others."""

import math

import numpy as np
import pytest
from card_builders import make_card, make_evaluation, make_result

from training.calibration import ks_noise, worst_cell
from training.gate.limits import Limits
from training.interactive.evaluation import Evaluation
from training.quality_report import summary
from training.quality_verdict import (
    CALIBRATION_MARGIN,
    FALSE_ALARMS,
    FEWEST_ACCOUNTS,
    headline,
    verdicts,
)


def verdict(**changes):
    return verdicts(make_evaluation(bots=make_result(**changes)))["bots"]


def few(accounts, error):
    nowhere = {"worst_cell_ks": None, "worst_cell_noise_95": None}
    return {"accounts": accounts, "pit_ks": error, "pit_ks_noise_95": ks_noise(accounts), **nowhere}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "as it should be"),
        ({"pit_ks": 0.0231}, "as it should be"),
        (
            {"pit_ks": 0.05, "coverage": {"0.25": 0.30, "0.50": 0.54, "0.75": 0.78}},
            "off by up to 5.0 percentage points, scores are too low",
        ),
        (
            {"pit_ks": 0.05, "coverage": {"0.25": 0.20, "0.50": 0.46, "0.75": 0.72}},
            "off by up to 5.0 percentage points, scores are too high",
        ),
        (
            {"pit_ks": 0.05, "coverage": {"0.25": 0.30, "0.50": 0.50, "0.75": 0.70}},
            "off by up to 5.0 percentage points, too low at some ranks and too high at others",
        ),
        ({"accounts": 0}, "not measured: no account has a value that can be ranked"),
        # What ignoring peers does on the sample: right on average, wrong for everybody.
        (
            {"worst_cell_ks": 0.578, "worst_cell_noise_95": 0.121},
            "off by up to 57.8 percentage points among some peers",
        ),
        (
            {"rank_crps_knn_ratio": 1.79, "rank_crps_knn_ratio_interval": [1.70, 1.88]},
            "plain nearest peers predict better",
        ),
        ({"rank_crps_knn_ratio_interval": [0.999, 1.3]}, "as it should be"),
        ({"rank_crps_knn_ratio_interval": None, "worst_cell_ks": None}, "as it should be"),
        (few(30, 0.2), "too few accounts to tell: 30 accounts, 100 are needed"),
        (few(13, 0.375), "too few accounts to tell: 13 accounts, 100 are needed"),
        (few(1, 0.9), "too few accounts to tell: 1 account, 100 are needed"),
        (few(100, 0.1), "as it should be"),
        (
            few(30, 0.4) | {"coverage": {"0.50": 0.9}},
            "off by up to 40.0 percentage points, scores are too low",
        ),
    ],
)
def test_the_verdict_on_a_metric_is_in_plain_words(changes, words):
    assert verdict(**changes) == words


def test_all_that_is_wrong_is_said():
    told = verdict(pit_ks=0.05, worst_cell_ks=0.9, rank_crps_knn_ratio_interval=[1.1, 1.2])

    assert told.startswith("off by up to 5.0 percentage points, ")
    assert told.endswith(
        "; off by up to 90.0 percentage points among some peers; plain nearest peers predict better"
    )


def test_an_older_evaluation_is_judged_by_what_it_says():
    result = make_result()
    for key in list(result):
        if key.startswith(("worst_cell", "rank_crps")):
            del result[key]

    assert verdicts(make_evaluation(bots=result))["bots"] == "as it should be"


def test_right_scores_of_many_metrics_have_no_group_of_peers_that_is_off():
    rng, told = np.random.default_rng(20_260_101), []

    for _ in range(60):
        metrics = {}
        for number in range(13):
            cell, noise = worst_cell(rng.random(1000), rng.integers(16, size=1000))
            metrics[f"m{number}"] = make_result(
                accounts=1000, worst_cell_ks=cell, worst_cell_noise_95=noise
            )
        told += verdicts(make_evaluation() | {"metrics": metrics}).values()

    assert told == ["as it should be"] * 60 * 13


def test_a_group_of_peers_whose_scores_are_off_is_found_among_the_others():
    rng = np.random.default_rng(20_260_102)
    pit, groups = rng.random(1000), rng.integers(8, size=1000)
    # Where they should lie between 0 and 1, the scores of one group lie above 0.4.
    pit[groups == 3] = 0.4 + 0.6 * pit[groups == 3]

    cell, noise = worst_cell(pit, groups)

    told = verdict(accounts=1000, worst_cell_ks=cell, worst_cell_noise_95=noise)
    assert told.endswith("percentage points among some peers")
    assert math.isclose(cell, 0.4, abs_tol=0.05)


def test_the_first_lines_say_how_many_metrics_are_right_and_name_the_others():
    told = summary(make_evaluation(bots=make_result(pit_ks=0.2), macro={"accounts": 0}))

    assert told.startswith(
        "On accounts it has not seen, 1 of 3 metrics are as they should be, "
        "1 is not, 1 has too few accounts to tell; the others: "
    )
    assert "bots (off by" in told
    assert "macro (not measured" in told


def test_metrics_with_too_few_accounts_are_not_counted_as_wrong():
    few_of = {f"few_{number}": make_result(**few(13, 0.375)) for number in range(11)}
    wrong = {f"wrong_{number}": make_result(pit_ks=0.4) for number in range(2)}

    some = headline(make_evaluation() | {"metrics": few_of | wrong})
    none = headline(make_evaluation() | {"metrics": few_of})

    assert some == (
        "0 of 13 metrics are as they should be, 2 are not, 11 have too few accounts to tell"
    )
    assert none == "too few accounts to tell of any of 11 metrics"


def test_a_card_and_the_gate_draw_the_same_lines():
    gate = Limits()

    told = (FALSE_ALARMS, CALIBRATION_MARGIN, FEWEST_ACCOUNTS)
    assert told == (gate.false_alarms, gate.calibration_margin, gate.fewest_accounts)


def test_a_notebook_says_what_the_card_says():
    evaluation = make_evaluation(bots=make_result(worst_cell_ks=0.9))

    shown = repr(Evaluation(evaluation))

    assert headline(evaluation) == "2 of 3 metrics are as they should be"
    assert headline(evaluation) in shown
    assert headline(evaluation) in make_card(evaluation=evaluation)
    assert "off by up to 90.0 percentage points among some peers" in shown


def test_a_ratio_of_one_is_not_blamed_on_the_peers_alone():
    assert "1 means that this fit ignores peers, or that they tell nothing" in make_card()
