"""`growth`: a count of now against the same count before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.enough_text import exact_text
from serving.scoring.signals.least_change import difference, least
from serving.scoring.signals.options import Column, option
from serving.scoring.signals.signal import MAX_POINTS, Change, Judged, Signal, in_proportion, judged
from serving.scoring.signals.steps import is_number

#: How far back a year reaches.
_MONTHS = 12

#: More than what the last bits of the months and of their sum can be wrong by, so that growth of
#: exactly nothing, in amounts such as 0.1, is not floored to one point less.
_LAST_BITS = 1.0 + 2.0**-48


@dataclass(frozen=True, kw_only=True)
class Growth(Signal):
    """`baseline` times current over base, rounded down to a whole point, at most 100.

    The base is the mean of the twelve months before, of those that are known, or the count twelve
    months ago. Where there are too few months, or nothing in them, there is no score.

    Examples
    --------
    >>> rangers = Growth(name="rangers", current="rangers", base="lag_12m")
    >>> rangers.judge([np.array([15.0, 13.0, 5.0]), np.array([12.0, 15.0, 0.0])]).points
    array([62., 43., nan])
    """

    kind: ClassVar[str] = "growth"

    current: Column = option(
        "The column with the count of now. Beside it stand `<current>_12m_ago`, and for the mean "
        "also `<current>_1m_ago` to `<current>_11m_ago`.",
        example="workorders_last_month",
    )
    base: Literal["mean_12m", "lag_12m"] = option(
        "What it is compared with: mean_12m, the mean of the 12 months before, or lag_12m, the "
        "count 12 months ago.",
        example="mean_12m",
    )
    min_months: int = option(
        "How many of the 12 months must be known for a mean.", example=12, default=_MONTHS
    )
    baseline: float = option(
        "The points of an account that has neither grown nor shrunk.", example=50, default=50.0
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The count of now, and those before, the latest first; none may be negative."""
        first = 1 if self.base == "mean_12m" else _MONTHS
        before = (f"{self.current}_{month}m_ago" for month in range(first, _MONTHS + 1))
        return tuple(Input(column, minimum=0.0) for column in (self.current, *before))

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        current, *before = columns
        total, months = _added_up(before)
        enough = months >= (self.min_months if self.base == "mean_12m" else 1)
        with np.errstate(invalid="ignore", over="ignore"):
            # Over the total, not over the mean: that would round once more.
            points = np.floor(in_proportion(current * months, total, self.baseline) * _LAST_BITS)
        return judged(points, missing=np.isnan(current), no_history=~(enough & (total > 0.0)))

    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find the least count of now that is enough, whole where the counts are."""
        now, *before = values
        known = [value for value in before if not math.isnan(value)]
        if math.isnan(self.points_with(values, 0, 0.0)):
            return None
        # Not `fsum`, which raises where the sum is too large for a number.
        near = math.ceil(points) * sum(known) / (self.baseline * len(known))
        whole = all(float(value).is_integer() for value in (now, *known) if not math.isnan(value))
        points_at = partial(self.points_with, values, 0)
        wanted = least(points_at, points, near, rising=True, whole=whole)
        if wanted is None:
            return None
        text = difference(self.current, now, wanted, lambda value: points_at(value) >= points)
        return Change(self.current, wanted, points_at(wanted), text)

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find more months than there are, and a baseline off the scale."""
        months, baseline = body.get("min_months"), body.get("baseline")
        if is_number(months) and not 1 <= months <= _MONTHS:
            yield "min_months", f"is from 1 to {_MONTHS}, not {exact_text(months)}"
        elif is_number(months) and body.get("base") == "lag_12m" and months != _MONTHS:
            yield "min_months", "is for the mean of 12 months; leave it out beside `lag_12m`"
        if is_number(baseline) and not 0 < baseline <= MAX_POINTS:
            yield "baseline", f"is above 0, up to {MAX_POINTS:g}, not {exact_text(baseline)}"


def _added_up(
    months: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the sum of the months that are known, and how many they are, of each account.

    One after the other: numpy's own sum adds one account in another order than many.
    """
    total, known = np.zeros_like(months[0]), np.zeros_like(months[0])
    with np.errstate(over="ignore"):
        for month in months:
            there = ~np.isnan(month)
            total += np.where(there, month, 0.0)
            known += there
    return total, known
