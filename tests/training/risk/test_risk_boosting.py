"""What serving evaluates is what the library predicts."""

import numpy as np
import pandas as pd
import pytest
from risk_contracts import make_contracts, make_ids, make_sample, shuffled
from scipy import special

from training.risk.boosting import RiskFit, fit_boosted, matrix
from training.risk.sample import RiskSample
from training.split import Split
from training.synthetic.renewals import FEATURES

PARITY = 1e-6


@pytest.fixture(scope="module")
def sample() -> RiskSample:
    return make_sample(make_contracts(4000))


@pytest.fixture(scope="module")
def fit(sample: RiskSample) -> RiskFit:
    return fit_boosted(sample.dealt(Split.FIT), sample.dealt(Split.SELECT), seed=3)


def columns_with_gaps(rows: int) -> np.ndarray:
    """Facts beyond those of training, a tenth of them not known, some rows without any."""
    rng = np.random.default_rng(9)
    facts = make_contracts(rows, seed=8)[list(FEATURES)].to_numpy(np.float64, copy=True)
    facts *= rng.choice([1.0, 1.0, -1.0, 40.0, 1e30], facts.shape)
    facts[rng.random(facts.shape) < 0.1] = np.nan
    facts[:20] = np.nan
    return facts


def as_library_takes_it(sample: RiskSample, columns: np.ndarray) -> RiskSample:
    """Those columns with an outcome that is not looked at."""
    return RiskSample(
        sample.inputs,
        columns,
        np.zeros(len(columns)),
        np.array(make_ids(len(columns))),
        np.arange(len(columns)),
    )


def test_10_000_chances_are_the_librarys_before_calibration(
    sample: RiskSample, fit: RiskFit
) -> None:
    facts = columns_with_gaps(10_000)
    data = matrix(as_library_takes_it(sample, facts), fit.model.base)
    theirs = fit.booster.predict(data).astype(np.float64)

    ours = special.expit(fit.model.margin([*facts.T]))

    assert len(fit.model.trees.feature) > 20
    assert np.isnan(facts).any(axis=1).sum() > 4000
    assert np.abs(ours - theirs).max() <= PARITY


def test_the_parity_would_notice_a_split_that_sends_blanks_the_other_way(
    sample: RiskSample, fit: RiskFit
) -> None:
    facts = columns_with_gaps(2000)
    data = matrix(as_library_takes_it(sample, facts), fit.model.base)
    theirs = fit.booster.predict(data)
    inputs = len(sample.inputs)
    turned = (fit.model.trees.feature + inputs) % (2 * inputs)
    model = fit.model
    model = type(model)(
        model.inputs,
        type(model.trees)(turned.astype(np.int16), model.trees.threshold, model.trees.leaves),
        model.base,
        model.slope,
        model.intercept,
    )

    ours = special.expit(model.margin([*facts.T]))

    assert np.abs(ours - theirs).max() > 0.01


def test_the_calibration_gives_selection_accounts_their_share(
    sample: RiskSample, fit: RiskFit
) -> None:
    selection = sample.dealt(Split.SELECT)

    chances = fit.model.probability([*selection.columns.T])

    assert chances.mean() == pytest.approx(selection.share, abs=1e-6)


def test_outcomes_that_facts_tell_nothing_of_give_everybody_much_the_same_chance() -> None:
    sample = make_sample(shuffled(make_contracts(4000)))

    fit = fit_boosted(sample.dealt(Split.FIT), sample.dealt(Split.SELECT), seed=3)

    chances = fit.model.probability([*sample.columns.T])
    assert chances.std() < 0.03
    assert chances.mean() == pytest.approx(sample.share, abs=0.03)


def test_trees_that_are_wrong_way_round_on_selection_accounts_are_not_kept() -> None:
    contracts = make_contracts(3000)
    fitting = make_sample(contracts).dealt(Split.FIT)
    turned = make_sample(contracts.assign(renewed=1 - contracts["renewed"])).dealt(Split.SELECT)

    fit = fit_boosted(fitting, turned, seed=3)

    assert fit.booster is None
    assert fit.describe()["trees"] == 0
    chances = fit.model.probability([*fitting.columns.T])
    assert chances == pytest.approx(np.full(len(fitting), turned.share))


def test_a_column_without_any_value_is_no_matter() -> None:
    contracts = make_contracts(1500).assign(logins_30d=np.nan)
    sample = make_sample(pd.DataFrame(contracts))

    fit = fit_boosted(sample.dealt(Split.FIT), sample.dealt(Split.SELECT), seed=3)

    assert np.isfinite(fit.model.probability([*sample.columns.T])).all()
