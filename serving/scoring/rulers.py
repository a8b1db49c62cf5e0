"""Several rulers side by side, so that many values are read at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.ruler import Ruler


class Reading(NamedTuple):
    """Where values are on their rulers; all of shape (n_rulers, n_values).

    Attributes
    ----------
    marks : ndarray of intp
        Number of the mark, counted over all rulers.
    intervals : ndarray of intp
        The lower one of the two knots, counted over all rulers too.
    shares : ndarray of float64
        Of the way to the next knot; NaN where the value is NaN or its ruler is blank.
    """

    marks: NDArray[np.intp]
    intervals: NDArray[np.intp]
    shares: NDArray[np.float64]


class Rulers:
    """Rulers to read many values with, one row of values for each.

    Parameters
    ----------
    rulers : sequence of Ruler
        At least one.
    first_knots : sequence of int
        The number of each ruler's first knot.

    Attributes
    ----------
    size : int
        How many marks a ruler has room for: a power of two.
    starts, intervals, shares, slopes : ndarray of shape (n_rulers * size,)
        The rulers' marks, one after the other. What a ruler leaves free starts at infinity.
    upper_intervals, upper_shares : ndarray of shape (n_rulers * size,)
    lowest, highest : ndarray of shape (n_rulers, 1)
        The first and the last mark.
    has_pairs : bool
        Whether any mark has an upper place.
    """

    def __init__(self, rulers: Sequence[Ruler], first_knots: Sequence[int]) -> None:
        self.size = 1 << (max(len(ruler.starts) for ruler in rulers) - 1).bit_length()
        self.starts = self._side_by_side([ruler.starts for ruler in rulers], np.inf)
        self.intervals = self._side_by_side(
            [ruler.intervals + first for ruler, first in zip(rulers, first_knots, strict=True)], 0
        )
        self.shares = self._side_by_side([ruler.shares for ruler in rulers], 0.0)
        self.slopes = self._side_by_side([ruler.slopes for ruler in rulers], 0.0)
        self.upper_intervals = self._side_by_side(
            [
                np.where(ruler.upper_intervals < 0, -1, ruler.upper_intervals + first)
                for ruler, first in zip(rulers, first_knots, strict=True)
            ],
            -1,
        )
        self.upper_shares = self._side_by_side([ruler.upper_shares for ruler in rulers], 0.0)
        self.lowest = np.array([[ruler.starts[0]] for ruler in rulers])
        self.highest = np.array([[ruler.starts[-1]] for ruler in rulers])
        self.has_pairs = bool((self.upper_intervals >= 0).any())

    def _side_by_side(self, parts: Sequence[NDArray[Any]], free: float) -> NDArray[Any]:
        table = np.full((len(parts), self.size), free, dtype=parts[0].dtype)
        for row, part in zip(table, parts, strict=True):
            row[: len(part)] = part
        return table.reshape(-1)

    def read(self, values: NDArray[np.float64]) -> Reading:
        """Read values, shape (n_rulers, n_values), each row on its own ruler."""
        values = np.clip(values, self.lowest, self.highest)
        marks = self._find(values)
        shares = values
        shares -= self.starts.take(marks)
        shares *= self.slopes.take(marks)
        shares += self.shares.take(marks)
        return Reading(marks, self.intervals.take(marks), shares)

    def _find(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Find the last mark at or below each value; the first for NaN.

        By halving, all values in step: three times as fast as `numpy.searchsorted`, whose way for
        each value the processor cannot foresee.
        """
        marks = np.arange(0, len(self.starts), self.size)[:, None].repeat(values.shape[1], axis=1)
        step = self.size // 2
        while step:
            further = self.starts[step:].take(marks) <= values
            marks += further.astype(np.intp) * step
            step //= 2
        return marks
