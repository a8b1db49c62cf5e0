"""A ruler: where a value lies between the knots at which tables are stored."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import LARGEST_VALUE, PooledDistribution
from serving.scoring.scorecard import Ties


class Ruler(NamedTuple):
    """Straight lines from a value to its place between two knots.

    A mark holds from its own value up to the next mark's. There, `value` is
    ``share + (value - start) * slope`` of the way from knot number `interval` to the next knot;
    as computed, this never decreases in the value and never exceeds 1. All that depends on the
    column alone stands in the marks: its pooled distribution, its bounds, its rule for ties. An
    atom is a mark of its own, which ends at the next number there is.

    Attributes
    ----------
    starts : ndarray of shape (n_marks,)
        In the column's unit, strictly increasing, finite. A value before the first counts as at
        the first, one after the last as at the last.
    intervals : ndarray of intp, shape (n_marks,)
        The lower one of the two knots.
    shares, slopes : ndarray of shape (n_marks,)
        The share at the start, in [0, 1] or NaN where there is nothing to compare with, and what
        it grows per unit.
    upper_intervals : ndarray of intp, shape (n_marks,)
        -1, except for an atom that has a knot within its jump and counts half of its equals: then
        its rank is the mean of two places, `intervals` with `shares` and this one.
    upper_shares : ndarray of shape (n_marks,)
        The share at that upper place.
    """

    starts: NDArray[np.float64]
    intervals: NDArray[np.intp]
    shares: NDArray[np.float64]
    slopes: NDArray[np.float64]
    upper_intervals: NDArray[np.intp]
    upper_shares: NDArray[np.float64]


class _Points(NamedTuple):
    """A pooled distribution from bound to bound, each value once."""

    values: NDArray[np.float64]
    below: NDArray[np.float64]
    at: NDArray[np.float64]  # at or below


#: The ruler of a metric that no account has: whatever the value, there is no rank.
BLANK = Ruler(
    starts=np.zeros(1),
    intervals=np.zeros(1, np.intp),
    shares=np.full(1, np.nan),
    slopes=np.zeros(1),
    upper_intervals=np.full(1, -1, np.intp),
    upper_shares=np.zeros(1),
)


def make_ruler(
    pooled: PooledDistribution,
    knots: NDArray[np.float64],
    *,
    lower: float = -np.inf,
    upper: float = np.inf,
    ties: Ties,
) -> Ruler:
    """Mark a ruler.

    Parameters
    ----------
    pooled : PooledDistribution
        Of the column.
    knots : ndarray of shape (n_knots,)
        Pooled ranks at which tables are stored, non-decreasing; from a rank that stands twice to
        itself the way is taken at once.
    lower, upper : float
        What is beyond a bound counts as at it, the training accounts' values too.
    ties : {"bounds", "mid", "low", "high"}
        How equals count; see `PeerTable.rank`.
    """
    points = _points(pooled, lower, upper)
    low, high = _ranks_among_equals(points, ties, lower > -np.inf, upper < np.inf)
    own_order, own = _marks_of_atoms(points, knots, low, high)
    line_order, lines = _marks_of_lines(points, knots)
    # Where rounding lets marks start at the same value, the last one holds.
    order = np.argsort(np.concatenate([own_order, line_order]), kind="stable")
    marks = [np.concatenate(pair)[order] for pair in zip(own, lines, strict=True)]
    holds = np.append(marks[0][1:] > marks[0][:-1], True)
    return _hold_back(Ruler(*(part[holds] for part in marks)))


def _points(pooled: PooledDistribution, lower: float, upper: float) -> _Points:
    """Cut at the bounds. Where there is none, an end lies just beyond the curve, at 0 or 1."""
    values, first = np.unique(pooled.values, return_index=True)
    begin = lower if lower > -np.inf else np.nextafter(min(values[0], upper), -np.inf)
    end = upper if upper < np.inf else np.nextafter(max(values[-1], lower), np.inf)
    # No line may be so long that its length is no number: bounds lie anywhere.
    far = np.unique([begin, -LARGEST_VALUE, LARGEST_VALUE, end])
    added = far[(far >= begin) & (far <= end) & ~np.isin(far, values)]
    below = np.concatenate([pooled.ranks[first], pooled.below(added)])
    last = np.append(first[1:], len(pooled.values)) - 1
    at = np.concatenate([pooled.ranks[last], pooled.at_or_below(added)])
    # Nothing is below the lowest value and all is at or below the highest, whatever is stored.
    below[0], at[len(values) - 1] = 0.0, 1.0
    values = np.concatenate([values, added])
    order = np.argsort(values)
    order = order[(values[order] >= begin) & (values[order] <= end)]
    values, below, at = values[order], below[order], at[order]
    # What is beyond a bound is at it.
    below[0], at[-1] = 0.0, 1.0
    return _Points(values, below, at)


def _ranks_among_equals(
    points: _Points, ties: Ties, bounded_below: bool, bounded_above: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give, for each point, two pooled ranks whose mean is that of an account at it."""
    low = points.at if ties == "high" else points.below
    high = points.below if ties == "low" else points.at
    low, high = low.copy(), high.copy()
    if ties == "bounds" and bounded_below:
        high[0] = 0.0
    if ties == "bounds" and bounded_above:
        low[-1] = 1.0
    return low, high


