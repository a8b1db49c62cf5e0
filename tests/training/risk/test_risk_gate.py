"""The gate refuses risk models that tell nothing, are off, or are worse than what is served."""

from dataclasses import replace

import numpy as np
import pytest
from risk_contracts import NOBODY, make_contracts, make_outcomes, shuffled

from serving.scoring import Scorer
from serving.scoring.artifact import Artifact
from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.scorecard import scorecard_from_dict
from training.gate.limits import Limits
from training.gate.report import Verdict
from training.risk import RiskFits, fit_risks
from training.risk.evaluation import evaluate_risk
from training.risk.gate import (
    BETTER,
    CALIBRATED,
    NOT_WORSE,
    compare_models,
    judge_compared,
    judge_evaluations,
    judge_lost,
)
from training.risk.sample import risk_sample
from training.split import Split, split_accounts
from training.synthetic.renewals import FEATURES

LIMITS = Limits()
CONTRACTS = make_contracts(4000)
CHURN = {"churn": FEATURES}


def fit(contracts, *, seed: int = 1, inputs=FEATURES) -> RiskFits:
    return fit_risks({"churn": inputs}, NOBODY, make_outcomes(contracts), seed=seed)


def judge(fits: RiskFits, limits: Limits = LIMITS) -> dict[str, Verdict]:
    return {each.name: each for each in judge_evaluations(fits.models, fits.evaluation, limits)}


def against(candidate: RiskFits, champion: RiskFits) -> Verdict:
    compared = compare_models(candidate.models, champion.models, make_outcomes(CONTRACTS), NOBODY)
    return judge_compared(compared, candidate.models, LIMITS)


@pytest.fixture(scope="module")
def champion() -> RiskFits:
    return fit(CONTRACTS)


def test_a_good_model_passes_with_its_numbers(champion: RiskFits) -> None:
    verdicts = judge(champion)

    assert all(each.passed and each.judged for each in verdicts.values())
    assert "where the base rate alone has" in verdicts[BETTER].text
    assert "off by" in verdicts[CALIBRATED].text


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_outcomes_are_refused(seed: int) -> None:
    verdicts = judge(fit(shuffled(CONTRACTS, seed=seed)))

    assert not verdicts[BETTER].passed
    assert verdicts[BETTER].text.startswith("churn: log-loss")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slope": 2.0}, "too sure"),
        ({"slope": 0.3}, "not sure enough"),
        ({"intercept": 1.0}, "too many are said to leave"),
    ],
)
def test_chances_that_are_off_are_refused(
    champion: RiskFits, change: dict[str, float], why: str
) -> None:
    wrong = replace(champion.models["churn"], **change)
    sample = risk_sample(make_outcomes(CONTRACTS), NOBODY, FEATURES)
    held_out = sample.dealt(Split.EVALUATE)
    told = evaluate_risk(wrong, sample.dealt(Split.FIT), held_out, calibrated_on=800)

    verdicts = judge_evaluations(["churn"], {"churn": told}, LIMITS)

    calibrated = next(each for each in verdicts if each.name == CALIBRATED)
    assert not calibrated.passed, why
    assert "chances are off by" in calibrated.text


def test_a_model_that_nobody_evaluated_is_refused_unless_that_is_allowed(
    champion: RiskFits,
) -> None:
    unknown = replace(champion, evaluation={})

    assert not judge(unknown)[BETTER].passed
    assert "churn is not evaluated" in judge(unknown)[BETTER].text
    allowed = judge(unknown, Limits(allow_not_evaluated=True))
    assert all(each.passed for each in allowed.values())


def test_a_scorecard_without_models_has_nothing_to_judge() -> None:
    assert judge(RiskFits()) == {}


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_retrain_with_another_seed_is_not_worse(champion: RiskFits, seed: int) -> None:
    verdict = against(fit(CONTRACTS, seed=seed), champion)

    assert verdict.passed
    assert verdict.judged


def test_a_model_of_fewer_facts_is_worse(champion: RiskFits) -> None:
    verdict = against(fit(CONTRACTS, inputs=FEATURES[:1]), champion)

    assert not verdict.passed
    assert verdict.name == NOT_WORSE
    assert "worse by" in verdict.text


def test_a_model_of_shuffled_outcomes_is_worse(champion: RiskFits) -> None:
    assert not against(fit(shuffled(CONTRACTS)), champion).passed


def test_a_model_with_a_column_turned_round_is_worse(champion: RiskFits) -> None:
    turned = CONTRACTS.assign(seats_used_share=1.0 - CONTRACTS["seats_used_share"])

    assert not against(fit(turned), champion).passed


def test_only_contracts_that_neither_has_seen_are_compared(champion: RiskFits) -> None:
    outcomes = make_outcomes(CONTRACTS)
    ids = outcomes.frame["acct_id"]
    held_out = ids[split_accounts(ids) == Split.EVALUATE]

    by_split = compare_models(champion.models, champion.models, outcomes, NOBODY)["churn"]
    half = compare_models(
        champion.models, champion.models, outcomes, NOBODY, held_out=[*held_out[::2]]
    )["churn"]

    assert by_split.contracts == len(held_out)
    assert half.contracts == len(held_out[::2])
    assert by_split.gain.gain == 0.0


def test_models_are_compared_on_contracts_that_both_know_something_of(champion: RiskFits) -> None:
    few = fit(CONTRACTS, inputs=("tenure_months",))
    blank = np.arange(len(CONTRACTS)) % 2 == 0
    half = CONTRACTS.assign(tenure_months=CONTRACTS["tenure_months"].mask(blank))

    compared = compare_models(few.models, champion.models, make_outcomes(half), NOBODY)["churn"]

    assert 300 < compared.contracts < 500


def make_scorer(models: dict[str, BoostedRisk], *, asks: str = "churn") -> Scorer:
    tree = {
        "schema": "scorecard/v1",
        "id": "risk",
        "scale": {"type": "zero_to_100", "step": None},
        "missing": "skip",
        "peer_dimensions": [],
        "metrics": {"churn": {"kind": "learned_risk", "model": asks, "inputs": [*FEATURES]}},
        "components": {"risk": {"weight": 1, "metrics": {"churn": 1}}},
    }
    card = scorecard_from_dict(tree)
    return Scorer(Artifact(card, card.inputs, None, {}, {}, version="", models=models))


def test_an_artifact_that_lost_its_model_is_refused(champion: RiskFits) -> None:
    served, without = make_scorer(dict(champion.models)), make_scorer({})

    (verdict,) = judge_lost(without, served, LIMITS)

    assert not verdict.passed
    assert "churn: the champion has this model" in verdict.text
    assert judge_lost(without, served, Limits(allow_not_evaluated=True))[0].passed


def test_a_model_that_is_kept_or_no_longer_asked_for_is_not_lost(champion: RiskFits) -> None:
    served, without = make_scorer(dict(champion.models)), make_scorer({})

    assert judge_lost(served, served, LIMITS) == []
    assert judge_lost(served, without, LIMITS) == []
    assert judge_lost(make_scorer({}, asks="m2"), served, LIMITS) == []


def test_too_few_contracts_compare_nothing(champion: RiskFits) -> None:
    outcomes = make_outcomes(CONTRACTS[:40])
    compared = compare_models(champion.models, champion.models, outcomes, NOBODY)

    verdict = judge_compared(compared, champion.models, LIMITS)

    assert verdict.passed
    assert not verdict.judged
    assert "too few" in verdict.text
