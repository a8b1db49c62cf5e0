"""Laws that every model of peers obeys, whatever is inside. A new estimator is in by its name."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import (
    by_category,
    divide,
    gamma_of_first,
    make_sample,
    noise,
    shuffle,
    take,
    true_by_category,
    with_knots,
)

from training.peer_models import ESTIMATORS
from training.peer_models.distribution_regression import MIN_ACCOUNTS
from training.peer_models.interface import MAX_CELLS, join
from training.peer_models.losses import log_losses, mean_and_error
from training.pooled import pool_metric

ACCOUNTS = 1200
LEARNING = sorted(set(ESTIMATORS) - {"marginal"})
KINDS = {
    "zeros and a gamma": {"values": gamma_of_first},
    "noise": {"values": noise},
    "one number": {"values": gamma_of_first, "categories": (0,)},
    "a number and a category": {"values": by_category, "categories": (0, 3)},
    "a category": {"values": by_category, "categories": (3,)},
    "a category before a number": {"values": gamma_of_first, "categories": (4, 0)},
}


@functools.cache
def fit(estimator, kind):
    """A fit costs most of the time here, and no test changes one."""
    return ESTIMATORS[estimator](*divide(make_sample(ACCOUNTS, **KINDS[kind])), seed=3)


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
@pytest.mark.parametrize("estimator", ESTIMATORS)
class TestEveryModel:
    def test_gives_distributions_everywhere(self, estimator, kind):
        knots = make_sample(ACCOUNTS, **KINDS[kind]).knots

        assert_is_distribution(fit(estimator, kind).cdf(places(kind)), knots)

    def test_fits_the_same_again(self, estimator, kind):
        again = fit.__wrapped__(estimator, kind)

        assert again.cdf(places(kind)).tobytes() == fit(estimator, kind).cdf(places(kind)).tobytes()
        assert again.describe() == fit(estimator, kind).describe()
        assert again.booster_json() == fit(estimator, kind).booster_json()

    def test_does_not_care_in_which_order_accounts_come(self, estimator, kind):
        fitting, selection = divide(make_sample(ACCOUNTS, **KINDS[kind]))

        mixed = ESTIMATORS[estimator](shuffle(fitting), shuffle(selection), seed=3)

        assert mixed.cdf(places(kind)).tobytes() == fit(estimator, kind).cdf(places(kind)).tobytes()
        assert mixed.describe() == fit(estimator, kind).describe()

    def test_says_of_one_account_alone_what_it_says_of_it_among_others(self, estimator, kind):
        model, asked = fit(estimator, kind), places(kind, accounts=20)

        alone = np.concatenate([model.cdf(asked[[row]]) for row in range(len(asked))])

        assert alone.tobytes() == model.cdf(asked).tobytes()

    def test_fits_again_on_more_accounts(self, estimator, kind):
        model = fit(estimator, kind)
        fitting, selection = divide(make_sample(ACCOUNTS, **KINDS[kind]))

        refitted = model.refit(join(fitting, selection))

        assert_is_distribution(refitted.cdf(places(kind)), fitting.knots)
        assert refitted.describe()["estimator"] == model.describe()["estimator"]
        # The order in which two samples are put together is the caller's, not the accounts'.
        other = model.refit(shuffle(join(selection, fitting)))
        assert other.cdf(places(kind)).tobytes() == refitted.cdf(places(kind)).tobytes()

    def test_describes_itself_in_plain_json(self, estimator, kind):
        description = fit(estimator, kind).describe()

        assert json.loads(json.dumps(description, allow_nan=False)) == description
        assert description["estimator"] in ESTIMATORS
        booster = fit(estimator, kind).booster_json()
        assert booster is None or json.loads(booster)["learner"]


SAMPLE = make_sample(ACCOUNTS, values=gamma_of_first)
FEW = take(SAMPLE, np.arange(40))
NOBODY = take(SAMPLE, np.zeros(ACCOUNTS, dtype=bool))
CONSTANT = make_sample(ACCOUNTS)
ONE_PLACE = take(SAMPLE, np.zeros(ACCOUNTS, dtype=int))


@pytest.mark.parametrize(
    ("fitting", "selection", "why"),
    [
        (FEW, FEW, "few accounts"),
        (take(SAMPLE, [0]), take(SAMPLE, [1]), "two accounts"),
        (SAMPLE, NOBODY, "nobody to select by"),
        (NOBODY, SAMPLE, "nobody to fit to"),
        (NOBODY, NOBODY, "nobody at all"),
        (take(SAMPLE, [0]), SAMPLE, "one account to fit to"),
        (SAMPLE, take(SAMPLE, [0]), "one account to select by"),
        (*divide(CONSTANT), "every account has the same value"),
        (*divide(with_knots(SAMPLE, 0, 1)), "a single pair of knots"),
        (*divide(with_knots(SAMPLE, 0, 0.5, 1)), "a single inner knot"),
        (*divide(ONE_PLACE), "every account is at the same place"),
        (*divide(make_sample(ACCOUNTS, values=noise, categories=(1,))), "one category"),
        (*divide(make_sample(400, values=noise, categories=(200, 0))), "two accounts a category"),
        (
            SAMPLE,
            with_knots(take(SAMPLE, SAMPLE.ranks > 0.9), *SAMPLE.knots),
            "selected at the top",
        ),
        (take(SAMPLE, SAMPLE.ranks < 0.4), SAMPLE, "fitted to zeros alone"),
    ],
)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_sample_is_too_odd_to_fit_and_refit(estimator, fitting, selection, why):
    model = ESTIMATORS[estimator](fitting, selection, seed=0)
    asked = make_sample(50, categories=fitting.categories).dimensions

    for fitted in (model, model.refit(join(fitting, selection))):
        assert_is_distribution(fitted.cdf(asked), fitting.knots)
        assert fitted.describe()["estimator"], why


@pytest.mark.parametrize("categories", [(3,), (0, 3)])
@pytest.mark.parametrize("estimator", LEARNING)
def test_a_metric_that_depends_on_a_category_alone_is_learned_by_category(estimator, categories):
    sample = make_sample(4000, categories=categories, values=by_category)
    values = by_category(sample.dimensions)
    pooled = pool_metric(values)
    asked = np.array([[0.5] * (len(categories) - 1) + [category] for category in range(3)])

    model = ESTIMATORS[estimator](*divide(sample), seed=0)

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
        (*divide(make_sample(MIN_ACCOUNTS - 1, values=gamma_of_first)), "299 accounts; 300 are"),
        (SAMPLE, NOBODY, "no account is left to select by"),
        (NOBODY, SAMPLE, "no account is left to fit to"),
        (*divide(CONSTANT), "every account has the same value"),
        (*divide(make_sample(ACCOUNTS, values=noise)), "peers tell no more than chance"),
        (*divide(ONE_PLACE), "every account is at the same place"),
        (
            *divide(make_sample(ACCOUNTS, values=noise, categories=(1,))),
            "every account is at the same place",
        ),
    ],
)
def test_where_peers_cannot_be_learned_from_the_reason_is_said(fitting, selection, reason):
    model = ESTIMATORS["distribution_regression"](fitting, selection, seed=0)

    assert model.describe()["estimator"] == "marginal"
    assert reason in model.describe()["reason"]
    assert model.cdf(np.zeros((1, 2)))[0].tolist() == fitting.knots.tolist()


def test_three_hundred_accounts_are_enough_to_learn_from_clear_peers():
    clear = make_sample(MIN_ACCOUNTS, values=lambda d: d[:, 0] + 0.01 * noise(d))

    model = ESTIMATORS["distribution_regression"](*divide(clear), seed=0)

    assert model.describe()["estimator"] == "distribution_regression"
    assert model.describe()["selection_gain"] > model.describe()["selection_gain_standard_error"]


def test_what_the_selecting_accounts_contradict_is_not_kept():
    fitting, selection = divide(SAMPLE)
    opposite = replace(selection, dimensions=1.0 - selection.dimensions)

    model = ESTIMATORS["distribution_regression"](fitting, opposite, seed=0)

    assert model.describe()["reason"] == "peers tell no more than chance about this metric"


def test_the_selecting_accounts_choose_the_number_of_rounds_and_nothing_else():
    fitting, selection = divide(SAMPLE)
    others = make_sample(300, seed=77, values=gamma_of_first, knots=SAMPLE.knots)

    first, second = (
        ESTIMATORS["distribution_regression"](fitting, by, seed=0) for by in (selection, others)
    )

    rounds = min(model.booster.num_boosted_rounds() for model in (first, second))
    trees = [json.loads(model.booster[:rounds].save_raw("json")) for model in (first, second)]
    same = [tree["learner"]["gradient_booster"]["model"]["trees"] for tree in trees]
    assert first.booster.num_boosted_rounds() != second.booster.num_boosted_rounds()
    assert same[0] == same[1]
    assert first.start.tolist() == second.start.tolist()


@pytest.mark.parametrize("categories", [(0,), (0, 0), (0, 0, 0), (3,), (0, 5), (7, 0, 0)])
def test_gathering_into_cells_loses_no_account_and_no_value(categories):
    sample = make_sample(5000, categories=categories, values=gamma_of_first)

    cells = sample.cells

    assert cells.accounts.sum() == 5000
    assert len(cells.accounts) <= MAX_CELLS
    everywhere = (sample.ranks[:, None] <= sample.knots).sum(axis=0)
    assert cells.at_or_below.sum(axis=0).tolist() == everywhere.tolist()
    assert (cells.at_or_below[:, -1] == cells.accounts).all()
    mean = (cells.dimensions * cells.accounts[:, None]).sum(axis=0) / 5000
    assert mean == pytest.approx(sample.dimensions.mean(axis=0))
    for position, count in enumerate(categories):
        if count:
            assert set(cells.dimensions[:, position]) == set(range(count))


def test_accounts_at_both_ends_of_a_dimension_are_in_the_outer_cells():
    sample = replace(make_sample(2, categories=(0,)), dimensions=np.array([[0.0], [1.0]]))

    assert sample.cells.dimensions.tolist() == [[0.0], [1.0]]


def test_log_loss_is_the_sum_over_accounts_of_the_mean_over_inner_knots():
    sample = with_knots(take(SAMPLE, [0, 0, 0]), 0, 0.25, 0.75, 1)
    sample = replace(sample, ranks=np.array([0.2, 0.5, 0.9]))
    cdf = np.array([[0.0, 0.3, 0.6, 1.0]])

    losses = log_losses(cdf, sample.cells)

    at_quarter = -np.log(0.3) - 2 * np.log(0.7)
    at_three_quarters = -2 * np.log(0.6) - np.log(0.4)
    assert losses == pytest.approx([(at_quarter + at_three_quarters) / 2])


@settings(deadline=None, max_examples=30)
@given(shift=st.floats(-0.3, 0.3), seed=st.integers(0, 1000))
def test_the_true_distribution_has_the_least_log_loss_on_average(shift, seed):
    truth = np.random.default_rng(seed).uniform(0.35, 0.65, (6, 1))
    accounts = np.full(6, 1e6)
    cells = SAMPLE.cells._replace(
        dimensions=np.zeros((6, 2)),
        accounts=accounts,
        at_or_below=np.hstack([0 * truth, truth, truth / truth]) * 1e6,
    )

    right, wrong = (
        log_losses(np.hstack([0 * truth, truth + by, truth / truth]), cells).sum()
        for by in (0.0, shift)
    )

    assert right <= wrong


def test_the_error_of_a_mean_is_that_of_independent_accounts():
    differences = np.random.default_rng(2).normal(0.1, 1.0, 4000)

    mean, error = mean_and_error(differences, np.ones(4000))

    assert mean == pytest.approx(differences.mean())
    assert error == pytest.approx(differences.std() / np.sqrt(4000))
    # Two accounts per cell: sums of pairs, the same mean, about the same error.
    paired = mean_and_error(differences.reshape(-1, 2).sum(axis=1), np.full(2000, 2.0))
    assert paired == pytest.approx((mean, error), rel=0.1)
