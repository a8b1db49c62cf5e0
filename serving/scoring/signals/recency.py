"""`recency`: how long ago something happened last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.enough_text import exact_text
from serving.scoring.signals.least_change import least
from serving.scoring.signals.options import Column, Steps, option
from serving.scoring.signals.signal import MOST_DAYS_AHEAD, Change, Judged, Signal, judged
from serving.scoring.signals.steps import (
    are_points,
    falls,
    is_number,
    not_points,
    pairs_of,
    step_arrays,
    step_mistakes,
)


@dataclass(frozen=True, kw_only=True)
class Recency(Signal):
    """The points of the days since a date: in steps, or in straight lines between knots.

    A date more than one day after the scoring date is a mistake of whoever wrote it: missing.

    Examples
    --------
    >>> qbr = Recency(name="qbr", input="last_qbr", steps=((90, 100), (180, 50)), never=0)
    >>> qbr.judge([np.array([90.0, 91.0, 181.0, np.nan])]).points
    array([100.,  50.,   0.,   0.])
    """

    kind: ClassVar[str] = "recency"

    input: Column = option("The column with the date.", example="last_qbr")
    steps: Steps | None = option(
        "The points of a date so many days ago or less. The more recent, the better.",
        example={90: 100, 180: 50},
        default=None,
    )
    otherwise: float = option("The points beyond the last step.", example=0, default=0.0)
    linear: Steps | None = option(
        "Instead of steps: the points at so many days, with straight lines between; before the "
        "first and after the last as there.",
        example={30: 100, 120: 0},
        default=None,
    )
    never: float | None = option(
        "The points of an account without a date. Left out or null: it is missing, with no score.",
        example=0,
        default=None,
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The date."""
        return (Input(self.input, "date"),)

    @cached_property
    def _knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return step_arrays(self.linear or self.steps or ())

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        (days,) = columns
        thresholds, points = self._knots
        if self.linear:
            found = np.interp(days, thresholds, points)
        else:
            found = np.append(points, self.otherwise)[np.searchsorted(thresholds, days)]
        unknown = np.isnan(days)
        if self.never is not None:
            found = np.where(unknown, self.never, found)
            unknown = np.zeros_like(unknown)
        return judged(found, missing=unknown | (days < -MOST_DAYS_AHEAD))

    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find the longest time ago that is enough, in whole days."""
        near = self._longest(points)
        if near is None:
            return None
        points_at = partial(self.points_with, values, 0)
        wanted = least(points_at, points, near, rising=False, whole=True)
        if wanted is None:
            return None
        within = f"within {wanted:.0f} days" if wanted else "today"
        return Change(self.input, wanted, points_at(wanted), f"{self.input} {within}")

    def _longest(self, points: float) -> float | None:
        """Give where the line, or the stairs, come down to `points`; None if they are below."""
        days, worth = self._knots
        last = int(np.count_nonzero(worth >= points)) - 1
        if last < 0:
            return None
        if not self.linear or last == len(days) - 1:
            return float(days[last])
        share = (worth[last] - points) / (worth[last] - worth[last + 1])
        return float(days[last] + share * (days[last + 1] - days[last]))

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find both kinds of steps or neither, points that rise with the days or are none."""
        given = [key for key in ("steps", "linear") if body.get(key) is not None]
        if not given:
            yield "steps", "missing; give steps, or linear"
        if len(given) == 2:
            yield "linear", "is instead of `steps`; leave one of them out"
        for key in given:
            yield from step_mistakes(key, body[key])
        for key in ("otherwise", "never"):
            worth = body.get(key)
            if is_number(worth) and not are_points(worth):
                yield key, not_points(worth)
        yield from _rising(body)


def _rising(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    steps, knots, otherwise = pairs_of(body.get("steps")), pairs_of(body.get("linear")), 0.0
    if is_number(body.get("otherwise")):
        otherwise = body["otherwise"]
    for key, pairs in (("steps", steps), ("linear", knots)):
        if pairs and not falls(pairs):
            yield key, "points rise with the days; the more recent a date, the better"
    if knots and len(knots) == 1:
        yield "linear", "has one knot; give two or more, or `steps`"
    if knots and otherwise:
        yield "otherwise", "is for `steps`; beyond the last knot points stay as there"
    if steps and otherwise > steps[-1][1]:
        given, last = exact_text(otherwise), exact_text(steps[-1][1])
        yield "otherwise", f"is {given}, more than the last step's {last}"
