"""The plan of a fit whose accounts are in a store: everything is asked of it in passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from training.peer_models.counting import CellCounting, Counting, Sums
from training.peer_models.interface import Sample
from training.plan import Observed, Plan, Samples
from training.pooled import choose_knots
from training.reduction.metric_counts import CountMetrics, Curve, Part
from training.reduction.store import AccountStore, Encoding
from training.split import Split

_FITTED = (Split.FIT, Split.SELECT)


@dataclass(frozen=True, eq=False)
class CountedPlan(Plan[str]):
    """A plan that knows metrics by name and holds no account.

    Attributes
    ----------
    axes : tuple of Axis
    seed : int
    store : AccountStore
    encoding : Encoding
    size : int
        How many accounts there are to fit to and to select by.
    observed : mapping of str to Observed
        Metric → its distribution; those that no account has are not there.
    cells : CountMetrics
        The pass that counted all metrics by cell, without steps.
    cell_sums : Sums
        What it found.
    """

    axes: tuple[Axis, ...]
    seed: int
    store: AccountStore
    encoding: Encoding
    size: int
    observed: Mapping[str, Observed]
    cells: CountMetrics
    cell_sums: Sums

    def __len__(self) -> int:
        """Count the accounts to fit to and to select by, whatever they lack."""
        return self.size

    def observe(self, metric: str) -> Observed | None:
        """Describe a metric over all accounts that have it; None if none has."""
        return self.observed.get(metric)

    def samples(
        self, metric: str, pooled: PooledDistribution, knots: NDArray[np.float64]
    ) -> Samples:
        """Give the accounts of a metric, ready to be counted at these knots."""
        knot_values = np.interp(knots, pooled.ranks, pooled.values)
        fitting, selection = (
            CountedSample(self.categories, knots, knot_values, self, metric, (split,))
            for split in _FITTED
        )
        return Samples(fitting, selection, replace(fitting, splits=_FITTED))

    def count(self, part: Part, counting: Counting) -> Sums:
        """Count a metric's accounts of one split; without steps it has been done."""
        if counting == self.cells.countings[part]:
            return self.cells.told(self.cell_sums, part)
        if not isinstance(counting, CellCounting):
            return self._counted([part], counting)[part]
        metric, _ = part
        if (metric, counting) not in self._stepped:
            # Whoever asks for one split's cells will ask for the other's.
            parts = [(metric, split) for split in _FITTED]
            self._stepped[metric, counting] = self._counted(parts, counting)
        return self._stepped[metric, counting][part]

    @cached_property
    def _stepped(self) -> dict[tuple[str, CellCounting], dict[Part, Sums]]:
        """Cells that no step goes through, counted before."""
        return {}

    def _counted(self, parts: Sequence[Part], counting: Counting) -> dict[Part, Sums]:
        these = replace(self.cells, countings=dict.fromkeys(parts, counting))
        sums = self.store.reduce(these, self.encoding)
        return {part: these.told(sums, part) for part in parts}


@dataclass(frozen=True, eq=False)
class CountedSample(Sample):
    """A sample of accounts that are elsewhere.

    Attributes
    ----------
    categories, knots, knot_values
        As of every `Sample`.
    plan : CountedPlan
    metric : str
    splits : tuple of Split
        Whose accounts they are.
    """

    categories: tuple[int, ...]
    knots: NDArray[np.float64]
    knot_values: NDArray[np.float64]
    plan: CountedPlan
    metric: str
    splits: tuple[Split, ...]

    def __len__(self) -> int:
        """Count the accounts."""
        return int(self.cells.accounts.sum())

    def count(self, counting: Counting) -> Sums:
        """Count them where they are."""
        found = (self.plan.count((self.metric, split), counting) for split in self.splits)
        return reduce(counting.merge, found)


def count_cells(
    axes: tuple[Axis, ...], observed: Mapping[str, Observed], categories: tuple[int, ...]
) -> CountMetrics:
    """Give the pass that counts all metrics by cell, without steps."""
    curves = {
        name: Curve(told.pooled, choose_knots(told.pooled)) for name, told in observed.items()
    }
    countings: dict[Part, Counting] = {
        (name, split): CellCounting(categories, len(curve.knots))
        for name, curve in curves.items()
        for split in _FITTED
    }
    return CountMetrics(axes, curves, countings)
