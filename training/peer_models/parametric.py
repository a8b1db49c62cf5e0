"""Named distributions whose parameters vary with the peer dimensions: small, smooth, explainable.

At each place the parameters follow from averages over the accounts around it. What piles up in one
value (zeros, a top code, a count) is no part of a named distribution: such an atom keeps its share
of the accounts around, and the distribution describes the rest (a hurdle model).

References
----------
.. [1] Cragg (1971), "Some Statistical Models for Limited Dependent Variables with Application to
       the Demand for Durable Goods", Econometrica 39(5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.peer_models.families import Family, make_family
from training.peer_models.interface import MetricSample
from training.peer_models.marginal import Marginal
from training.peer_models.neighbourhood import Neighbourhood, choose_neighbours
from training.peer_models.prerequisites import reason_for_marginal

#: This many average accounts are added to every neighbourhood's rest: one account has no spread.
PRIOR_ACCOUNTS = 2.0


@dataclass(frozen=True)
class HurdleLaw:
    """From accounts around a place, counted by knot, to the distribution there.

    Attributes
    ----------
    family : Family
        Of what is no atom.
    knot_values : ndarray of shape (n_knots,)
    atoms : ndarray of bool, shape (n_knots,)
        Whether all accounts from the knot before up to this one have one value.
    averages : ndarray of shape (n_knots, n)
        Of the family's statistics over the accounts from the knot before up to this one. A cell's
        accounts are not told apart further: between two knots they are as everywhere.
    average : ndarray of shape (n,)
        Of the same over all accounts that are no atoms.
    atom_share : float
        Share of all accounts that the family does not describe.
    """

    family: Family
    knot_values: NDArray[np.float64]
    atoms: NDArray[np.bool_]
    averages: NDArray[np.float64]
    average: NDArray[np.float64]
    atom_share: float

    def cdf(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give F at every knot from counts of accounts at or below it; both (n, n_knots)."""
        between = np.diff(counts, axis=1, prepend=0.0)
        rest = np.where(self.atoms, 0.0, between)
        # Sums one after the other: a product of matrices depends on the library and the batch.
        sums = np.cumsum(rest[:, :, None] * self.averages, axis=1)[:, -1]
        accounts = rest.cumsum(axis=1)[:, -1:]
        averages = (sums + PRIOR_ACCOUNTS * self.average) / (accounts + PRIOR_ACCOUNTS)
        smooth = self._without_atoms(self.family.cdf(self.knot_values, averages))
        piled = np.where(self.atoms, between, 0.0).cumsum(axis=1)
        cdf = (piled + accounts * smooth) / counts[:, -1:]
        cdf = np.maximum.accumulate(np.clip(cdf, 0.0, 1.0), axis=1)
        cdf[:, 0], cdf[:, -1] = 0.0, 1.0
        return cdf

    def _without_atoms(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cut out what the family puts where only atoms are, beyond an atom at an end too."""
        steps = np.diff(smooth, axis=1, prepend=0.0)
        steps[:, self.atoms] = 0.0
        if self.atoms[:2].any():
            steps[:, 0] = 0.0
        beyond = 0.0 if self.atoms[-1] else 1.0 - smooth[:, -1:]
        reached = steps.cumsum(axis=1)
        total = np.maximum(reached[:, -1:] + beyond, np.finfo(np.float64).tiny)
        return np.asarray(reached / total, dtype=np.float64)


@dataclass(frozen=True)
class Parametric:
    """A family, what was declared of it, and the accounts by cell."""

    name: str
    loc: float | None
    scale: float | None
    law: HurdleLaw
    around: Neighbourhood
    neighbours: float
    gain: float
    gain_error: float

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give F at every knot; see `PeerModel.cdf`."""
        return self.law.cdf(self.around.counts(dimensions, [self.neighbours])[0])

    def refit(self, sample: MetricSample) -> Parametric:
        """Take more accounts, and as many more neighbours: a neighbourhood stays as wide."""
        around = Neighbourhood.of(sample)
        grown = around.accounts / self.around.accounts
        law = _hurdle_law(sample, self.name, self.loc, self.scale)
        return replace(self, law=law, around=around, neighbours=self.neighbours * grown)

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """There are none."""
        return ()

    def effective_peers(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the near accounts, near ones more; see `PeerModel.effective_peers`."""
        return self.around.effective_accounts(dimensions, self.neighbours)

    def describe(self) -> dict[str, Any]:
        """Say which family it is, what in it is the same everywhere, and what peers gained."""
        family = self.law.family
        return {
            "estimator": "parametric",
            "family": self.name,
            "loc": "by place" if family.loc is None else family.loc,
            "scale": "by place" if family.scale is None else family.scale,
            "atom_share": self.law.atom_share,
            "neighbours": self.neighbours,
            "selection_gain": self.gain,
            "selection_gain_standard_error": self.gain_error,
        }

    def booster_json(self) -> None:
        """There is none."""
        return


def fit_parametric(
    fitting: MetricSample,
    selection: MetricSample,
    *,
    seed: int,  # noqa: ARG001
    family: str,
    loc: float | None = None,
    scale: float | None = None,
) -> Parametric | Marginal:
    """Fit a family to `fitting`; `selection` chooses how many accounts are near.

    The marginal distribution is returned, with the reason, where nothing can be learned or the
    gain in held-out log-loss over it is less than one standard error.

    Parameters
    ----------
    family : str
        One of `families.FAMILIES`.
    loc, scale : float, optional
        Kept exactly as given; see `make_family` for what is left out.

    Raises
    ------
    DataError
        If a value that is no atom cannot come from the family with the given `loc` and `scale`:
        what is declared is never bent, and what is left out is learned so that all values fit.
    """
    if reason := reason_for_marginal(fitting, selection):
        return Marginal(fitting.knots, reason, len(fitting))
    law = _hurdle_law(fitting, family, loc, scale)
    if loc is not None or scale is not None:
        given = {"loc": loc, "scale": scale}
        said = ", ".join(f"{key} {value:g}" for key, value in given.items() if value is not None)
        _check_held(law, f"{family} with {said}", fitting, selection)
    around = Neighbourhood.of(fitting)
    neighbours, gain, error = choose_neighbours(around, selection, law.cdf)
    if gain < error:
        reason = f"{family} predicts this metric no better than ignoring peers does"
        return Marginal(fitting.knots, reason, len(fitting))
    return Parametric(family, loc, scale, law, around, neighbours, gain, error)


def _hurdle_law(
    sample: MetricSample, name: str, loc: float | None, scale: float | None
) -> HurdleLaw:
    # In the order of the values, so that no sum depends on the order of rows.
    values = np.sort(sample.values)
    before = np.searchsorted(sample.knots, np.sort(sample.ranks), side="left")
    knots = np.arange(len(sample.knots))
    first = np.searchsorted(before, knots, side="left")
    last = np.searchsorted(before, knots, side="right") - 1
    # One account alone between two knots is no atom.
    atoms = (last > first) & (values[first.clip(max=len(values) - 1)] == values[last])
    rest = ~atoms[before]
    smooth = values[rest] if rest.any() else values
    family = make_family(name, smooth, _ends(sample, atoms, smooth), loc=loc, scale=scale)
    statistics = family.statistics(values)
    sums = np.zeros((len(knots), statistics.shape[1]))
    np.add.at(sums, before[rest], statistics[rest])
    accounts = np.bincount(before[rest], minlength=len(knots))[:, None]
    averages = sums / np.maximum(accounts, 1.0)
    average = sums.sum(axis=0) / rest.sum() if rest.any() else statistics[0]
    atom_share = float(1.0 - rest.mean())
    return HurdleLaw(family, sample.knot_values, atoms, averages, average, atom_share)


def _ends(
    sample: MetricSample, atoms: NDArray[np.bool_], values: NDArray[np.float64]
) -> tuple[float, float]:
    """Learn between what ends the metric can be.

    A metric that is never negative can be 0. Elsewhere an atom at an end is the end; else there is
    more beyond: as much as the lowest of n exponential values is above their location, on average
    their mean excess / n.
    """
    lowest, highest = float(sample.knot_values[0]), float(sample.knot_values[-1])
    mean = float(values.mean())
    below = 0.0 if atoms[:2].any() else (mean - lowest) / len(values)
    above = 0.0 if atoms[-1] else (highest - mean) / len(values)
    return 0.0 if lowest >= 0.0 else lowest - below, highest + above


def _check_held(law: HurdleLaw, model: str, *samples: MetricSample) -> None:
    for sample in samples:
        atom = law.atoms[np.searchsorted(sample.knots, sample.ranks, side="left")]
        beyond = sample.values[~atom & ~law.family.holds(sample.values)]
        if len(beyond):
            raise DataError(
                f"{model} cannot give {len(beyond)} of the values, such as {beyond.min():g}; "
                "give another loc or scale, or leave them out"
            )
