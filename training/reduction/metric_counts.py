"""Passes that count accounts of metrics by their peer dimensions, for `training.peer_models`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from training.axes import to_ranks
from training.peer_models.counting import Counting, Sums
from training.reduction.store import Rows
from training.split import Split

#: What is counted: a metric of the accounts of a split.
Part = tuple[str, Split]


@dataclass(frozen=True)
class Curve:
    """A metric's pooled distribution, and the knots at which it is counted."""

    pooled: PooledDistribution
    knots: NDArray[np.float64]


@dataclass(frozen=True)
class CountMetrics:
    """A pass over the accounts whose peer dimensions are all known.

    Attributes
    ----------
    axes : tuple of Axis
    curves : mapping of str to Curve
        Metric → how its values become knots.
    countings : mapping of Part to Counting
    """

    axes: tuple[Axis, ...]
    curves: Mapping[str, Curve]
    countings: Mapping[Part, Counting]

    @property
    def columns(self) -> Sequence[str]:
        """Peer dimensions and metrics."""
        metrics = {name for name, _ in self.countings}
        return (*(axis.input.name for axis in self.axes), *sorted(metrics))

    def of(self, rows: Rows) -> Sums:
        """Count some accounts."""
        dimensions = to_ranks(
            self.axes, np.column_stack([rows.columns[axis.input.name] for axis in self.axes])
        )
        known = ~np.isnan(dimensions).any(axis=1)
        sums: dict[str, NDArray[np.generic]] = {}
        for (name, split), counting in self.countings.items():
            values, curve = rows.columns[name], self.curves[name]
            used = known & ~np.isnan(values) & (rows.split == split)
            first = np.searchsorted(curve.knots, curve.pooled.at_or_below(values[used]), "left")
            found = counting.of(dimensions[used], first)
            sums |= {f"{kind} {split:d} {name}": part for kind, part in found.items()}
        return sums

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Merge as each counting does."""
        merged: dict[str, NDArray[np.generic]] = {}
        for part, counting in self.countings.items():
            both = counting.merge(self.told(some, part), self.told(others, part))
            merged |= {f"{kind} {part[1]:d} {part[0]}": sums for kind, sums in both.items()}
        return merged

    def told(self, sums: Sums, part: Part) -> Sums:
        """Give what one counting found."""
        end = f" {part[1]:d} {part[0]}"
        return {name.removesuffix(end): found for name, found in sums.items() if name.endswith(end)}
