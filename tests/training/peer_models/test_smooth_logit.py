import numpy as np
import pytest
from samples import divide, gamma_of_first, make_sample, shuffle

from serving.scoring.smooth_terms import SmoothTerms
from training.peer_models.counting import CellCounts
from training.peer_models.smooth_logit import (
    STRENGTHS,
    effective_peers,
    fit_smooth,
    leverage,
    penalty_matrix,
    shares,
    sigmoid,
)

RNG = np.random.default_rng(4)
KINDS = [(0,), (0, 0), (0, 0, 3), (3,), (0, 0, 0, 2)]


def cells_of(law, categories=(0, 0), cells=2000, accounts=1e6):
    """Cells so full that the share of accounts in them is the probability itself."""
    places = np.column_stack(
        [RNG.integers(0, c, cells) if c else RNG.random(cells) for c in categories]
    ).astype(float)
    probability = law(places)
    ones = np.ones(len(places))
    shares_ = np.column_stack([0 * ones, probability, ones])
    return CellCounts(places, accounts * ones, accounts * shares_), probability


@pytest.mark.parametrize(
    ("law", "worst", "why"),
    [
        (lambda x: sigmoid(1 - 2 * x[:, 0] + x[:, 1]), 1e-3, "a plane in logit"),
        (lambda x: sigmoid(3 * x[:, 0] * x[:, 1]), 1e-3, "dimensions that change each other"),
        (lambda x: 0.5 + 0.4 * np.sin(4 * x[:, 0]) * x[:, 1], 0.02, "a wave"),
        (lambda x: np.clip(x[:, 0], 1e-4, 1), 0.02, "next to nobody at one end"),
    ],
)
def test_a_smooth_law_is_learned_from_enough_accounts(law, worst, why):
    cells, probability = cells_of(law)

    model = fit_smooth(cells, SmoothTerms((0, 0)), 0.1)

    error = np.abs(sigmoid(model.margin(cells.dimensions))[:, 0] - probability)
    assert error.max() < worst, why


def test_a_step_is_learned_to_the_last_account_beside_it():
    cells, probability = cells_of(lambda x: np.where(x[:, 0] < 0.3, 0.2, 0.6))

    model = fit_smooth(cells, SmoothTerms((0, 0), ((0, 0.3),)), 0.1)

    assert sigmoid(model.margin(cells.dimensions))[:, 0] == pytest.approx(probability, abs=1e-3)


def test_categories_are_not_shrunk_into_one_another():
    cells, probability = cells_of(lambda x: 0.1 + 0.3 * x[:, 1], (0, 3), accounts=10.0)

    model = fit_smooth(cells, SmoothTerms((0, 3)), STRENGTHS[0])

    assert sigmoid(model.margin(cells.dimensions))[:, 0] == pytest.approx(probability, abs=0.01)


def test_without_bound_the_strongest_penalty_leaves_planes():
    cells, _ = cells_of(lambda x: 0.5 + 0.4 * np.sin(6 * x[:, 0]), accounts=10.0)

    margin = fit_smooth(cells, SmoothTerms((0,)), 1e7).margin(np.linspace(0, 1, 9)[:, None])

    assert np.abs(np.diff(margin[:, 0], 2)).max() < 1e-3


@pytest.mark.parametrize("categories", KINDS)
def test_the_penalty_is_symmetric_and_never_rewards(categories):
    matrix = penalty_matrix(SmoothTerms(categories))

    assert matrix == pytest.approx(matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > 0


@pytest.mark.parametrize("categories", KINDS)
def test_the_fit_is_where_the_penalised_likelihood_is_flat(categories):
    sample = make_sample(3000, categories=categories, values=lambda d: RNG.gamma(2, 1 + d[:, 0]))
    cells, terms = sample.cells, SmoothTerms(categories)

    model = fit_smooth(cells, terms, 1.0)

    columns = terms.evaluate(cells.dimensions)
    left = cells.at_or_below[:, 1:-1] - cells.accounts[:, None] * sigmoid(
        model.margin(cells.dimensions)
    )
    slope = columns.T @ left - penalty_matrix(terms) @ model.coefficients
    assert np.abs(slope).max() < 1e-3 * len(sample)


def test_the_way_that_is_quick_gives_the_same_but_for_last_bits():
    sample = make_sample(2000, values=gamma_of_first)

    model = fit_smooth(sample.cells, SmoothTerms((0, 0)), 1.0)

    assert model.margin_of(sample.cells) == pytest.approx(model.margin(sample.cells.dimensions))


def test_a_former_fit_is_a_start_and_changes_nothing_that_matters():
    first, second = divide(make_sample(2000, values=gamma_of_first))
    terms = SmoothTerms((0, 0))
    former = fit_smooth(second.cells, terms, 10.0)

    cold, warm = (fit_smooth(first.cells, terms, 1.0, start) for start in (None, former))

    asked = first.dimensions[:100]
    assert sigmoid(warm.margin(asked)) == pytest.approx(sigmoid(cold.margin(asked)), abs=2e-3)


def test_the_order_of_accounts_changes_no_bit():
    sample = make_sample(2000, values=gamma_of_first)

    one, other = (
        fit_smooth(each.cells, SmoothTerms((0, 0)), 1.0) for each in (sample, shuffle(sample))
    )

    assert one.coefficients.tobytes() == other.coefficients.tobytes()


def test_shares_are_kept_off_nothing_and_all():
    cells = CellCounts(np.zeros((1, 1)), np.array([10.0]), np.array([[0.0, 0.0, 10.0, 10.0]]))

    assert shares(cells).tolist() == [1e-6, 1 - 1e-6]


def test_a_constant_is_informed_by_every_account():
    cells = CellCounts(np.zeros((1, 1)), np.array([500.0]), np.zeros((1, 2)))
    terms = SmoothTerms((1,))

    peers = effective_peers(terms.evaluate(np.zeros((1, 1))), leverage(cells, terms, 1e-6))

    assert peers == pytest.approx([500.0], rel=0.01)


def test_a_place_far_from_accounts_is_informed_by_few():
    crowd = np.column_stack([0.3 * RNG.random(2000), RNG.random(2000)])
    cells = CellCounts(crowd, np.ones(2000), np.zeros((2000, 2)))
    terms = SmoothTerms((0, 0))

    near, far = effective_peers(
        terms.evaluate(np.array([[0.15, 0.5], [0.9, 0.5]])), leverage(cells, terms, 1.0)
    )

    assert near > 100
    assert far < near / 10
