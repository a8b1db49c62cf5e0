"""`indicator`: whether something is there, how often, or under which name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.enough_text import exact_text
from serving.scoring.signals.labels import judge_labels, label_change, label_mistakes, labelled
from serving.scoring.signals.least_change import difference
from serving.scoring.signals.options import Column, Points, Steps, option
from serving.scoring.signals.signal import MAX_POINTS, Change, Judged, Signal, judged
from serving.scoring.signals.steps import falls, pairs_of, rises, step_arrays, step_mistakes

#: Which key each type needs, beside the column.
_NEEDS: Mapping[str, str | None] = {"binary": None, "count": "steps", "named": "names"}


@dataclass(frozen=True, kw_only=True)
class Indicator(Signal):
    """100 or 0 of true and false; the points of the highest step reached; or those of a name.

    Examples
    --------
    >>> reviews = Indicator(
    ...     name="reviews", type="count", input="reviews", steps=((0, 0), (1, 50), (2, 100))
    ... )
    >>> reviews.judge([np.array([0.0, 1.0, 5.0, np.nan])]).points
    array([  0.,  50., 100.,  nan])
    """

    kind: ClassVar[str] = "indicator"

    type: Literal["binary", "count", "named"] = option(
        "What the column holds: binary, true or false; count; or named, one of some names.",
        example="count",
    )
    input: Column = option("The column.", example="threshold_reviews_12m")
    steps: Steps | None = option(
        "For a count: the points from so many on; the first step is 0.",
        example={0: 0, 1: 50, 2: 100},
        default=None,
    )
    names: Points | None = option(
        "For names: the points of each; null where the question is still open.",
        example={"on_time": 100, "late": 50, "missed": 0, "open": None},
        default=None,
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The column."""
        if self.type == "named":
            return (labelled(self.input, self.names or {}),)
        if self.type == "count":
            return (Input(self.input, minimum=0.0),)
        return (Input(self.input, "boolean"),)

    @cached_property
    def _stairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return step_arrays(self.steps or ())

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        (value,) = columns
        if self.type == "named":
            return judge_labels(self.names or {}, value)
        if self.type == "binary":
            points = MAX_POINTS * (value != 0.0)
        else:
            thresholds, worth = self._stairs
            # Nothing is below the first step, which is at 0.
            points = worth[np.maximum(np.searchsorted(thresholds, value, side="right") - 1, 0)]
        return judged(points, missing=np.isnan(value))

    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find true, the first step that is enough, or the name with the fewest points that are."""
        if self.type == "binary":
            return Change(self.input, True, MAX_POINTS, f"{self.input} true")
        if self.type == "named":
            return label_change(self.input, self.names or {}, points)
        thresholds, worth = self._stairs
        enough = np.flatnonzero(worth >= points)
        if not len(enough):
            return None
        if rises(self.steps or ()):
            wanted = float(np.ceil(thresholds[enough[0]]))
        else:
            # One below the next step; there is one, or the account would have these points.
            after = thresholds[enough[-1] + 1 :]
            wanted = float(np.ceil(after[0])) - 1.0 if len(after) else float(thresholds[-1])
        points_at = partial(self.points_with, values, 0)
        text = difference(
            self.input, values[0], wanted, lambda value: value >= 0.0 and points_at(value) >= points
        )
        return Change(self.input, wanted, points_at(wanted), text)

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find keys of another type, and steps or names that contradict themselves."""
        for named in (kind for kind in _NEEDS if kind == body.get("type")):
            for key in ("steps", "names"):
                given, needed = body.get(key) is not None, key == _NEEDS[named]
                if needed and not given:
                    yield key, f"missing; a {named} indicator needs it"
                if given and not needed:
                    yield key, f"is not for a {named} indicator; leave it out"
        yield from step_mistakes("steps", body.get("steps"))
        yield from _stair_mistakes(body.get("steps"))
        yield from label_mistakes("names", body.get("names"))


def _stair_mistakes(steps: Any) -> Iterator[tuple[str, str]]:
    pairs = pairs_of(steps)
    if not pairs:
        return
    if pairs[0][0] > 0:
        yield "steps", f"start at {exact_text(pairs[0][0])}; say what a count of 0 is worth"
    if not rises(pairs) and not falls(pairs):
        yield "steps", "points rise and fall; the more the better, or the fewer"
