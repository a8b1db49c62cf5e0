"""What a fit is given: the grid, and for each metric its distribution and its accounts, counted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.smooth_terms import SmoothTerms
from training.axes import to_ranks
from training.peer_models.counting import CellCounts
from training.peer_models.interface import MetricSample, Sample
from training.pooled import Bounds, ValueCounts, count_values, learn_bounds, pool_metric
from training.split import Split

#: What a plan knows a metric by: its values, or where they are not in memory, its name.
Metric = TypeVar("Metric")


class Observed(NamedTuple):
    """A metric over all accounts that have it, whatever their peers."""

    pooled: PooledDistribution
    bounds: Bounds
    accounts: int
    zeros: int

    @classmethod
    def of(cls, counts: ValueCounts, zeros: int) -> Observed:
        """Learn it from how many accounts have which value."""
        return cls(pool_metric(counts), learn_bounds(counts), counts.total, zeros)


class Samples(NamedTuple):
    """A metric's accounts with all peer dimensions: to fit to, to select by, and both together."""

    fitting: Sample
    selection: Sample
    both: Sample


class Plan(ABC, Generic[Metric]):
    """What is the same for every metric, and the way to each one's accounts.

    Attributes
    ----------
    axes : tuple of Axis
    seed : int
    """

    axes: tuple[Axis, ...]
    seed: int

    @property
    def categories(self) -> tuple[int, ...]:
        """Number of categories of each dimension; 0 for a number."""
        return tuple(len(axis.input.categories) for axis in self.axes)

    @abstractmethod
    def __len__(self) -> int:
        """Count the accounts to fit to and to select by, whatever they lack."""

    @abstractmethod
    def observe(self, metric: Metric) -> Observed | None:
        """Describe a metric over all accounts that have it; None if none has."""

    @abstractmethod
    def samples(
        self, metric: Metric, pooled: PooledDistribution, knots: NDArray[np.float64]
    ) -> Samples:
        """Give the accounts of a metric, ready to be counted at these knots."""


@dataclass(frozen=True)
class FitPlan(Plan[NDArray[np.float64]]):
    """A plan whose accounts are in memory; a metric is its values, NaN where it has none.

    Attributes
    ----------
    axes : tuple of Axis
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        Encoded peer dimensions; NaN = not known. No evaluation accounts.
    split : ndarray of int8, shape (n_accounts,)
        `Split.FIT` or `Split.SELECT`.
    seed : int
    """

    axes: tuple[Axis, ...]
    dimensions: NDArray[np.float64]
    split: NDArray[np.int8]
    seed: int

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.dimensions)

    @cached_property
    def ranks(self) -> NDArray[np.float64]:
        """`dimensions` as models take them: numbers as ranks."""
        return to_ranks(self.axes, self.dimensions)

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Whether all dimensions of an account are known: only then is it a peer."""
        return np.asarray(~np.isnan(self.dimensions).any(axis=1))

    @property
    def terms(self) -> SmoothTerms:
        """What is smooth over the dimensions, without any metric's steps."""
        return SmoothTerms(self.categories)

    @cached_property
    def cells(self) -> CellCounts:
        """All accounts whose dimensions are known, whatever their metrics."""
        ranks = self.ranks[self.known]
        nothing, ends = np.zeros(len(ranks)), np.array([0.0, 1.0])
        return MetricSample(ranks, self.categories, nothing, nothing, ends, ends).cells

    def observe(self, metric: NDArray[np.float64]) -> Observed | None:
        """Describe a metric over all accounts that have it; None if none has."""
        values = metric[~np.isnan(metric)]
        if not len(values):
            return None
        return Observed.of(count_values(values), int((values == 0).sum()))

    def samples(
        self,
        metric: NDArray[np.float64],
        pooled: PooledDistribution,
        knots: NDArray[np.float64],
    ) -> Samples:
        """Give the accounts of a metric, ready to be counted at these knots."""
        usable = ~np.isnan(metric) & self.known
        fitting, selection = (
            MetricSample(
                self.ranks[rows],
                self.categories,
                metric[rows],
                pooled.at_or_below(metric[rows]),
                knots,
                np.interp(knots, pooled.ranks, pooled.values),
            )
            for rows in (usable & (self.split == split) for split in (Split.FIT, Split.SELECT))
        )
        return Samples(fitting, selection, fitting.joined(selection))
