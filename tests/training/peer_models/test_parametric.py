import numpy as np
import pytest
from samples import (
    SAMPLE,
    counts_of_first,
    debts_of_first,
    divide,
    gamma_of_first,
    make_sample,
    take,
    top_coded,
)
from scipy import stats

from training.errors import DataError
from training.peer_models.families import FAMILIES
from training.peer_models.parametric import fit_parametric

PLACES = make_sample(400, seed=6).dimensions
#: At the edges all neighbours are on one side.
INSIDE = ((PLACES > 0.15) & (PLACES < 0.85)).all(axis=1)
RNG = np.random.default_rng(3)


def gamma_of_both(dimensions):
    return np.random.default_rng(1).gamma(1.0 + 2.0 * dimensions[:, 0], 1.0 + dimensions[:, 1])


def rate_of_both(dimensions):
    mean = 0.2 + 0.6 * dimensions[:, 0] * dimensions[:, 1]
    return np.random.default_rng(1).beta(6.0 * mean, 6.0 * (1.0 - mean))


def normal_of_both(dimensions):
    return np.random.default_rng(1).normal(dimensions[:, 0], 0.3 + dimensions[:, 1])


def wait_of_both(dimensions):
    return 5.0 + np.random.default_rng(1).exponential(0.5 + dimensions.sum(axis=1))


X, Y = PLACES[:, [0]], PLACES[:, [1]]
MEAN = 0.2 + 0.6 * X * Y
#: Family, what is declared of it, how values are drawn, and from which law at `PLACES`.
TRUTHS = [
    ("gamma", {}, gamma_of_both, stats.gamma(1.0 + 2.0 * X, scale=1.0 + Y)),
    ("gamma", {"loc": 0.0}, gamma_of_both, stats.gamma(1.0 + 2.0 * X, scale=1.0 + Y)),
    ("beta", {"loc": 0.0, "scale": 1.0}, rate_of_both, stats.beta(6.0 * MEAN, 6.0 * (1.0 - MEAN))),
    ("normal", {}, normal_of_both, stats.norm(X, 0.3 + Y)),
    ("exponential", {"loc": 5.0}, wait_of_both, stats.expon(5.0, 0.5 + X + Y)),
]


@pytest.mark.parametrize(("family", "declared", "values", "law"), TRUTHS)
def test_a_family_that_is_the_truths_comes_near_it(family, declared, values, law):
    sample = make_sample(8000, values=values)

    model = fit_parametric(*divide(sample), seed=0, family=family, **declared).refit(sample)

    errors = np.abs(model.cdf(PLACES) - law.cdf(sample.knot_values))[:, 1:-1]
    # Plain shares of 400 to 800 near accounts are off by 0.011 to 0.016 in the mean.
    assert errors.mean() < 0.014
    assert errors[INSIDE].max() < 0.08


def zeros_and_waits(dimensions):
    rng = np.random.default_rng(4)
    unused = rng.random(len(dimensions)) < 0.2 + 0.6 * dimensions[:, 0]
    return np.where(unused, 0.0, 1.0 + rng.exponential(2.0, len(dimensions)))


def test_a_declared_location_and_scale_are_said_and_used_exactly():
    sample = make_sample(4000, values=zeros_and_waits)
    declared = {"loc": 1.0, "scale": 2.5}

    model = fit_parametric(*divide(sample), seed=0, family="exponential", **declared)

    for fitted in (model, model.refit(sample)):
        cdf = fitted.cdf(PLACES)[:, 1:-1]
        law = stats.expon(1.0, 2.5).cdf(sample.knot_values)[1:-1]
        assert fitted.describe() | declared == fitted.describe()
        # The first inner knot is the upper side of the zeros.
        assert (cdf - cdf[:, :1]) / (1.0 - cdf[:, :1]) == pytest.approx(law + 0.0 * cdf)


@pytest.mark.parametrize("scale", [None, 2.0])
def test_a_declared_location_of_a_gamma_is_not_moved_towards_the_data(scale):
    sample = make_sample(4000, values=lambda d: 0.5 + gamma_of_both(d))

    model = fit_parametric(*divide(sample), seed=0, family="gamma", loc=0.0, scale=scale)

    assert model.describe()["loc"] == 0.0
    assert model.describe()["scale"] == (scale or "by place")


def test_a_gamma_of_declared_scale_is_that_gamma_everywhere():
    sample = make_sample(4000, values=gamma_of_both)

    model = fit_parametric(*divide(sample), seed=0, family="gamma", loc=0.0, scale=1.5)

    shapes = np.linspace(0.5, 6.0, 2000)[:, None]
    possible = stats.gamma(shapes, scale=1.5).cdf(sample.knot_values)
    for row in model.cdf(PLACES[:20]):
        assert np.abs(possible - row)[:, 1:-1].max(axis=1).min() < 0.002


