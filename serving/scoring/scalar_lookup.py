"""Look-ups for one account, in plain Python: a call of numpy costs more than all of them.

What is done here is what `rulers`, `lookup` and `peer_axes` do for arrays, number for number in
the same order, so that both give the same bits; tests hold them to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from serving.scoring.lookup import CDF_ONE, Lookup
from serving.scoring.peer_axes import ROUND_WEIGHT, Axis
from serving.scoring.rulers import Rulers


class ScalarCell(NamedTuple):
    """The nodes an account draws on, how much, and what to say of it; see `Cells`."""

    corners: list[int]
    weights: list[float]
    unknown: bool
    outside: bool

    def mix(self, per_node: Sequence[float] | memoryview) -> float:
        """Average what tables hold per node."""
        mixed = 0.0
        for corner, weight in zip(self.corners, self.weights, strict=True):
            mixed += weight * per_node[corner]
        return mixed


class ScalarRuler:
    """One of several `Rulers`, as lists."""

    def __init__(self, rulers: Rulers, row: int) -> None:
        marks = slice(row * rulers.size, (row + 1) * rulers.size)
        self._starts: list[float] = rulers.starts[marks].tolist()
        self._intervals: list[int] = rulers.intervals[marks].tolist()
        self._shares: list[float] = rulers.shares[marks].tolist()
        self._slopes: list[float] = rulers.slopes[marks].tolist()
        self._lowest, self._highest = float(rulers.lowest[row, 0]), float(rulers.highest[row, 0])
        upper = zip(
            rulers.upper_intervals[marks].tolist(), rulers.upper_shares[marks].tolist(), strict=True
        )
        #: Mark → upper place, for the atoms that have one.
        self.upper: dict[int, tuple[int, float]] = {
            mark: place for mark, place in enumerate(upper) if place[0] >= 0
        }

    def read(self, value: float) -> tuple[int, int, float]:
        """Give mark, interval and share of a value that is not NaN; see `Rulers.read`."""
        if value < self._lowest:
            value = self._lowest
        elif value > self._highest:
            value = self._highest
        mark = bisect_right(self._starts, value) - 1
        share = (value - self._starts[mark]) * self._slopes[mark] + self._shares[mark]
        return mark, self._intervals[mark], share


class ScalarAxis:
    """An `Axis` for one account."""

    def __init__(self, axis: Axis) -> None:
        self._size = axis.size
        self._ruler = None if axis.pooled is None else ScalarRuler(axis.rulers, 0)
        lowest, highest = (0.0, 0.0) if axis.pooled is None else axis.pooled.values[[0, -1]]
        self._lowest, self._highest = float(lowest), float(highest)

    def narrow(self, cell: ScalarCell, value: float) -> ScalarCell:
        """Go from the nodes of the axes before this one to those around the value."""
        corners, weights, unknown, outside = cell
        node, share, known = self._size - 1, 0.0, False
        if self._ruler is None:
            known = 0 <= value < node and value == int(value)
            node = int(value) if known else node
        elif value == value:  # it is not NaN
            known = True
            outside = outside or value < self._lowest or value > self._highest
            _, node, share = self._ruler.read(value)
        corners = [corner * self._size + node for corner in corners]
        if share:  # else the upper nodes have no weight
            upper = [(weight * share + ROUND_WEIGHT) - ROUND_WEIGHT for weight in weights]
            weights = [weight - part for weight, part in zip(weights, upper, strict=True)] + upper
            corners += [corner + 1 for corner in corners]
        return ScalarCell(corners, weights, unknown or not known, outside)


def locate_one(axes: Sequence[ScalarAxis], dimensions: Sequence[float]) -> ScalarCell:
    """Find the cell of one account; see `locate`."""
    cell = ScalarCell([0], [1.0], unknown=False, outside=False)
    for axis, value in zip(axes, dimensions, strict=True):
        cell = axis.narrow(cell, value)
    return cell


class ScalarLookup:
    """A `Lookup` for one account."""

    def __init__(self, lookup: Lookup) -> None:
        self._rulers = [ScalarRuler(lookup.rulers, row) for row in range(len(lookup.falling))]
        self._falling = lookup.falling
        # Read where it lies: a list of all entries would take twenty times the memory.
        self._cdf = lookup.cdf.data
        self._width = lookup.width

    def ranks(self, cell: ScalarCell, values: Sequence[float]) -> list[float]:
        """Rank an account's value of each metric; see `Lookup.ranks`."""
        corners = [
            (corner * self._width, weight)
            for corner, weight in zip(cell.corners, cell.weights, strict=True)
        ]
        ranks = []
        for ruler, falling, value in zip(self._rulers, self._falling, values, strict=True):
            rank = value
            if value == value:  # it is not NaN
                mark, interval, share = ruler.read(value)
                rank = self._interpolate(corners, interval, share)
                if mark in ruler.upper:
                    rank = (rank + self._interpolate(corners, *ruler.upper[mark])) / 2.0
                if falling:
                    rank = 1.0 - rank
            ranks.append(rank)
        return ranks

    def _interpolate(
        self, corners: Sequence[tuple[int, float]], interval: int, share: float
    ) -> float:
        cdf = self._cdf
        low = high = 0.0
        for start, weight in corners:
            at = start + interval
            low += weight * cdf[at]
            high += weight * cdf[at + 1]
        return (low + share * (high - low)) / CDF_ONE
