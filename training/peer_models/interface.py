"""What every peer model is given and what it gives back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training.peer_models.counting import CellCounting, CellCounts, Counting, Sums, bins_of

#: Accounts that are fitted to where they cannot be gathered.
MAX_ROWS = 100_000


class Sample(ABC):
    """Accounts of one metric that have a value and all peer dimensions, ready to be counted.

    Attributes
    ----------
    categories : tuple of int
        Number of categories of each dimension; 0 for a number.
    knots : ndarray of shape (n_knots,)
        Pooled ranks at which F is wanted, from 0 to 1.
    knot_values : ndarray of shape (n_knots,)
        The value that has each knot's pooled rank, non-decreasing. Two knots of one value are
        the two sides of an atom: F is P(Y < value) at the first, P(Y <= value) at the second.
        Where atoms are neighbours, as counts are, one knot is the upper side of one and the lower
        side of the next.
    """

    categories: tuple[int, ...]
    knots: NDArray[np.float64]
    knot_values: NDArray[np.float64]

    @abstractmethod
    def __len__(self) -> int:
        """Count the accounts."""

    @abstractmethod
    def count(self, counting: Counting) -> Sums:
        """Count the accounts in one way."""

    @property
    def is_gathered(self) -> bool:
        """Whether cells hold several accounts: not with many dimensions."""
        return bins_of(self.categories) is not None

    @property
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
        counting = CellCounting(self.categories, len(self.knots), steps)
        return counting.cells(self.count(counting))


@dataclass(frozen=True)
class MetricSample(Sample):
    """A sample whose accounts are in memory; holds no NaN.

    Attributes
    ----------
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        A number as its rank among the training accounts, in [0, 1]; a category as its code.
    values : ndarray of shape (n_accounts,)
        The metric, in its own unit.
    ranks : ndarray of shape (n_accounts,)
        Pooled rank of the metric, P(Y <= value), in [0, 1].
    categories, knots, knot_values
        As of every `Sample`.
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

    def count(self, counting: Counting) -> Sums:
        """Count all of them at once."""
        return counting.of(self.dimensions, self._first_knot)

    def joined(self, other: MetricSample) -> MetricSample:
        """Put two samples of the same metric together."""
        return MetricSample(
            np.concatenate([self.dimensions, other.dimensions]),
            self.categories,
            np.concatenate([self.values, other.values]),
            np.concatenate([self.ranks, other.ranks]),
            self.knots,
            self.knot_values,
        )

    @cached_property
    def _first_knot(self) -> NDArray[np.intp]:
        """The first knot that is not below an account's value: it counts there and beyond."""
        return np.searchsorted(self.knots, self.ranks, side="left")

    def _gather(self, steps: tuple[tuple[int, float], ...]) -> CellCounts:
        return super()._gather(steps) if self.is_gathered else self._rows()

    def _rows(self) -> CellCounts:
        order = np.lexsort((self.ranks, *self.dimensions.T))
        order = order[:: max(1, -(-len(order) // MAX_ROWS))]
        first = self._first_knot[order]
        at_or_below = (first[:, None] <= np.arange(len(self.knots))).astype(np.float64)
        return CellCounts(self.dimensions[order], np.ones(len(order)), at_or_below)


class PeerModel(Protocol):
    """The fitted distribution of one metric given the peer dimensions."""

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give F at every knot.

        Parameters
        ----------
        dimensions : ndarray of shape (n, n_dimensions)
            As in `Sample`; no NaN.

        Returns
        -------
        ndarray of shape (n, n_knots)
            In [0, 1], non-decreasing along the knots, 0 at the first and 1 at the last.
        """

    def refit(self, sample: Sample) -> PeerModel:
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

    def __call__(self, fitting: Sample, selection: Sample, *, seed: int) -> PeerModel:
        """Fit on `fitting` alone; `selection` may only choose between fits."""
