"""One door from contracts that ended to models, how good they are, and what is stored."""

import json

import numpy as np
import pandas as pd
import pytest
from risk_contracts import NOBODY, make_contracts, make_ids, make_outcomes

from serving.scoring.errors import InvalidInput
from serving.scoring.risk_models import pack_risks, read_risks
from serving.scoring.signals.learned_risk import LearnedRisk
from training.errors import DataError
from training.risk import RiskFits, fit_risks, models_asked
from training.synthetic.renewals import FEATURES, TRUTH, churn_probability

CHURN = {"churn": FEATURES}


@pytest.fixture(scope="module")
def fits() -> RiskFits:
    return fit_risks(CHURN, NOBODY, make_outcomes(make_contracts(5000)), seed=1)


def test_the_fit_recovers_the_true_chances(fits: RiskFits) -> None:
    others = make_contracts(4000, seed=77)
    truth = others[TRUTH].to_numpy()

    chances = fits.models["churn"].probability([others[name].to_numpy() for name in FEATURES])

    assert np.corrcoef(chances, truth)[0, 1] > 0.9
    # The variance of the truth is what the base rate has lost; the fit gets most of it back.
    assert ((chances - truth) ** 2).mean() < 0.25 * truth.var()
    assert abs(chances.mean() - truth.mean()) < 0.02


def test_the_evaluation_says_what_a_user_needs_to_trust_it(fits: RiskFits) -> None:
    told = json.loads(json.dumps(fits.evaluation["churn"], allow_nan=False))

    assert told["contracts"] > 900
    low, high = told["auc_interval"]
    assert 0.7 < low < told["auc"] < high < 0.9
    assert told["log_loss"] < told["base_rate"]["log_loss"]
    assert told["log_loss"] < told["logistic_regression"]["log_loss"]
    assert told["base_rate"]["gain"] > 3 * told["base_rate"]["gain_standard_error"]
    table = told["calibration"]["table"]
    assert sum(row["contracts"] for row in table) == told["contracts"]
    assert all(row["lowest"] <= row["predicted"] <= row["highest"] for row in table)


def test_the_description_says_what_was_fitted(fits: RiskFits) -> None:
    told = json.loads(json.dumps(fits.descriptions["churn"], allow_nan=False))

    assert told["fitted"] is True
    assert told["inputs"] == list(FEATURES)
    assert told["contracts"] == 5000
    assert told["trees"] > 20
    assert fits.reasons == {}
    assert list(fits.boosters) == ["boosters/churn.json"]


def test_any_order_of_rows_and_any_number_of_jobs_gives_the_same_bytes() -> None:
    contracts = make_contracts(1500)
    turned = contracts.sample(frac=1, random_state=5)
    models = {"churn": FEATURES, "usage": FEATURES[:3]}

    one = fit_risks(models, NOBODY, make_outcomes(contracts), seed=1, jobs=1)
    other = fit_risks(dict(reversed(models.items())), NOBODY, make_outcomes(turned), seed=1, jobs=2)

    assert pack_risks(one.models) == pack_risks(other.models)
    assert one.descriptions == other.descriptions
    assert one.boosters == other.boosters
    assert json.dumps(one.evaluation) == json.dumps(other.evaluation)
    assert list(read_risks(pack_risks(one.models))) == ["churn", "usage"]


def test_another_seed_gives_another_model() -> None:
    outcomes = make_outcomes(make_contracts(1500))

    one, other = (fit_risks(CHURN, NOBODY, outcomes, seed=seed) for seed in (1, 2))

    assert pack_risks(one.models) != pack_risks(other.models)


@pytest.mark.parametrize(
    ("contracts", "why"),
    [
        (make_contracts(100), "few contracts"),
        (make_contracts(2000).assign(renewed=1), "nobody left"),
        (make_contracts(2000).assign(renewed=0), "everybody left"),
    ],
)
def test_too_few_outcomes_are_a_reason_and_no_failure(contracts: pd.DataFrame, why: str) -> None:
    fits = fit_risks(CHURN, NOBODY, make_outcomes(contracts), seed=1)

    assert not fits.models, why
    assert "are needed" in fits.reasons["churn"]
    assert fits.descriptions["churn"]["fitted"] is False