@pytest.mark.parametrize(
    ("values", "family", "loc"),
    [
        (gamma_of_both, "gamma", 0.0),
        (lambda d: wait_of_both(d) - 5.0, "exponential", 0.0),
        (rate_of_both, "beta", 0.0),
        (lambda d: rate_of_both(d) - 1.0, "beta", -1.0),
        (lambda d: gamma_of_both(d) - 1.0, "gamma", -1.0),
    ],
)
def test_a_location_is_learned_as_zero_or_as_a_little_below_the_lowest_value(values, family, loc):
    sample = make_sample(4000, values=values)

    model = fit_parametric(*divide(sample), seed=0, family=family)

    learned = model.describe()["loc"]
    assert learned == pytest.approx(loc, abs=0.02)
    assert loc or learned == 0.0
    assert learned <= sample.values.min()


@pytest.mark.parametrize("family", FAMILIES)
def test_both_sides_of_the_zeros_are_right(family):
    sample = make_sample(8000, values=zeros_and_waits)
    low, high = np.flatnonzero(sample.knot_values == 0.0)

    cdf = fit_parametric(*divide(sample), seed=0, family=family).refit(sample).cdf(PLACES)

    assert (cdf[:, low] == 0.0).all()
    unused = 0.2 + 0.6 * PLACES[:, 0]
    assert np.abs(cdf[:, high] - unused)[INSIDE].mean() < 0.02


@pytest.mark.parametrize("family", FAMILIES)
def test_both_sides_of_a_top_code_are_right(family):
    sample = make_sample(8000, values=top_coded)
    below = np.flatnonzero(sample.knot_values == 4.0)[0]
    capped = 0.7 * stats.gamma(2.0, scale=1.0 + 3.0 * PLACES[:, 0]).sf(4.0)

    cdf = fit_parametric(*divide(sample), seed=0, family=family).refit(sample).cdf(PLACES)

    assert np.abs(cdf[:, below] - (1.0 - capped)).mean() < 0.02
    assert (cdf[:, -1] == 1.0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_counts_are_atoms_whatever_the_family(family):
    sample = make_sample(8000, values=counts_of_first)

    model = fit_parametric(*divide(sample), seed=0, family=family).refit(sample)

    assert model.describe()["atom_share"] > 0.95
    truth = stats.poisson(1.0 + 5.0 * X).cdf(np.arange(8))
    at = np.searchsorted(sample.knots, [(sample.values <= count).mean() for count in range(8)])
    assert np.abs(model.cdf(PLACES)[:, at] - truth).mean() < 0.02


@pytest.mark.parametrize(
    ("values", "family", "declared", "message"),
    [
        (debts_of_first, "gamma", {"loc": 0.0}, "gamma with loc 0 cannot give"),
        (debts_of_first, "exponential", {"loc": -1}, "exponential with loc -1 cannot give"),
        (gamma_of_both, "beta", {"loc": 0, "scale": 1.5}, "beta with loc 0, scale 1.5 cannot"),
        (gamma_of_both, "beta", {"scale": 1.5}, "beta with scale 1.5 cannot give"),
    ],
)
def test_a_declaration_that_the_values_contradict_is_refused(values, family, declared, message):
    fitting, selection = divide(make_sample(1200, values=values))

    with pytest.raises(DataError, match=message) as caught:
        fit_parametric(fitting, selection, seed=0, family=family, **declared)

    assert str(caught.value).endswith("give another loc or scale, or leave them out")


def test_a_value_that_only_a_selecting_account_has_contradicts_too():
    fitting, selection = divide(SAMPLE)
    odd = take(selection, np.arange(len(selection)))
    odd.values[0], odd.ranks[0] = -1.0, SAMPLE.knots[2] + 1e-4

    with pytest.raises(DataError, match="cannot give 1 of the values, such as -1;"):
        fit_parametric(fitting, odd, seed=0, family="gamma", loc=0.0)


def test_an_atom_may_lie_outside_of_the_family():
    fitting, selection = divide(make_sample(3000, values=zeros_and_waits))

    model = fit_parametric(fitting, selection, seed=0, family="gamma", loc=0.9)

    assert model.describe()["loc"] == 0.9


def test_a_family_that_predicts_worse_than_ignoring_peers_is_not_kept():
    two_humps = make_sample(
        1200, values=lambda d: gamma_of_first(d) + 1000.0 * RNG.integers(0, 2, len(d))
    )

    model = fit_parametric(*divide(two_humps), seed=0, family="exponential")

    reason = "exponential predicts this metric no better than ignoring peers does"
    assert model.describe() == {"estimator": "marginal", "reason": reason}


def test_refitting_keeps_what_was_chosen_and_learns_the_parameters_anew():
    fitting, selection = divide(SAMPLE)
    model = fit_parametric(fitting, selection, seed=0, family="gamma")

    refitted = model.refit(fitting.joined(selection))

    assert refitted.neighbours == pytest.approx(model.neighbours * len(SAMPLE) / len(fitting))
    assert refitted.law.average.tolist() != model.law.average.tolist()
