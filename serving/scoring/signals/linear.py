"""`linear`: from the worst value to the best one in a straight line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.enough_text import exact_text
from serving.scoring.signals.least_change import least, limit
from serving.scoring.signals.options import Column, option
from serving.scoring.signals.signal import MAX_POINTS, Change, Judged, Signal, in_proportion, judged
from serving.scoring.signals.steps import is_number

#: Beyond this, the distance from the worst to the best might be no number.
_LARGEST = 1e300


@dataclass(frozen=True, kw_only=True)
class Linear(Signal):
    """0 points at `worst` and beyond, 100 at `best` and beyond; either may be the larger one.

    Examples
    --------
    >>> page = Linear(name="page", input="page_seconds", best=1.0, worst=5.0)
    >>> page.judge([np.array([0.5, 2.0, 9.0, np.nan])]).points
    array([100.,  75.,   0.,  nan])
    """

    kind: ClassVar[str] = "linear"

    input: Column = option("The column with the value.", example="page_ms_month_avg")
    best: float = option("The value that has 100 points.", example=1000)
    worst: float = option(
        "The value that has none. Where lower is better it is above `best`.", example=5000
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The value; it may be negative."""
        return (Input(self.input),)

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        (value,) = columns
        way = np.full_like(value, self.best - self.worst)
        with np.errstate(over="ignore"):
            return judged(in_proportion(value - self.worst, way, MAX_POINTS))

    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find the value nearest to the worst one that is enough, whole where all three are."""
        rising = self.best > self.worst
        near = self.worst + (self.best - self.worst) * (points / MAX_POINTS)
        known = [value for value in (*values, self.best, self.worst) if not math.isnan(value)]

        def points_at(value: float) -> float:
            return self.points_with(values, 0, value)

        whole = all(float(value).is_integer() for value in known)
        wanted = least(points_at, points, near, rising=rising, whole=whole)
        if wanted is None:
            return None
        text = limit(self.input, wanted, rising=rising)
        return Change(self.input, wanted, points_at(wanted), text)

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find ends that are one place, or no place at all."""
        best, worst = body.get("best"), body.get("worst")
        for key, end in (("best", best), ("worst", worst)):
            if is_number(end) and not -_LARGEST <= end <= _LARGEST:
                yield key, f"{exact_text(end)} is too far away; give the value where points end"
        if is_number(best) and best == worst:
            yield "worst", f"is {exact_text(worst)}, as `best` is; between them lie the points"
