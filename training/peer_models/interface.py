"""What every peer model is given and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: Equal parts of rank that each numeric dimension is cut into, by how many of them there are.
BINS = {0: 1, 1: 512, 2: 48, 3: 20}
#: Cells that accounts are gathered into before fitting; the cost of a fit does not grow beyond.
MAX_CELLS = 9216
#: Accounts that are fitted to where they cannot be gathered.
MAX_ROWS = 100_000
#: Ranks are summed in these units: a power of two, so that sums of a billion are exact.
_EXACT = 2.0**22


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
        Where atoms are neighbours, as counts are, one knot is the upper side of one and the lower
        side of the next.
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

    @property
    def is_gathered(self) -> bool:
        """Whether cells hold several accounts: not with many dimensions."""
        return _bins(self.categories) is not None

    @cached_property
    def cells(self) -> CellCounts:
        """The accounts gathered into cells; see `gather`."""
        return self.gather(())

    def gather(self, steps: Sequence[tuple[int, float]]) -> CellCounts:
        """Gather the accounts into cells, in an order and with sums that theirs does not change.

        With few dimensions cells are as many as `BINS` says; with many, every account is a cell
        of its own, `MAX_ROWS` of them at most.

        Parameters
        ----------
        steps : sequence of (int, float)
            Dimension and rank of steps, which no cell may straddle.
        """
        key = tuple(steps)
        if key not in self._gathered:
            self._gathered[key] = self._gather(key)
        return self._gathered[key]

    @cached_property
    def _gathered(self) -> dict[tuple[tuple[int, float], ...], CellCounts]:
        """What was gathered before: fits ask again and again."""
        return {}

    def _gather(self, steps: tuple[tuple[int, float], ...]) -> CellCounts:
        code = self.codes(steps)
        if code is None:
            return self._rows()
        present, cell = np.unique(code, return_inverse=True)
        accounts = np.bincount(cell).astype(np.float64)
        means = [
            # Whole numbers: their sum is exact, whatever the order.
            np.bincount(cell, weights=np.rint(column * _EXACT)) / accounts / _EXACT
            for column in self.dimensions.T
        ]
        knots = len(self.knots)
        counts = np.bincount(cell * knots + self._first_knot, minlength=len(present) * knots)
        at_or_below = counts.reshape(-1, knots).cumsum(axis=1).astype(np.float64)
        return CellCounts(np.column_stack(means), accounts, at_or_below)

    def codes(self, steps: Sequence[tuple[int, float]]) -> NDArray[np.int64] | None:
        """Give every account the number of its cell; None if accounts are not gathered."""
        bins = _bins(self.categories)
        if bins is None:
            return None
        code = np.zeros(len(self), dtype=np.int64)
        for position, count in enumerate(self.categories):
            column = self.dimensions[:, position]
            if count:
                code = code * count + column.astype(np.int64)
                continue
            crossed = [at for dimension, at in steps if dimension == position]
            place = np.minimum(column * bins, bins - 1).astype(np.int64)
            for at in crossed:
                place += column >= at
            code = code * (bins + len(crossed)) + place
        return code

    @cached_property
    def _first_knot(self) -> NDArray[np.intp]:
        """The first knot that is not below an account's value: it counts there and beyond."""
        return np.searchsorted(self.knots, self.ranks, side="left")

    def _rows(self) -> CellCounts:
        order = np.lexsort((self.ranks, *self.dimensions.T))
        order = order[:: max(1, -(-len(order) // MAX_ROWS))]
        first = self._first_knot[order]
        at_or_below = (first[:, None] <= np.arange(len(self.knots))).astype(np.float64)
        return CellCounts(self.dimensions[order], np.ones(len(order)), at_or_below)


def _bins(categories: tuple[int, ...]) -> int | None:
    numbers = sum(count == 0 for count in categories)
    if numbers not in BINS:
        return None
    groups = math.prod(count for count in categories if count)
    if groups > MAX_CELLS:
        return None
    widest = (MAX_CELLS / groups) ** (1.0 / max(numbers, 1))
    return max(2, min(BINS[numbers], int(widest + 1e-9)))


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

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """Dimension and rank of every step, where tables need a node on each side."""

    def effective_peers(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the accounts that inform each place, shape (n,).

        The plain share of so many accounts would be as certain as F is there.
        """

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
