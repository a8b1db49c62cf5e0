"""What a fit needs of accounts, as sums: they may be added up in any order, on any machine.

A counting looks at some accounts at a time and gives whole numbers; `merge` puts what two of them
gave together. So the accounts may be in memory, on a disk or on a cluster, and the sums, hence
the fit, are the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: Equal parts of rank that each numeric dimension is cut into, by how many of them there are.
BINS = {0: 1, 1: 512, 2: 48, 3: 20}
#: Cells that accounts are gathered into before fitting; the cost of a fit does not grow beyond.
MAX_CELLS = 9216
#: Ranks are summed in these units: a power of two, so that sums of a billion are exact.
_EXACT = 2.0**22

#: Named arrays.
Sums = Mapping[str, NDArray[Any]]


class Counting(Protocol):
    """Counts accounts of one metric that have a value and all peer dimensions."""

    def of(self, dimensions: NDArray[np.float64], first_knot: NDArray[np.intp]) -> Sums:
        """Count some accounts.

        Parameters
        ----------
        dimensions : ndarray of shape (n_accounts, n_dimensions)
            A number as its rank, a category as its code.
        first_knot : ndarray of shape (n_accounts,)
            Position of the first knot that is not below the account's value: it counts there and
            beyond.
        """

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Put the sums of different accounts together."""


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
class CellCounting:
    """Counts accounts by cell and first knot, and adds up their positions.

    Attributes
    ----------
    categories : tuple of int
        Number of categories of each dimension; 0 for a number.
    knots : int
        How many there are.
    steps : tuple of (int, float)
        Dimension and rank of steps, which no cell may straddle.
    """

    categories: tuple[int, ...]
    knots: int
    steps: tuple[tuple[int, float], ...] = ()

    def of(self, dimensions: NDArray[np.float64], first_knot: NDArray[np.intp]) -> Sums:
        """Count some accounts; see `Counting.of`."""
        cell, cells = self._cells(dimensions)
        hits = np.bincount(cell * self.knots + first_knot, minlength=cells * self.knots)
        # Whole numbers: their sums are exact, whatever the order.
        positions = [
            np.bincount(cell, weights=np.rint(column * _EXACT), minlength=cells)
            for column in dimensions.T
        ]
        return {
            "hits": hits.reshape(cells, self.knots),
            "positions": np.array(positions).T.reshape(cells, len(self.categories)),
        }

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Add."""
        return {name: some[name] + others[name] for name in some}

    def cells(self, sums: Sums) -> CellCounts:
        """Give the cells that hold accounts, in the order of their codes."""
        present = np.flatnonzero(sums["hits"].any(axis=1))
        at_or_below = sums["hits"][present].cumsum(axis=1).astype(np.float64)
        accounts = at_or_below[:, -1]
        means = sums["positions"][present] / accounts[:, None] / _EXACT
        return CellCounts(means, accounts.copy(), at_or_below)

    def _cells(self, dimensions: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
        """Give every account's cell, and how many cells there are."""
        bins = bins_of(self.categories)
        if bins is None:
            raise ValueError("accounts of so many dimensions are not gathered")
        code, cells = np.zeros(len(dimensions), dtype=np.int64), 1
        for position, count in enumerate(self.categories):
            column = dimensions[:, position]
            if count:
                code, cells = code * count + column.astype(np.int64), cells * count
                continue
            crossed = [at for dimension, at in self.steps if dimension == position]
            place = np.minimum(column * bins, bins - 1).astype(np.int64)
            for at in crossed:
                place += column >= at
            code = code * (bins + len(crossed)) + place
            cells *= bins + len(crossed)
        return code, cells


def bins_of(categories: Sequence[int]) -> int | None:
    """Give how many parts of rank make cells; None where accounts are not gathered."""
    numbers = sum(count == 0 for count in categories)
    if numbers not in BINS:
        return None
    groups = math.prod(count for count in categories if count)
    if groups > MAX_CELLS:
        return None
    widest = (MAX_CELLS / groups) ** (1.0 / max(numbers, 1))
    return max(2, min(BINS[numbers], int(widest + 1e-9)))


@dataclass(frozen=True)
class StripCounting:
    """Counts accounts along one dimension, in strips that are each cut into equal parts.

    Attributes
    ----------
    dimension : int
    strips : tuple of (float, float)
        Ranks between which accounts count, both included; strips ascend and are apart.
    parts : int
        Of each strip. Ranks of one part may be cut apart by making it a strip: its lowest and its
        highest come into different parts.
    knots : int
        How many there are.
    """

    dimension: int
    strips: tuple[tuple[float, float], ...]
    parts: int
    knots: int

    def of(self, dimensions: NDArray[np.float64], first_knot: NDArray[np.intp]) -> Sums:
        """Count some accounts; see `Counting.of`."""
        ranks = dimensions[:, self.dimension]
        part = np.full(len(ranks), -1, dtype=np.intp)
        for strip, (low, high) in enumerate(self.strips):
            inside = (ranks >= low) & (ranks <= high)
            along = (ranks[inside] - low) / ((high - low) or 1.0) * self.parts
            place = np.minimum(along, self.parts - 1).astype(np.intp)
            part[inside] = strip * self.parts + place
        inside = part >= 0
        ranks, first_knot, part = ranks[inside], first_knot[inside], part[inside]
        parts = len(self.strips) * self.parts
        hits = np.bincount(part * self.knots + first_knot, minlength=parts * self.knots)
        lowest, highest = np.full(parts, np.inf), np.full(parts, -np.inf)
        np.minimum.at(lowest, part, ranks)
        np.maximum.at(highest, part, ranks)
        return {"hits": hits.reshape(-1, self.knots), "lowest": lowest, "highest": highest}

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Add counts; keep each part's outermost ranks."""
        return {
            "hits": some["hits"] + others["hits"],
            "lowest": np.minimum(some["lowest"], others["lowest"]),
            "highest": np.maximum(some["highest"], others["highest"]),
        }
