import numpy as np
import pytest
from samples import SAMPLE, divide, gamma_of_first, make_sample
from scipy import stats

from training.peer_models.nearest_peers import fit_nearest_peers


def gamma_error(model, knot_values):
    """Mean |F - truth| of `gamma_of_first`, all over the dimensions."""
    places = make_sample(400, seed=6).dimensions
    gamma = stats.gamma(2.0, scale=1.0 + 3.0 * places[:, [0]]).cdf(knot_values)
    # The first knot is the low side of zero, where F is 0 by decree.
    return np.abs(model.cdf(places) - (0.3 + 0.7 * gamma))[:, 1:].mean()


def test_more_accounts_come_nearer_to_the_truth():
    errors = []
    for accounts in (600, 6000, 60_000):
        sample = make_sample(accounts, values=gamma_of_first)
        model = fit_nearest_peers(*divide(sample), seed=0).refit(sample)
        errors.append(gamma_error(model, sample.knot_values))

    # Ten times the accounts should take errors to 0.46 (the power 1/3 of two dimensions).
    assert errors[1] < 0.7 * errors[0]
    assert errors[2] < 0.7 * errors[1]
    assert errors[2] < 0.012


def test_the_selecting_accounts_choose_the_number_of_neighbours_and_nothing_else():
    fitting, selection = divide(SAMPLE)
    others = make_sample(300, seed=77, values=gamma_of_first, knots=SAMPLE.knots)

    first, second = (fit_nearest_peers(fitting, by, seed=0) for by in (selection, others))

    counts = [
        model.around.counts(SAMPLE.dimensions[:9], [100]).tobytes() for model in (first, second)
    ]
    assert counts[0] == counts[1]


def test_with_more_accounts_a_neighbourhood_stays_as_wide():
    fitting, selection = divide(SAMPLE)
    model = fit_nearest_peers(fitting, selection, seed=0)

    refitted = model.refit(fitting.joined(selection))

    assert refitted.neighbours == pytest.approx(model.neighbours * len(SAMPLE) / len(fitting))
    assert refitted.describe()["neighbours"] == refitted.neighbours


def test_the_seed_changes_nothing():
    first, second = (fit_nearest_peers(*divide(SAMPLE), seed=seed) for seed in (0, 1))

    assert first.cdf(SAMPLE.dimensions).tobytes() == second.cdf(SAMPLE.dimensions).tobytes()
