"""A ruler read backwards: from a share of the peers to the first value that has it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from serving.scoring.lookup import CDF_ONE
from serving.scoring.rulers import Rulers


class InverseRuler:
    """One of several `Rulers`, to be read backwards on what an account's peers are.

    Where its methods take `mixed`, that is F at all knots of all rulers times `CDF_ONE`, averaged
    over the corners of the account's cell; such averages are exact. F is then the scorer's own
    arithmetic, to the bit, and never falls in the value; so what is found here agrees with the
    scorer in the last bit.

    Attributes
    ----------
    first_mark, last_mark : float
        Values beyond count as at them.
    """

    def __init__(self, rulers: Rulers, row: int) -> None:
        marks = slice(row * rulers.size, (row + 1) * rulers.size)
        used = int((rulers.starts[marks] < math.inf).sum())
        marks = slice(marks.start, marks.start + used)
        # Read where they lie: lists would take four times the memory.
        self._starts = rulers.starts[marks].data
        self._intervals = rulers.intervals[marks].data
        self._shares = rulers.shares[marks].data
        self._slopes = rulers.slopes[marks].data
        upper = zip(
            rulers.upper_intervals[marks].tolist(), rulers.upper_shares[marks].tolist(), strict=True
        )
        self._upper = {mark: place for mark, place in enumerate(upper) if place[0] >= 0}
        self._knots = (int(self._intervals[0]), int(self._intervals[used - 1]) + 1)
        self.first_mark: float = self._starts[0]
        self.last_mark: float = self._starts[used - 1]

    def at(self, mixed: Sequence[float], value: float) -> float:
        """Give F at a value that is not NaN."""
        value = min(max(value, self.first_mark), self.last_mark)
        mark = bisect_right(self._starts, value) - 1
        if mark in self._upper:  # an atom: the mark holds at its own value alone
            return self._at_mark(mixed, mark)
        share = (value - self._starts[mark]) * self._slopes[mark] + self._shares[mark]
        interval = self._intervals[mark]
        low = mixed[interval]
        found: float = (low + share * (mixed[interval + 1] - low)) / CDF_ONE
        return found

    def first(self, mixed: Sequence[float], level: float) -> float | None:
        """Find the smallest value at which F is at a level or above.

        Parameters
        ----------
        level : float
            In (0, 1].

        Returns
        -------
        float or None
            From `first_mark` to `last_mark`; None if F is below the level everywhere, or nothing
            is known of the metric.
        """
        mark = self._first_mark(mixed, level)
        if mark is None:
            return None
        reached_at: float = self._starts[mark]
        start: float = self._starts[mark - 1] if mark else reached_at
        end = math.nextafter(reached_at, -math.inf)
        if end <= start:  # an atom, or there is no mark before
            return reached_at
        share, slope = self._shares[mark - 1], self._slopes[mark - 1]
        interval = self._intervals[mark - 1]
        low = mixed[interval]
        rise = mixed[interval + 1] - low

        def reached(value: float) -> bool:
            line: float = low + ((value - start) * slope + share) * rise
            return line / CDF_ONE >= level

        if not slope * rise or not reached(end):
            return reached_at
        guess = start + ((level * CDF_ONE - low) / rise - share) / slope
        return _first_between(start, end, guess, reached)

    def _first_mark(self, mixed: Sequence[float], level: float) -> int | None:
        """Find the first mark whose own value reaches the level."""
        last = len(self._starts) - 1
        # Near it first, whatever rounding does to what is computed here; then exactly.
        wanted = level * CDF_ONE
        first_knot, last_knot = self._knots
        knot = bisect_left(mixed, wanted, first_knot + 1, last_knot)
        low = mixed[knot - 1]
        rise = mixed[knot] - low
        begin = bisect_left(self._intervals, knot - 1)
        end = bisect_left(self._intervals, knot, begin)
        share = (wanted - low) / rise if rise else 0.0
        mark = min(bisect_left(self._shares, share, begin, end), last)
        # Not `<`: F is NaN where nothing is known.
        while not self._at_mark(mixed, mark) >= level:
            if mark == last:
                return None
            mark += 1
        while mark and self._at_mark(mixed, mark - 1) >= level:
            mark -= 1
        return mark

    def _at_mark(self, mixed: Sequence[float], mark: int) -> float:
        interval = self._intervals[mark]
        low = mixed[interval]
        found: float = (low + self._shares[mark] * (mixed[interval + 1] - low)) / CDF_ONE
        if mark in self._upper:
            interval, share = self._upper[mark]
            low = mixed[interval]
            found = (found + (low + share * (mixed[interval + 1] - low)) / CDF_ONE) / 2.0
        return found


def _first_between(
    low: float, high: float, guess: float, reached: Callable[[float], bool]
) -> float:
    """Find the first value that has reached; `low` has not, `high` has.

    From the guess outwards in steps that grow, then by halving: the guess is off by some last
    bits, more where the line is flat.
    """
    if low < guess < high:
        away = -1.0 if reached(guess) else 1.0
        step = math.ulp(guess)
        while True:
            further = guess + away * step
            if not low < further < high:
                break
            if reached(further) == (away > 0):
                low, high = (low, further) if away > 0 else (further, high)
                break
            step *= 4.0
        low, high = (max(low, guess), high) if away > 0 else (low, min(high, guess))
    return first_that(low, high, reached)


def first_that(low: float, high: float, reached: Callable[[float], bool]) -> float:
    """Find, by halving, the first number that has reached; `low` has not, `high` has.

    Examples
    --------
    >>> first_that(0.0, 4.0, lambda value: value * value >= 2.0)
    1.4142135623730951
    """
    while True:
        middle = low + (high - low) / 2.0
        if not low < middle < high:
            return high
        if reached(middle):
            high = middle
        else:
            low = middle
