"""Laws that every model of peers obeys, whatever is inside. A new estimator is in by its name."""

import functools
import json

import numpy as np
import pytest
from fits import FITS
from samples import (
    ACCOUNTS,
    CONSTANT,
    NOBODY,
    ODD_SAMPLES,
    ONE_PLACE,
    SAMPLE,
    by_category,
    counts_of_first,
    debts_of_first,
    divide,
    gamma_of_first,
    make_sample,
    noise,
    shuffle,
    top_coded,
    true_by_category,
)

from training.peer_models.prerequisites import MIN_ACCOUNTS
from training.pooled import count_values, pool_metric

pytestmark = pytest.mark.slow

LEARNING = sorted(set(FITS) - {"marginal"})
#: A family that is not the truth's cannot come near it.
TRUTHFUL = sorted(set(LEARNING) - {"parametric normal", "parametric beta"})
KINDS = {
    "zeros and a gamma": {"values": gamma_of_first},
    "noise": {"values": noise},
    "one number": {"values": gamma_of_first, "categories": (0,)},
    "a number and a category": {"values": by_category, "categories": (0, 3)},
    "a category": {"values": by_category, "categories": (3,)},
    "a category before a number": {"values": gamma_of_first, "categories": (4, 0)},
    "four numbers": {"values": gamma_of_first, "categories": (0, 0, 0, 0)},
    "counts": {"values": counts_of_first},
    "negative values too": {"values": debts_of_first},
    "zeros and a top code": {"values": top_coded},
}


@functools.cache
def fit(estimator, kind):
    """A fit costs most of the time here, and no test changes one."""
    return FITS[estimator](*divide(make_sample(ACCOUNTS, **KINDS[kind])), seed=3)


def places(kind, seed=5, accounts=200):
    """Places to ask about, the corners among them."""
    categories = KINDS[kind].get("categories", (0, 0))
    inside = make_sample(accounts, seed, categories=categories).dimensions
    low = np.zeros(len(categories))
    high = np.array([max(count - 1, 1) for count in categories], dtype=float)
    return np.vstack([inside, low, high])


def assert_is_distribution(cdf, knots):
    assert cdf.shape[1] == len(knots)
    assert not np.isnan(cdf).any()
    assert ((cdf >= 0) & (cdf <= 1)).all()
    assert (np.diff(cdf, axis=1) >= 0).all()
    assert (cdf[:, 0] == 0).all()
    assert (cdf[:, -1] == 1).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("estimator", FITS)
class TestEveryModel:
    def test_gives_distributions_everywhere(self, estimator, kind):
        knots = make_sample(ACCOUNTS, **KINDS[kind]).knots

        assert_is_distribution(fit(estimator, kind).cdf(places(kind)), knots)

    def test_fits_the_same_again_in_whichever_order_accounts_come(self, estimator, kind):
        fitting, selection = divide(make_sample(ACCOUNTS, **KINDS[kind]))

        mixed = FITS[estimator](shuffle(fitting), shuffle(selection), seed=3)

        assert mixed.cdf(places(kind)).tobytes() == fit(estimator, kind).cdf(places(kind)).tobytes()
        assert mixed.describe() == fit(estimator, kind).describe()
        assert mixed.booster_json() == fit(estimator, kind).booster_json()

    def test_says_of_one_account_alone_what_it_says_of_it_among_others(self, estimator, kind):
        model, asked = fit(estimator, kind), places(kind, accounts=20)

        for answer in (model.cdf, model.effective_peers):
            alone = np.concatenate([answer(asked[[row]]) for row in range(len(asked))])
            assert alone.tobytes() == answer(asked).tobytes()

    def test_no_place_has_more_peers_than_there_are_accounts(self, estimator, kind):
        peers = fit(estimator, kind).effective_peers(places(kind))

        assert peers.shape == (len(places(kind)),)
        assert (peers > 0).all()
        assert (peers <= ACCOUNTS).all()

    def test_fits_again_on_more_accounts(self, estimator, kind):
        model = fit(estimator, kind)
        fitting, selection = divide(make_sample(ACCOUNTS, **KINDS[kind]))

        refitted = model.refit(fitting.joined(selection))

        assert_is_distribution(refitted.cdf(places(kind)), fitting.knots)
        assert refitted.describe()["estimator"] == model.describe()["estimator"]
        # The order in which two samples are put together is the caller's, not the accounts'.
        other = model.refit(shuffle(selection.joined(fitting)))
        assert other.cdf(places(kind)).tobytes() == refitted.cdf(places(kind)).tobytes()

    def test_describes_itself_in_plain_json(self, estimator, kind):
        description = fit(estimator, kind).describe()

        assert json.loads(json.dumps(description, allow_nan=False)) == description
        assert description["estimator"] in (estimator.split()[0], "marginal")
        booster = fit(estimator, kind).booster_json()
        assert booster is None or json.loads(booster)["learner"]


@pytest.mark.parametrize(("fitting", "selection", "why"), ODD_SAMPLES)
@pytest.mark.parametrize("estimator", FITS)
def test_no_sample_is_too_odd_to_fit_and_refit(estimator, fitting, selection, why):
    model = FITS[estimator](fitting, selection, seed=0)
    asked = make_sample(50, categories=fitting.categories).dimensions

    for fitted in (model, model.refit(fitting.joined(selection))):
        assert_is_distribution(fitted.cdf(asked), fitting.knots)
        assert fitted.describe()["estimator"], why


@pytest.mark.parametrize("categories", [(3,), (0, 3)])
@pytest.mark.parametrize("estimator", TRUTHFUL)
def test_a_metric_that_depends_on_a_category_alone_is_learned_by_category(estimator, categories):
    sample = make_sample(4000, categories=categories, values=by_category)
    values = by_category(sample.dimensions)
    pooled = pool_metric(count_values(values))
    asked = np.array([[0.5] * (len(categories) - 1) + [category] for category in range(3)])

    model = FITS[estimator](*divide(sample), seed=0)

    learned = model.refit(sample).cdf(asked)
    at = np.interp(sample.knots, pooled.ranks, pooled.values)
    for category in range(3):
        error = np.abs(learned[category] - true_by_category(at, category))
        # Three standard errors of a share of a third of the accounts are 0.04.
        assert error.max() < 0.05, (category, error.max())
    assert (np.abs(np.diff(learned, axis=0)).max(axis=1) > 0.15).all()


@pytest.mark.parametrize(
    ("fitting", "selection", "reason"),
    [
        (
            *divide(make_sample(MIN_ACCOUNTS - 1, values=gamma_of_first)),
            "299 accounts have it and all peer dimensions; 300 are",
        ),
        (SAMPLE, NOBODY, "no account is left to select by"),
        (NOBODY, SAMPLE, "no account is left to fit to"),
        (*divide(CONSTANT), "every account has the same value"),
        (*divide(ONE_PLACE), "every account is at the same place"),
        (
            *divide(make_sample(ACCOUNTS, values=noise, categories=(1,))),
            "every account is at the same place",
        ),
        (*divide(make_sample(ACCOUNTS, values=noise)), ""),
    ],
)
@pytest.mark.parametrize("estimator", LEARNING)
def test_where_peers_cannot_be_learned_from_the_reason_is_said(
    estimator, fitting, selection, reason
):
    model = FITS[estimator](fitting, selection, seed=0)

    assert model.describe()["estimator"] == "marginal"
    assert reason in model.describe()["reason"]
    assert model.cdf(np.zeros((1, 2)))[0].tolist() == fitting.knots.tolist()
