"""`penalty`: 100 points, less so many for each alert."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.enough_text import exact_text
from serving.scoring.signals.least_change import difference, least
from serving.scoring.signals.options import ByColumn, option
from serving.scoring.signals.signal import MAX_POINTS, Change, Judged, Signal, judged
from serving.scoring.signals.steps import is_number


@dataclass(frozen=True, kw_only=True)
class Penalty(Signal):
    """100 less the deductions, at least 0. Not known if any of the counts is not.

    Examples
    --------
    >>> alerts = Penalty(name="alerts", deductions={"security_alerts": 15})
    >>> alerts.judge([np.array([0.0, 2.0, 8.0, np.nan])]).points
    array([100.,  70.,   0.,  nan])
    """

    kind: ClassVar[str] = "penalty"

    deductions: ByColumn = option(
        "Columns with counts, and the points that each one counted takes away.",
        example={"security_alerts": 15, "limit_alerts": 5},
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The counts, by name, so that the order of the keys changes nothing."""
        return tuple(Input(column, minimum=0.0) for column in sorted(self.deductions))

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        points = np.full(len(columns[0]), MAX_POINTS)
        with np.errstate(over="ignore"):
            for entry, count in zip(self.inputs, columns, strict=True):
                points -= self.deductions[entry.name] * count
        return judged(points)

    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find the column of which the fewest would have to go, and how many."""
        if any(map(math.isnan, values)):
            return None
        changes = [self._change_of(place, values, points) for place in range(len(values))]
        possible = [
            (values[place] - value, change) for place, value, change in filter(None, changes)
        ]
        return min(possible, key=lambda each: each[0])[1] if possible else None

    def _change_of(
        self, place: int, values: Sequence[float], points: float
    ) -> tuple[int, float, Change] | None:
        """Find how few of one column are enough: its place, the value, and the change."""
        column, now = self.inputs[place].name, values[place]
        others = sum(
            self.deductions[entry.name] * value
            for at, (entry, value) in enumerate(zip(self.inputs, values, strict=True))
            if at != place
        )
        near = (MAX_POINTS - others - points) / self.deductions[column]
        points_at = partial(self.points_with, values, place)
        wanted = least(points_at, points, near, rising=False, whole=float(now).is_integer())
        if wanted is None or wanted < 0.0:
            return None
        text = difference(
            column, now, wanted, lambda value: value >= 0.0 and points_at(value) >= points
        )
        return place, wanted, Change(column, wanted, points_at(wanted), text)

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find an empty map, and deductions that are none or more than all."""
        deductions = body.get("deductions")
        if not isinstance(deductions, Mapping):
            return
        if not deductions:
            yield "deductions", "is empty; give at least one column and what each one takes away"
        for column, each in deductions.items():
            if is_number(each) and not 0 < each <= MAX_POINTS:
                told = exact_text(each)
                reason = f"{column}: a deduction is above 0, up to {MAX_POINTS:g}, not {told}"
                yield "deductions", reason
