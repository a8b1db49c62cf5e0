"""The truth about the synthetic accounts: each metric's distribution given age and size.

Every formula is written in u = age / 180 and v = ln(size) / ln(20,000), both 0 to 1. The kinds
are the ones that real metrics have and estimators fail on; data/README.md lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from training.synthetic.shapes import (
    Counts,
    Distribution,
    Floats,
    Mixture,
    Smooth,
    TopCoded,
    ZeroInflated,
)

#: Months since the contract started, at most.
OLDEST_MONTHS = 180.0
#: Seats, at most.
LARGEST_SEATS = 20_000.0
#: Onboarding ends with this month: `quicktext` steps up.
ONBOARDING_MONTHS = 3.0
#: From this many seats on, another edition is sold: `workflows` steps up.
LARGE_EDITION_SEATS = 200.0


@dataclass(frozen=True, slots=True)
class Peers:
    """Where accounts stand in the peer dimensions; age in months, size in seats, shape (n,)."""

    age: Floats
    size: Floats

    @property
    def u(self) -> Floats:
        """Age on the scale 0 to 1."""
        return self.age / OLDEST_MONTHS

    @property
    def v(self) -> Floats:
        """Logarithm of size on the scale 0 to 1."""
        return np.asarray(np.log(self.size) / np.log(LARGEST_SEATS), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Shape:
    """The true distribution of one metric given an account's age and size.

    `values`, `age` (months, 0 to 180) and `size` (seats, 1 to 20,000) broadcast against each
    other to shape (n,). Where one of them is NaN, so is the probability.
    """

    #: What makes this metric hard, in a few words.
    kind: str
    #: The distribution for accounts at these places.
    law: Callable[[Peers], Distribution]

    def cdf(self, values: ArrayLike, age: ArrayLike, size: ArrayLike) -> Floats:
        """Give P(Y <= value | age, size), shape (n,), in 0 to 1."""
        values, peers = _aligned(values, age, size)
        return _probability(self.law(peers).cdf(values), values, peers)

    def cdf_below(self, values: ArrayLike, age: ArrayLike, size: ArrayLike) -> Floats:
        """Give P(Y < value | age, size), shape (n,), in 0 to 1: less than `cdf` at an atom."""
        values, peers = _aligned(values, age, size)
        return _probability(self.law(peers).cdf_below(values), values, peers)

    def sample(self, age: ArrayLike, size: ArrayLike, rng: np.random.Generator) -> Floats:
        """Draw one value per account, shape (n,), in the metric's own unit; never NaN."""
        ages, peers = _aligned(age, age, size)
        return self.law(peers).sample(len(ages), rng)


def _aligned(values: ArrayLike, age: ArrayLike, size: ArrayLike) -> tuple[Floats, Peers]:
    arrays = [np.asarray(array, dtype=np.float64) for array in (values, age, size)]
    same_length = np.broadcast_arrays(np.zeros(1), *arrays)
    return same_length[1], Peers(age=same_length[2], size=same_length[3])


def _probability(raw: Floats, values: Floats, peers: Peers) -> Floats:
    """Undo rounding beyond 0 and 1, and let NaN through where a distribution swallowed it."""
    unknown = np.isnan(values) | np.isnan(peers.age) | np.isnan(peers.size)
    return np.where(unknown, np.nan, np.clip(raw, 0.0, 1.0))


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(special.expit(logit), dtype=np.float64)


def _log_normal(median: Floats, sigma: Floats | float) -> Smooth:
    return Smooth(stats.lognorm(s=sigma, scale=median))


def _gamma(shape: Floats | float, scale: Floats) -> Smooth:
    return Smooth(stats.gamma(shape, scale=scale))


def _negative_binomial(mean: Floats, dispersion: float) -> Counts:
    law: Any = stats.nbinom(dispersion, dispersion / (dispersion + mean))
    return Counts(law)


