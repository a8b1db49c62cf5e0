"""Ten kinds of metric whose truth is known, each hard for a nearest-neighbour estimator.

They are not the metrics of `training.synthetic`: an estimator tuned on those meets these new.
How hard they are was set by looking at the nearest-neighbour competitor alone: tuned, it must
leave at least 3 % excess rank-CRPS at 5,000 accounts.

In the formulas u is the age on the scale 0 to 1 and v the logarithm of the size on that scale.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit, ndtr

from serving.scoring.column import Input
from training.synthetic.shapes import (
    Counts,
    Distribution,
    Floats,
    Mixture,
    Smooth,
    TopCoded,
    ZeroInflated,
)

MONTHS = 120.0
SEATS = 20_000.0
ONBOARDING_MONTHS = 6.0
TWO = (Input("acct_age"), Input("acct_size"))
SIX = (
    *TWO,
    Input("products"),
    Input("admin_share"),
    Input("plan", "category", ("basic", "plus", "premium", "trial")),
    Input("region", "category", ("APAC", "EMEA", "JP", "LATAM", "NA")),
)


@dataclass(frozen=True)
class Shape:
    """The law of one metric given the peer dimensions.

    Attributes
    ----------
    law : callable
        Dimensions of shape (n, n_dimensions), as encoded, to the distributions of n accounts.
    upper : float or None
        A top code, for who wants it declared.
    """

    law: Callable[[Floats], Distribution]
    columns: tuple[Input, ...] = TWO
    upper: float | None = None

    def draw(self, accounts: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw dimensions of shape (n, n_dimensions) and values of shape (n,)."""
        dimensions = draw_dimensions(accounts, rng)[:, : len(self.columns)]
        return dimensions, self.law(dimensions).sample(accounts, rng)

    def truth(self, dimensions: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Give P(Y < value) and P(Y <= value), shape (n,)."""
        law = self.law(dimensions)
        return law.cdf_below(values), law.cdf(values)


def draw_dimensions(accounts: int, rng: np.random.Generator) -> Floats:
    """Draw all six dimensions: months, seats, products, a share, and the codes of two categories.

    Old accounts are larger and have more products, large ones more often a premium plan.
    """
    first, second, third = rng.standard_normal((3, accounts))
    large = 0.5 * first + np.sqrt(0.75) * second
    age = np.round(MONTHS * ndtr(first) ** 1.3, 1)
    size = np.clip(np.rint(np.exp(4.5 + 1.6 * large)), 1, SEATS)
    products = 1.0 + rng.binomial(11, ndtr(0.5 * first + 0.8 * third) ** 1.5)
    admins = rng.beta(2.0, 6.0, accounts)
    plan = np.clip(np.floor(2.0 * ndtr(large) + 2.0 * rng.random(accounts)), 0, 3)
    region = rng.choice(5, accounts, p=[0.2, 0.3, 0.1, 0.1, 0.3]).astype(float)
    return np.column_stack([age, size, products, admins, plan, region])


def _u(x: Floats) -> Floats:
    return x[:, 0] / MONTHS


def _v(x: Floats) -> Floats:
    return np.asarray(np.log(x[:, 1]) / np.log(SEATS))


def _bump(place: Floats, centre: float, width: float) -> Floats:
    return np.asarray(np.exp(-(((place - centre) / width) ** 2)))


def _log_normal(median: Floats, sigma: Floats | float) -> Smooth:
    return Smooth(stats.lognorm(s=sigma, scale=median))


def _negative_binomial(mean: Floats, dispersion: float) -> Counts:
    return Counts(stats.nbinom(dispersion, dispersion / (dispersion + mean)))


def _skewed(x: Floats) -> Distribution:
    # Use has a peak, later and lower the larger the account.
    peak = 1.8 * _bump(_u(x), 0.15 + 0.5 * _v(x), 0.15) * (1.2 - _v(x))
    return Smooth(stats.gamma(1.5 + _u(x), scale=np.exp(-1.5 + peak + 0.7 * _v(x))))


def _bounded(x: Floats) -> Distribution:
    # Small accounts tire with age, large ones warm up.
    mean = expit(9.0 * (_u(x) - 0.4) * (_v(x) - 0.45) + 0.5 * np.sin(6.0 * _u(x)))
    precision = 5.0 + 10.0 * _v(x)
    return Smooth(stats.beta(precision * mean, precision * (1.0 - mean)))


def _zero_inflated_counts(x: Floats) -> Distribution:
    unused = expit(0.2 + 2.0 * np.cos(6.0 * _u(x) + 5.0 * _v(x)))
    return ZeroInflated(unused, _negative_binomial(np.exp(0.8 + 2.0 * _u(x) * _v(x)), 1.3))


def _zero_adjusted_heavy_tail(x: Floats) -> Distribution:
    unused = expit(1.8 - 5.0 * _v(x) + 2.0 * _bump(_u(x), 0.5, 0.15))
    return ZeroInflated(unused, _log_normal(np.exp(1.0 + 3.0 * _u(x) * _v(x)), 1.0 + 0.6 * _u(x)))


def _top_coded(x: Floats) -> Distribution:
    scale = 0.08 + 0.25 * expit(8.0 * (_v(x) - 0.3 - 0.4 * _u(x)))
    return TopCoded(Smooth(stats.gamma(2.5 + 1.5 * _u(x), scale=scale)), top=1.0)


def _bimodal(x: Floats) -> Distribution:
    # Those who have moved to the new interface, and those who have not.
    moved = expit(8.0 * (_u(x) - 0.5) + 4.0 * np.sin(5.0 * _v(x)))
    return Mixture(moved, Smooth(stats.beta(12.0, 4.0 + 4.0 * _u(x))), Smooth(stats.beta(2.0, 9.0)))


def _step_in_age(x: Floats) -> Distribution:
    onboarding = np.where(x[:, 0] < ONBOARDING_MONTHS, 0.2, 1.0)
    year = np.where(x[:, 0] < 36.0, 1.0, 2.2)
    return Smooth(stats.gamma(2.5, scale=onboarding * year * (0.5 + 1.5 * _v(x))))


def _steep_interaction(x: Floats) -> Distribution:
    # A ridge across the plane and a rise beyond it; the tail has a mean and hardly a variance.
    across = _u(x) + _v(x) - 0.85
    height = expit(15.0 * across) + 1.3 * _bump(across, -0.15, 0.15)
    return Smooth(stats.fisk(1.8 + 0.7 * _u(x), scale=np.exp(0.5 + height)))


def _spread(x: Floats) -> Distribution:
    # Peers differ in how much their accounts differ, hardly in where their middle is.
    spread = np.exp(-1.0 + 3.0 * expit(8.0 * (_v(x) - 0.45) * np.cos(4.0 * _u(x))))
    return Smooth(stats.norm(20.0 + 1.5 * _u(x), spread))


def _six_dimensions(x: Floats) -> Distribution:
    plan, region = x[:, 4].astype(int), x[:, 5].astype(int)
    slope = np.array([0.5, 1.5, 2.5, -0.5])[plan]
    home = np.array([0.0, 0.4, -0.7, 0.2, 0.6])[region]
    use = slope * (_v(x) - 0.4) * 2.0 + home + 0.12 * (x[:, 2] - 4.0) + 1.2 * _bump(_u(x), 0.4, 0.2)
    unused = expit(-1.0 - 1.5 * use + 4.0 * (x[:, 3] - 0.25) + np.where(plan == 3, 1.0, 0.0))
    return ZeroInflated(unused, Smooth(stats.gamma(2.0, scale=np.exp(use))))


SHAPES: Mapping[str, Shape] = {
    "skewed": Shape(_skewed),
    "bounded": Shape(_bounded),
    "zero-inflated counts": Shape(_zero_inflated_counts),
    "zero-adjusted heavy tail": Shape(_zero_adjusted_heavy_tail),
    "top-coded": Shape(_top_coded, upper=1.0),
    "bimodal": Shape(_bimodal),
    "step in age": Shape(_step_in_age),
    "steep, heavy tail": Shape(_steep_interaction),
    "spread only": Shape(_spread),
    "six dimensions": Shape(_six_dimensions, columns=SIX),
}
