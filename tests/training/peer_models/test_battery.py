"""Laws that every model of peers obeys, whatever is inside. A new estimator is in by its name."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import (
    ACCOUNTS,
    CONSTANT,
    NOBODY,
    ODD_SAMPLES,
    ONE_PLACE,
    SAMPLE,
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
from training.peer_models.losses import compare_losses, log_losses
from training.pooled import pool_metric

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


@pytest.mark.parametrize(("fitting", "selection", "why"), ODD_SAMPLES)
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

    assert shuffle(sample).cells.dimensions.tobytes() == cells.dimensions.tobytes()
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


def test_an_account_at_the_upper_end_is_not_gathered_into_the_next_row_of_cells():
    ends = np.array([[0.0, 1.0], [1.5 / MAX_CELLS**0.5, 0.0]])

    assert len(replace(make_sample(2), dimensions=ends).cells.accounts) == 2


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

    assert right <= wrong * (1 + 1e-12)


def test_a_difference_of_losses_and_its_error_are_those_of_single_accounts():
    sample = take(SAMPLE, np.arange(300) % 7)
    first, second = (
        np.sort(np.random.default_rng(seed).random((len(sample.cells.accounts), 34)), axis=1)
        for seed in (1, 2)
    )
    sample = with_knots(sample, *np.linspace(0, 1, 34))
    cells = sample.cells
    cell_of = [int(np.argmin(np.abs(cells.dimensions - x).sum(axis=1))) for x in sample.dimensions]
    hits = sample.ranks[:, None] <= sample.knots[None, 1:-1]

    mean, error = compare_losses(first, second, cells)

    losses = [
        -np.log(np.where(hits, cdf[cell_of, 1:-1], 1 - cdf[cell_of, 1:-1])).mean(axis=1)
        for cdf in (first, second)
    ]
    differences = losses[0] - losses[1]
    assert mean == pytest.approx(differences.mean())
    assert error == pytest.approx(differences.std() / np.sqrt(300))
    sums = (log_losses(first, cells) - log_losses(second, cells)).sum()
    assert mean == pytest.approx(sums / 300)


def test_a_difference_in_a_small_group_alone_is_certain_if_its_accounts_agree():
    """Two groups are not two observations: one that holds all of the difference is no noise."""
    cells = SAMPLE.cells._replace(
        dimensions=np.array([[0.0], [1.0]]),
        accounts=np.array([950.0, 50.0]),
        at_or_below=np.array([[0, 475.0, 950.0], [0, 0.0, 50.0]]),
    )
    everybody, apart = np.array([[0, 0.5, 1.0]] * 2), np.array([[0, 0.5, 1.0], [0, 0.01, 1.0]])

    mean, error = compare_losses(everybody, apart, cells)

    assert mean > 5 * error
