"""Distributions that can be sampled and whose distribution function is known in closed form.

One object describes many accounts at once: its parameters are arrays of shape (n,), one element
per account. Atoms (zeros, top codes, counts) are exact, so `cdf` and `cdf_below` differ there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Distribution(Protocol):
    """The distribution of one metric for n accounts, each with parameters of its own."""

    def cdf(self, values: Floats) -> Floats:
        """Give P(Y <= value), shape (n,)."""

    def cdf_below(self, values: Floats) -> Floats:
        """Give P(Y < value), shape (n,)."""

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw one value per account, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Smooth:
    """A continuous distribution: no value has mass of its own."""

    #: A frozen scipy.stats distribution; scipy ships no types.
    law: Any

    def cdf(self, values: Floats) -> Floats:
        """Give P(Y <= value)."""
        return np.asarray(self.law.cdf(values), dtype=np.float64)

    def cdf_below(self, values: Floats) -> Floats:
        """Give P(Y < value), which is P(Y <= value)."""
        return self.cdf(values)

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw one value per account."""
        return np.asarray(self.law.rvs(size=n, random_state=rng), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Counts:
    """A distribution over 0, 1, 2, …; every one of them is an atom."""

    law: Any

    def cdf(self, values: Floats) -> Floats:
        """Give P(Y <= value)."""
        return np.asarray(self.law.cdf(values), dtype=np.float64)

    def cdf_below(self, values: Floats) -> Floats:
        """Give P(Y < value): all whole numbers below it."""
        return self.cdf(np.ceil(values) - 1)

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw one value per account."""
        return np.asarray(self.law.rvs(size=n, random_state=rng), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ZeroInflated:
    """Zero with probability `zero_share`, else drawn from `rest` (which may give zeros too)."""

    zero_share: Floats
    rest: Distribution

    def cdf(self, values: Floats) -> Floats:
        """Give P(Y <= value)."""
        return self.zero_share * (values >= 0) + (1 - self.zero_share) * self.rest.cdf(values)

    def cdf_below(self, values: Floats) -> Floats:
        """Give P(Y < value)."""
        return self.zero_share * (values > 0) + (1 - self.zero_share) * self.rest.cdf_below(values)

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw one value per account."""
        is_zero = rng.random(n) < self.zero_share
        return np.where(is_zero, 0.0, self.rest.sample(n, rng))


@dataclass(frozen=True, slots=True)
class TopCoded:
    """Drawn from `rest`, and what exceeds `top` is reported as `top`."""

    rest: Distribution
    top: float

    def cdf(self, values: Floats) -> Floats:
        """Give P(Y <= value)."""
        return np.where(values >= self.top, 1.0, self.rest.cdf(values))

    def cdf_below(self, values: Floats) -> Floats:
        """Give P(Y < value)."""
        return np.where(values > self.top, 1.0, self.rest.cdf_below(values))

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw one value per account."""
        return np.minimum(self.rest.sample(n, rng), self.top)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Drawn from `first` with probability `first_share`, else from `second`."""

    first_share: Floats
    first: Distribution
    second: Distribution

    def cdf(self, values: Floats) -> Floats:
        """Give P(Y <= value)."""
        second = (1 - self.first_share) * self.second.cdf(values)
        return self.first_share * self.first.cdf(values) + second

    def cdf_below(self, values: Floats) -> Floats:
        """Give P(Y < value)."""
        second = (1 - self.first_share) * self.second.cdf_below(values)
        return self.first_share * self.first.cdf_below(values) + second

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw one value per account."""
        is_first = rng.random(n) < self.first_share
        return np.where(is_first, self.first.sample(n, rng), self.second.sample(n, rng))
