"""A plain logistic regression of churn: what boosted trees must be worth more than."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from training.risk.logistic import fit_logistic
from training.risk.sample import RiskSample


@dataclass(frozen=True, eq=False)
class PlainRegression:
    """Log-odds that are a weighted sum of the inputs and of "is not known" marks.

    Inputs are held within the middle 99 % of what was fitted to, and count in standard deviations;
    what is not known counts as the mean, and has a weight of its own.
    """

    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    def probability(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the chance of churn; `columns` has shape (n_contracts, n_inputs)."""
        return np.asarray(special.expit(self._design(columns) @ self.coefficients))

    def _design(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        unknown = np.isnan(columns)
        held = np.clip(columns, self.lowest, self.highest)
        scaled = np.where(unknown, 0.0, (held - self.mean) / self.deviation)
        return np.column_stack([np.ones(len(columns)), scaled, unknown])


def fit_plain(sample: RiskSample) -> PlainRegression:
    """Fit it, with a slight ridge on all but the intercept."""
    # A column that nobody has is 0 throughout, whatever it is scaled by.
    filled = np.where(np.isnan(sample.columns).all(axis=0), 0.0, sample.columns)
    lowest, highest = np.nanquantile(filled, [0.005, 0.995], axis=0)
    held = np.clip(filled, lowest, highest)
    deviation = np.nanstd(held, axis=0)
    inputs = len(sample.inputs)
    model = PlainRegression(
        lowest,
        highest,
        np.nanmean(held, axis=0),
        np.where(deviation > 0, deviation, 1.0),
        np.zeros(1 + 2 * inputs),
    )
    design = model._design(sample.columns)  # noqa: SLF001  # the same class makes itself
    ridge = np.array([0.0, *[1.0] * (2 * inputs)])
    coefficients = fit_logistic(design, sample.churned, ridge=ridge)
    return PlainRegression(lowest, highest, model.mean, model.deviation, coefficients)
