"""The chance of an outcome by boosted trees and a calibration, evaluated in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serving.scoring.tree_arrays import Trees

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class BoostedRisk:
    """A fitted classifier; a `RiskModel`.

    The log-odds are ``intercept + slope * (base + sum of the trees' leaves)``.

    Attributes
    ----------
    inputs : tuple of str
        The columns it was fitted to, in order.
    trees : Trees
        One output. Their features are the inputs with -inf for what is not known, then the inputs
        with +inf for it: so each split sends what is not known to the side that it was fitted to.
    base : float
        What trees were added to: the log-odds of the outcome among the accounts they were fitted
        to.
    slope, intercept : float
        The calibration, learned from accounts that the trees were not fitted to. The slope is
        above 0.
    """

    inputs: tuple[str, ...]
    trees: Trees = field(repr=False)
    base: float
    slope: float
    intercept: float

    def margin(self, columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give the log-odds before calibration, shape (n_accounts,); see `probability`."""
        margins = self.base + self.trees.margins(_both_ways(columns))[:, 0]
        return np.ascontiguousarray(margins)

    def probability(self, columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give the calibrated chance of the outcome; see `RiskModel.probability`."""
        log_odds = self.intercept + self.slope * self.margin(columns)
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def _both_ways(columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Give the trees' features, shape (n_accounts, 2 * n_inputs).

    Short floats, because the thresholds were chosen between such. Numbers beyond them count as the
    largest there are.
    """
    known = np.clip(np.column_stack(columns), -_LARGEST, _LARGEST).astype(np.float32)
    unknown = np.isnan(known)
    low, high = np.float32(-np.inf), np.float32(np.inf)
    return np.hstack([np.where(unknown, low, known), np.where(unknown, high, known)])