def _activation_rate(x: Peers) -> Distribution:
    return _gamma(1.5 + 2.5 * x.u, 0.25 + 0.45 * x.v)


def _penetration_rate(x: Peers) -> Distribution:
    return _log_normal(np.exp(-0.9 + 0.9 * x.u - 0.8 * x.v), 0.35 + 0.35 * x.u)


def _engagement_rate(x: Peers) -> Distribution:
    # Small accounts tire with age, large ones warm up. Both beta parameters stay above 1: below,
    # values would crowd at 0 or 1 and rounding would make atoms of them.
    mean = _sigmoid(0.1 + 4 * (x.u - 0.35) * (x.v - 0.4))
    return Smooth(stats.beta(8 * mean, 8 * (1 - mean)))


def _utilization_rate(x: Peers) -> Distribution:
    return TopCoded(_gamma(3 + 2 * x.u, 0.12 + 0.1 * x.v), top=1.0)


def _lightning_utilization(x: Peers) -> Distribution:
    moved = _sigmoid(1.0 - 4 * x.u + 2 * x.v)
    return Mixture(moved, Smooth(stats.beta(12, 4)), Smooth(stats.beta(2, 10)))


def _bots(x: Peers) -> Distribution:
    return ZeroInflated(_sigmoid(3 - 4.5 * x.v), _log_normal(np.exp(0.5 + 2 * x.v), 1.3))


def _email2case(x: Peers) -> Distribution:
    unused = _sigmoid(0.4 - 2.5 * x.u)
    return ZeroInflated(unused, _negative_binomial(np.exp(0.5 + 4 * x.v), 1.2))


def _web2case(x: Peers) -> Distribution:
    unused = _sigmoid(1.2 - 3 * x.u + x.v)
    return ZeroInflated(unused, _negative_binomial(np.exp(0.3 + 2.5 * x.v), 0.8))


def _macro(x: Peers) -> Distribution:
    unused = _sigmoid(0.5 + x.u - 3 * x.v)
    return ZeroInflated(unused, _negative_binomial(np.exp(0.3 + 2.2 * x.v + x.u), 2.0))


def _quicktext(x: Peers) -> Distribution:
    onboarded = np.where(x.age < ONBOARDING_MONTHS, 0.3, 1.0)
    return _gamma(2.0, onboarded * (1 + 2 * x.v))


def _ltnflows(x: Peers) -> Distribution:
    return ZeroInflated(_sigmoid(0.5 + 2 * x.u - 3 * x.v), _gamma(1.5, 1 + 3 * x.v))


def _workflowrules(x: Peers) -> Distribution:
    return Counts(stats.binom(12, _sigmoid(-1.5 + 2.5 * x.u + 0.8 * x.v)))


def _workflows(x: Peers) -> Distribution:
    edition = np.where(x.size >= LARGE_EDITION_SEATS, 0.9, 0.0)
    return _log_normal(np.exp(0.3 + 0.8 * x.u + edition), 0.6)


#: By metric name, in the order of the files' columns.
METRICS: Mapping[str, Shape] = {
    "activation_rate": Shape("skewed rate", _activation_rate),
    "penetration_rate": Shape("log-normal skew", _penetration_rate),
    "engagement_rate": Shape("age's effect reverses with size", _engagement_rate),
    "utilization_rate": Shape("top-coded at 1", _utilization_rate),
    "bots": Shape("mostly zero, heavy tail", _bots),
    "email2case": Shape("zero-inflated counts, long", _email2case),
    "lightning_utilization": Shape("bimodal", _lightning_utilization),
    "ltnflows": Shape("zeros and a gamma", _ltnflows),
    "macro": Shape("zero-inflated counts, short", _macro),
    "quicktext": Shape("step in age", _quicktext),
    "web2case": Shape("zero-inflated counts, overdispersed", _web2case),
    "workflowrules": Shape("thirteen possible values", _workflowrules),
    "workflows": Shape("step in size", _workflows),
}
