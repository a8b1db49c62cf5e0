"""What every peer model is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: Cells that accounts are gathered into before fitting; the cost of a fit does not grow beyond.
MAX_CELLS = 2304


class CellCounts(NamedTuple):
    """Accounts gathered into cells of the peer dimensions.

    Attributes
    ----------
    dimensions : ndarray of shape (n_cells, n_dimensions)
        Mean position of the cell's accounts; a category's code.
    accounts : ndarray of shape (n_cells,)
        How many accounts are in the cell.
    at_or_below : ndarray of shape (n_cells, n_knots)
        How many of them are at or below each knot.
    """

    dimensions: NDArray[np.float64]
    accounts: NDArray[np.float64]
    at_or_below: NDArray[np.float64]


@dataclass(frozen=True)
class MetricSample:
    """One metric of many accounts, ready to fit; holds no NaN.

    Attributes
    ----------
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        A number as its rank among the training accounts, in [0, 1]; a category as its code.
    categories : tuple of int
        Number of categories of each dimension; 0 for a number.
    values : ndarray of shape (n_accounts,)
        The metric, in its own unit.
    ranks : ndarray of shape (n_accounts,)
        Pooled rank of the metric, P(Y <= value), in [0, 1].
    knots : ndarray of shape (n_knots,)
        Pooled ranks at which F is wanted, from 0 to 1.
    knot_values : ndarray of shape (n_knots,)
        The value that has each knot's pooled rank, non-decreasing. Two knots of one value are
        the two sides of an atom: F is P(Y < value) at the first, P(Y <= value) at the second.
    """

    dimensions: NDArray[np.float64]
    categories: tuple[int, ...]
    values: NDArray[np.float64]
    ranks: NDArray[np.float64]
    knots: NDArray[np.float64]
    knot_values: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the accounts."""
        return len(self.ranks)

    @cached_property
    def cells(self) -> CellCounts:
        """The accounts gathered into at most about `MAX_CELLS` cells, in a fixed order.

        Sums run over accounts sorted by cell and value, so the order of rows changes no bit.
        """
        numeric = [position for position, count in enumerate(self.categories) if count == 0]
        groups = int(np.prod([count for count in self.categories if count])) or 1
        bins = max(2, int((MAX_CELLS / groups) ** (1.0 / max(len(numeric), 1))))
        code = np.zeros(len(self), dtype=np.int64)
        for position, count in enumerate(self.categories):
            column = self.dimensions[:, position]
            step = column if count else np.minimum(column * bins, bins - 1)
            code = code * (count or bins) + step.astype(np.int64)
        order = np.lexsort((self.ranks, *self.dimensions.T, code))
        _, cell = np.unique(code[order], return_inverse=True)
        accounts = np.bincount(cell).astype(np.float64)
        means = [
            np.bincount(cell, weights=self.dimensions[order, position]) / accounts
            for position in range(len(self.categories))
        ]
        knots = len(self.knots)
        # A value counts towards every knot that is not below it.
        first = np.searchsorted(self.knots, self.ranks[order], side="left")
        counts = np.bincount(cell * knots + first, minlength=len(accounts) * knots)
        at_or_below = counts.reshape(-1, knots).cumsum(axis=1).astype(np.float64)
        return CellCounts(np.column_stack(means), accounts, at_or_below)


class PeerModel(Protocol):
    """The fitted distribution of one metric given the peer dimensions."""

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give F at every knot.

        Parameters
        ----------
        dimensions : ndarray of shape (n, n_dimensions)
            As in `MetricSample`; no NaN.

        Returns
        -------
        ndarray of shape (n, n_knots)
            In [0, 1], non-decreasing along the knots, 0 at the first and 1 at the last.
        """

    def refit(self, sample: MetricSample) -> PeerModel:
        """Fit again on more accounts with what was chosen kept."""

    def describe(self) -> dict[str, Any]:
        """Say what was fitted, for the manifest and the model card: plain JSON values."""

    def booster_json(self) -> bytes | None:
        """Give the XGBoost model, for data scientists; None if there is none."""


class FitEstimator(Protocol):
    """Fits a peer model; deterministic in its arguments."""

    def __call__(self, fitting: MetricSample, selection: MetricSample, *, seed: int) -> PeerModel:
        """Fit on `fitting` alone; `selection` may only choose between fits."""


def join(first: MetricSample, second: MetricSample) -> MetricSample:
    """Put two samples of the same metric together."""
    return MetricSample(
        np.concatenate([first.dimensions, second.dimensions]),
        first.categories,
        np.concatenate([first.values, second.values]),
        np.concatenate([first.ranks, second.ranks]),
        first.knots,
        first.knot_values,
    )
