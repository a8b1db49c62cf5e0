"""Many accounts at once: from the values of several metrics to their ranks among peers."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_axes import Cells
from serving.scoring.ruler import Ruler
from serving.scoring.rulers import Reading, Rulers

#: Tables store F in steps of 1/65535: 0 and 1 are exact, the rest is within 0.00008 points of 10.
CDF_ONE = 65535


class Lookup:
    """Tables of several metrics side by side, and the rulers that say where to look.

    A rank is ``(low + share * (high - low)) / CDF_ONE``, `low` and `high` being F at the two knots
    around the value, averaged over the corners of the account's cell. The averages are exact
    (`locate` sees to it: whole numbers of 16 bits, weights of 36, their sum 1), so the order of
    adding is no matter, 1 is exactly 1, and no rounding can turn a better value into a lower rank.

    Parameters
    ----------
    rulers : sequence of Ruler
        One per metric.
    tables : sequence of ndarray of uint16, shape (n_nodes, n_knots)
        F times `CDF_ONE` for each metric, as `PeerTable.cdf`.
    falling : sequence of bool
        Whether a rank is what is left to 1: where lower is better.

    Attributes
    ----------
    rulers : Rulers
    cdf : ndarray of uint16, shape (n_nodes * width,)
        The tables' rows, side by side.
    width : int
        How many knots all metrics have together.
    """

    def __init__(
        self,
        rulers: Sequence[Ruler],
        tables: Sequence[NDArray[np.uint16]],
        falling: Sequence[bool],
    ) -> None:
        ends = np.cumsum([table.shape[1] for table in tables])
        self.rulers = Rulers(rulers, [0, *ends[:-1].tolist()])
        self.width = int(ends[-1])
        self.cdf = _side_by_side(tables)
        self.falling = tuple(falling)

    def over(self, tables: Sequence[NDArray[np.uint16]]) -> Lookup:
        """Give the same rulers over other tables with the same knots."""
        other = copy(self)
        other.cdf = _side_by_side(tables)
        return other

    def ranks(self, cells: Cells, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rank values.

        Parameters
        ----------
        cells : Cells
            Of the accounts.
        values : ndarray of shape (n_metrics, n_accounts)
            NaN = not observed.

        Returns
        -------
        ndarray of shape (n_metrics, n_accounts)
            In [0, 1], 1 is best; NaN where the value is NaN.
        """
        reading = self.rulers.read(values)
        ranks = self._interpolate(cells, reading.intervals, reading.shares)
        if self.rulers.has_pairs:
            self._average_pairs(cells, reading, ranks)
        for row, falling in zip(ranks, self.falling, strict=True):
            if falling:
                np.subtract(1.0, row, out=row)
        return ranks

    def _interpolate(
        self, cells: Cells, intervals: NDArray[np.intp], shares: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Evaluate F, shape (..., n_accounts) as `intervals` and `shares`."""
        corners = cells.corners * self.width
        at = intervals + corners.reshape(len(corners), *(1,) * (intervals.ndim - 1), -1)
        low: NDArray[np.float64] = np.einsum("c...n,cn->...n", self.cdf.take(at), cells.weights)
        high: NDArray[np.float64] = np.einsum(
            "c...n,cn->...n", self.cdf[1:].take(at), cells.weights
        )
        high -= low
        high *= shares
        high += low
        high /= CDF_ONE
        return high

    def _average_pairs(self, cells: Cells, reading: Reading, ranks: NDArray[np.float64]) -> None:
        """Move the ranks of atoms that have a knot in their jump to the mean of its two sides."""
        upper = self.rulers.upper_intervals.take(reading.marks)
        # A value that is NaN has a mark too, but no rank.
        metric, account = np.nonzero((upper >= 0) & ~np.isnan(ranks))
        shares = self.rulers.upper_shares.take(reading.marks[metric, account])
        above = self._interpolate(cells.some(account), upper[metric, account], shares)
        ranks[metric, account] = (ranks[metric, account] + above) / 2.0


def _side_by_side(tables: Sequence[NDArray[np.uint16]]) -> NDArray[np.uint16]:
    joined = tables[0] if len(tables) == 1 else np.concatenate(tables, axis=1)
    return np.ascontiguousarray(joined).reshape(-1)
