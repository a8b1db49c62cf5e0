import numpy as np
import pytest
from scipy import stats

from training.peer_models.families import FAMILIES, make_family

DRAWN = {
    "normal": stats.norm(3.0, 2.0),
    "gamma": stats.gamma(1.7, scale=3.0),
    "exponential": stats.expon(scale=3.0),
    "beta": stats.beta(2.0, 5.0),
}
ENDS = (0.0, 1.0)
LEVELS = np.linspace(0.01, 0.99, 99)


def averages_of(family, values):
    return family.statistics(values).mean(axis=0)[None, :]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_finds_itself_in_what_was_drawn_from_it(name):
    law = DRAWN[name]
    values = np.sort(law.rvs(20_000, random_state=1))
    family = make_family(name, values, ENDS)

    fitted = family.cdf(law.ppf(LEVELS), averages_of(family, values))[0]

    # The empirical distribution itself would be off by 0.0096 at worst, 19 times of 20.
    assert np.abs(fitted - LEVELS).max() < 0.0096


@pytest.mark.parametrize(
    ("name", "loc", "scale", "law"),
    [
        ("normal", 3.0, 2.0, lambda _: stats.norm(3.0, 2.0)),
        ("normal", None, 2.0, lambda mean: stats.norm(mean, 2.0)),
        ("gamma", -1.0, 2.5, lambda mean: stats.gamma((mean + 1.0) / 2.5, -1.0, 2.5)),
        ("exponential", -2.0, 4.0, lambda _: stats.expon(-2.0, 4.0)),
        ("exponential", 0.25, None, lambda mean: stats.expon(0.25, mean - 0.25)),
    ],
)
def test_what_is_given_is_what_is_used(name, loc, scale, law):
    values = np.sort(stats.gamma(3.0, 1.0, 2.0).rvs(500, random_state=2))
    family = make_family(name, values, ENDS, loc=loc, scale=scale)

    fitted = family.cdf(values, averages_of(family, values))[0]

    assert (family.loc, family.scale) == (loc, scale)
    assert fitted == pytest.approx(law(values.mean()).cdf(values), abs=1e-9)


@pytest.mark.parametrize(("loc", "scale"), [(0.0, 1.0), (-1.0, 4.0), (0.0, 2.0)])
def test_a_beta_of_given_ends_matches_mean_and_variance_between_them(loc, scale):
    values = np.sort(stats.beta(2.0, 5.0).rvs(500, random_state=2))
    family = make_family("beta", values, ENDS, loc=loc, scale=scale)

    fitted = family.cdf(values, averages_of(family, values))[0]

    mean, variance = (values.mean() - loc) / scale, values.var() / scale**2
    total = mean * (1 - mean) / variance - 1
    law = stats.beta(total * mean, total * (1 - mean), loc, scale)
    assert fitted == pytest.approx(law.cdf(values), abs=1e-9)
    assert (law.mean(), law.var()) == pytest.approx((values.mean(), values.var()))


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [
        ("normal", [-1e9, 0.0, 1e9], []),
        ("gamma", [0.5, 7.0], [0.4, -1.0]),
        ("exponential", [0.5, 7.0], [0.4, -1.0]),
        ("beta", [0.5, 2.5], [0.4, 2.6]),
    ],
)
def test_a_family_says_what_it_cannot_hold(name, within, beyond):
    family = make_family(name, np.array([1.0, 2.0]), ENDS, loc=0.5, scale=2.0)

    assert family.holds(np.array(within)).all()
    assert not family.holds(np.array(beyond)).any()


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_unit_of_a_metric_changes_nothing(name, factor):
    values = np.sort(DRAWN[name].rvs(500, random_state=3))
    plain, scaled = (
        make_family(name, unit * values, (0.0, unit * values.max())) for unit in (1.0, factor)
    )

    fitted = [
        family.cdf(unit * values, averages_of(family, unit * values))
        for family, unit in ((plain, 1.0), (scaled, factor))
    ]

    assert fitted[0] == pytest.approx(fitted[1], abs=1e-9)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([5.0], "one value"),
        ([0.0], "one value, at the location"),
        ([5.0, 5.0, 5.0], "no spread"),
        ([0.0, 0.0, 1e-300], "hardly any"),
        ([-3.0, -2.0], "below the location"),
        ([0.0, 1.0, 1e300], "an enormous one"),
    ],
)
@pytest.mark.parametrize("name", FAMILIES)
def test_no_values_are_too_odd_for_a_family(name, values, why):
    values = np.array(values)
    family = make_family(name, values, (0.0, max(values.max(), 0.0)))

    fitted = family.cdf(np.array([-1.0, 0.0, 1.0, 10.0]), averages_of(family, values))

    assert not np.isnan(fitted).any(), why
    assert (np.diff(fitted) >= 0).all()