def test_facts_may_stand_in_any_other_file() -> None:
    contracts = make_contracts(1500)
    facts = contracts[["acct_id", *FEATURES]].sample(frac=1, random_state=2)
    bare = contracts[["acct_id", "renewed", "end_date"]]

    apart = fit_risks(CHURN, facts, make_outcomes(bare), seed=1)

    together = fit_risks(CHURN, NOBODY, make_outcomes(contracts), seed=1)
    assert pack_risks(apart.models) == pack_risks(together.models)


def test_of_several_contracts_facts_of_now_belong_to_the_newest() -> None:
    contracts = make_contracts(1500)
    older = contracts.assign(end_date="2023-05-05", renewed=1)[["acct_id", "renewed", "end_date"]]
    bare = contracts[["acct_id", "renewed", "end_date"]]
    facts = contracts[["acct_id", *FEATURES]]

    fits = fit_risks(CHURN, facts, make_outcomes(pd.concat([older, bare])), seed=1)

    newest = fit_risks(CHURN, facts, make_outcomes(bare), seed=1)
    assert pack_risks(fits.models) == pack_risks(newest.models)
    assert any("older contracts" in note for note in fits.descriptions["churn"]["left_out"])


def test_what_cannot_be_used_is_told() -> None:
    contracts = make_contracts(1500)
    blank = contracts["acct_id"].isin(make_ids(40))
    facts = contracts[["acct_id", *FEATURES]].copy()
    facts.loc[blank, list(FEATURES)] = np.nan
    bare = contracts[["acct_id", "renewed", "end_date"]]

    fits = fit_risks(CHURN, facts[:-100], make_outcomes(bare), seed=1)

    left_out = fits.descriptions["churn"]["left_out"]
    assert fits.descriptions["churn"]["contracts"] == 1500 - 100 - 40
    assert any("100 contracts of accounts that no other file knows" in note for note in left_out)
    assert any("40 contracts with none of" in note for note in left_out)


def test_a_column_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(DataError, match="no file has shoe_size"):
        fit_risks({"churn": ["shoe_size"]}, NOBODY, make_outcomes(make_contracts(200)), seed=1)


def test_two_metrics_may_ask_for_one_model_whatever_the_order_of_its_columns() -> None:
    churn = LearnedRisk(name="churn", model="m2", columns=("a", "b"))
    again = LearnedRisk(name="again", model="m2", columns=("b", "a"))

    assert models_asked([churn, again]) == {"m2": ("a", "b")}


@pytest.mark.parametrize(
    ("model", "columns", "message"),
    [
        ("m2", ("a", "c"), "late: the model m2 has other inputs here"),
        ("m/2", ("a",), "late: a model cannot be called 'm/2'"),
    ],
)
def test_models_that_cannot_be_are_refused(
    model: str, columns: tuple[str, ...], message: str
) -> None:
    first = LearnedRisk(name="churn", model="m2", columns=("a", "b"))

    with pytest.raises(InvalidInput, match=message):
        models_asked([first, LearnedRisk(name="late", model=model, columns=columns)])


def test_the_planted_chance_is_what_happens() -> None:
    contracts = make_contracts(40_000, seed=4)
    churned = 1 - contracts["renewed"]

    groups = contracts.assign(churned=churned).groupby(pd.qcut(contracts[TRUTH], 10), observed=True)
    gaps = groups["churned"].mean() - groups[TRUTH].mean()

    # Two to three standard errors of 4,000 contracts.
    assert gaps.abs().max() < 0.025


def test_the_planted_chance_has_a_step_and_facts_that_matter_together() -> None:
    one = pd.DataFrame({name: [0.5] for name in FEATURES})

    def odds(**facts: float) -> float:
        chance = float(churn_probability(one.assign(**facts))[0])
        return float(np.log(chance / (1 - chance)))

    step = odds(days_since_health_check=91.0) - odds(days_since_health_check=90.0)
    both = odds(support_cases_90d=4.0, price_increase_share=0.05)
    one_only = odds(support_cases_90d=4.0, price_increase_share=0.04)
    assert step == pytest.approx(1.0)
    assert odds(days_since_health_check=np.nan) > odds(days_since_health_check=400.0)
    assert both - one_only > 2.0
