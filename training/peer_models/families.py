"""Named distributions that are fitted to averages: a few numbers per place say all that is needed.

Each is written as in ``scipy.stats``, with `loc` and `scale`. A parameter that is given stays as
it is; one that is None is fitted, at each place anew. To add a family: one class, and
one line each in `FAMILIES` and `make_family`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

#: Nothing narrower than this, in multiples of the metric's own spread or mean, is told apart.
_NARROWEST = 1e-6


class Family(Protocol):
    """A named distribution whose parameters follow from averages over accounts."""

    @property
    def loc(self) -> float | None:
        """The location that is the same everywhere; None where it is fitted at each place."""

    @property
    def scale(self) -> float | None:
        """The scale that is the same everywhere; None where it is fitted at each place."""

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """Say which values the distribution can take."""

    def statistics(self, values: Floats) -> Floats:
        """Give the functions of a value whose averages are needed: shape (n_values, n)."""

    def cdf(self, values: Floats, averages: Floats) -> Floats:
        """Give P(Y <= value) at each place.

        Parameters
        ----------
        values : ndarray of shape (n_values,)
        averages : ndarray of shape (n_places, n)
            Of `statistics` over the accounts of each place.

        Returns
        -------
        ndarray of shape (n_places, n_values)
        """


def _same_everywhere(given: float | None, unit: float, averages: Floats) -> Floats | None:
    """Write a given parameter as a column, a place a row, in multiples of the unit."""
    return None if given is None else np.full((len(averages), 1), given / unit)


@dataclass(frozen=True)
class Normal:
    """Mean and standard deviation."""

    loc: float | None
    scale: float | None
    centre: float
    spread: float

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """Every number."""
        return np.isfinite(values)

    def statistics(self, values: Floats) -> Floats:
        """Give the standardised value and its square: less is lost to rounding than from raw."""
        step = (values - self.centre) / self.spread
        return np.column_stack([step, step * step])

    def cdf(self, values: Floats, averages: Floats) -> Floats:
        """Take mean and variance, their maximum likelihood."""
        mean, square = averages[:, :1], averages[:, 1:]
        loc = mean if self.loc is None else (self.loc - self.centre) / self.spread
        scale = _same_everywhere(self.scale, self.spread, averages)
        if scale is None:
            scale = np.sqrt(np.maximum(square - loc * (2.0 * mean - loc), _NARROWEST**2))
        at = (values - self.centre) / self.spread
        return np.asarray(special.ndtr((at - loc) / scale))


@dataclass(frozen=True)
class Gamma:
    """Shape and scale above a location.

    References
    ----------
    .. [1] Ye & Chen (2017), "Closed-Form Estimators for the Gamma Distribution Derived From
           Likelihood Equations", The American Statistician 71(2).
    """

    loc: float
    scale: float | None
    least: float
    mean: float

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """From the location up."""
        return values >= self.loc

    def statistics(self, values: Floats) -> Floats:
        """Give x, log(x) and x log(x), with x the excess over the location."""
        # At the location itself the logarithm is infinite: such a value counts as half the next.
        excess = np.maximum(values - self.loc, self.least) / self.mean
        return np.column_stack([excess, np.log(excess), excess * np.log(excess)])

    def cdf(self, values: Floats, averages: Floats) -> Floats:
        """Take the closed form near the maximum likelihood [1]_; a given scale divides the mean."""
        mean, log, product = averages[:, :1], averages[:, 1:2], averages[:, 2:]
        scale = _same_everywhere(self.scale, self.mean, averages)
        if scale is None:
            scale = np.maximum(product - mean * log, _NARROWEST * mean)
        excess = np.maximum(values - self.loc, 0.0) / self.mean
        return np.asarray(special.gammainc(mean / scale, excess / scale))


@dataclass(frozen=True)
class Exponential:
    """A mean excess over a location."""

    loc: float
    scale: float | None
    mean: float

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """From the location up."""
        return values >= self.loc

    def statistics(self, values: Floats) -> Floats:
        """Give the excess over the location."""
        return self._excess(values)[:, None]

    def cdf(self, values: Floats, averages: Floats) -> Floats:
        """Set the scale to the mean excess, its maximum likelihood."""
        scale = _same_everywhere(self.scale, self.mean, averages)
        if scale is None:
            scale = np.maximum(averages, _NARROWEST)
        return -np.expm1(-self._excess(values) / scale)

    def _excess(self, values: Floats) -> Floats:
        return np.maximum(values - self.loc, 0.0) / self.mean


@dataclass(frozen=True)
class Beta:
    """Two shapes between two ends: `loc` and `loc + scale`."""

    loc: float
    scale: float

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """From end to end."""
        return (values >= self.loc) & (values <= self.loc + self.scale)

    def statistics(self, values: Floats) -> Floats:
        """Give the position between the ends, and its square."""
        position = np.clip((values - self.loc) / self.scale, 0.0, 1.0)
        return np.column_stack([position, position * position])

    def cdf(self, values: Floats, averages: Floats) -> Floats:
        """Match mean and variance (method of moments)."""
        mean = np.clip(averages[:, :1], _NARROWEST, 1.0 - _NARROWEST)
        most = mean * (1.0 - mean)
        variance = averages[:, 1:] - mean * mean
        total = most / np.clip(variance, _NARROWEST * most, (1.0 - _NARROWEST) * most) - 1.0
        position = np.clip((values - self.loc) / self.scale, 0.0, 1.0)
        return np.asarray(special.betainc(total * mean, total * (1.0 - mean), position))


#: By the name a scorecard asks for.
FAMILIES = ("normal", "gamma", "exponential", "beta")


def make_family(
    name: str,
    values: Floats,
    ends: tuple[float, float],
    *,
    loc: float | None = None,
    scale: float | None = None,
) -> Family:
    """Lay out a family for a metric.

    Parameters
    ----------
    name : str
        One of `FAMILIES`.
    values : ndarray of shape (n_accounts,)
        The metric in its own unit, ascending; at least one.
    ends : tuple of float
        The lowest and the highest value there can be: the location of a gamma and an exponential,
        and the ends of a beta, where they are not given.
    loc, scale : float, optional
        In the metric's unit; `scale` above 0.
    """
    if name == "normal":
        centre = float(values.mean())
        # Not the standard deviation: its squares overflow for what a number can still hold.
        return Normal(loc, scale, centre, float(np.abs(values - centre).mean()) or 1.0)
    loc = ends[0] if loc is None else loc
    if name == "beta":
        return Beta(loc, scale or (ends[1] - loc if ends[1] > loc else 1.0))
    excess = np.maximum(values - loc, 0.0)
    mean = float(excess.mean()) or 1.0
    if name == "exponential":
        return Exponential(loc, scale, mean)
    positive = excess[excess > 0.0]
    return Gamma(loc, scale, float(positive[0]) / 2.0 if len(positive) else 1.0, mean)