def _marks_of_atoms(
    points: _Points, knots: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.intp], Ruler]:
    """Mark the points where the curve jumps, and the last; with their order among all marks."""
    jumps = points.below < points.at
    jumps[-1] = True
    own = np.flatnonzero(jumps)
    low, high = low[own], high[own]
    from_interval, from_share = _place(knots, low, "right")
    to_interval, to_share = _place(knots, high, "left")
    apart = (low < high) & (from_interval < to_interval)
    middle = np.where(low < high, (from_share + to_share) / 2.0, from_share)
    marks = Ruler(
        starts=points.values[own],
        intervals=from_interval,
        shares=np.where(apart, from_share, middle),
        slopes=np.zeros(len(own)),
        upper_intervals=np.where(apart, to_interval, -1),
        upper_shares=to_share,
    )
    return 3 * own, marks


def _marks_of_lines(points: _Points, knots: NDArray[np.float64]) -> tuple[NDArray[np.intp], Ruler]:
    """Mark where the lines between points start and where they cross knots."""
    lines = _Lines(points.values[:-1], points.values[1:], points.at[:-1], points.below[1:])
    # A line starts after the atom, which has a mark of its own.
    first = np.where(points.below < points.at, np.nextafter(points.values, np.inf), points.values)
    starts, number = first[:-1], np.arange(len(lines.left))
    knot, crossed = lines.crossings(np.unique(knots))
    crossings = np.maximum(lines.find(crossed, knot), starts[crossed])

    order = np.concatenate([3 * number + 1, 3 * crossed + 2])
    number = np.concatenate([number, crossed])
    starts = np.concatenate([starts, crossings])
    # A knot's mark lies at or after the knot by a rounding; it counts as at it then.
    ranks = np.maximum(lines.rank(number, starts), np.concatenate([lines.low, knot]))
    intervals, shares = _place(knots, ranks, "right")
    width = _widths(knots)[intervals]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        slopes = lines.rises[number] / lines.widths[number] / width
    marks = Ruler(
        starts=starts,
        intervals=intervals,
        shares=shares,
        # Across a knot interval without width there is no line.
        slopes=np.where(width > 0, slopes, 0.0),
        upper_intervals=np.full(len(starts), -1),
        upper_shares=np.zeros(len(starts)),
    )
    return order, marks


class _Lines(NamedTuple):
    """Lines from (left, low) to (right, high), all of shape (n_lines,)."""

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def widths(self) -> NDArray[np.float64]:
        return self.right - self.left

    @property
    def rises(self) -> NDArray[np.float64]:
        return self.high - self.low

    def rank(self, number: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the rank at values, each on the line of its number."""
        way = (values - self.left[number]) / self.widths[number]
        return np.minimum(self.low[number] + way * self.rises[number], self.high[number])

    def crossings(self, ranks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Give those of the ranks that lie within a line, and the lines' numbers."""
        number = np.searchsorted(self.low, ranks, side="left") - 1
        within = (number >= 0) & (ranks < self.high[number])
        return ranks[within], number[within]

    def find(self, number: NDArray[np.intp], ranks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the first values at which lines have reached ranks."""
        way = (ranks - self.low[number]) / self.rises[number]
        values = np.minimum(self.left[number] + way * self.widths[number], self.right[number])
        # Between two neighbouring numbers much can lie.
        short = self.rank(number, values) < ranks
        return np.where(short, np.nextafter(values, np.inf), values)


def _widths(knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the widths of the intervals; a single knot counts as one interval of no width."""
    return np.diff(knots) if len(knots) > 1 else np.zeros(1)


def _place(
    knots: NDArray[np.float64], ranks: NDArray[np.float64], side: Literal["left", "right"]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find knot intervals and shares; at a knot, `side` says which of the two intervals."""
    after = np.searchsorted(knots, ranks, side=side)
    interval = np.clip(after - 1, 0, max(len(knots) - 2, 0))
    if len(knots) == 1:
        return interval, np.zeros(len(ranks))
    width = _widths(knots)[interval]
    share = (ranks >= knots[interval + 1]).astype(np.float64)
    np.divide(ranks - knots[interval], width, out=share, where=width > 0)
    return interval, np.clip(share, 0.0, 1.0)


def _hold_back(ruler: Ruler) -> Ruler:
    """Flatten slopes by as many last bits as it takes that no line rises above the next mark."""
    last = np.nextafter(ruler.starts[1:], -np.inf)  # the last value at which a mark holds
    length = last - ruler.starts[:-1]
    same = ruler.intervals[1:] == ruler.intervals[:-1]
    ceiling = np.where(same, ruler.shares[1:], 1.0)
    rise = ceiling - ruler.shares[:-1]
    while (over := ruler.shares[:-1] + rise > ceiling).any():
        rise = np.where(over, np.nextafter(rise, -np.inf), rise)
    steepest = np.full(len(rise), np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        np.divide(rise, length, out=steepest, where=length > 0)
    slopes = np.minimum(np.minimum(ruler.slopes[:-1], steepest), np.finfo(np.float64).max)
    while (over := length * slopes > rise).any():
        slopes = np.where(over, np.nextafter(slopes, 0.0), slopes)
    return ruler._replace(slopes=np.append(slopes, 0.0))
