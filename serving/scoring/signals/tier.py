"""`tier`: a label, such as the account's tier of usage, has points of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.signals.labels import judge_labels, label_change, label_mistakes, labelled
from serving.scoring.signals.options import Column, Points, option
from serving.scoring.signals.signal import Change, Judged, Signal


@dataclass(frozen=True, kw_only=True)
class Tier(Signal):
    """The points of a label; a label that is not listed is missing.

    Examples
    --------
    >>> usage = Tier(name="usage", input="usage_tier", scores={"high": 75, "low": 25})
    >>> usage.judge([np.array([0.0, 1.0, np.nan])]).points
    array([75., 25., nan])
    """

    kind: ClassVar[str] = "tier"

    input: Column = option("The column with the label.", example="usage_tier")
    scores: Points = option(
        "The points of each label, 0 to 100; null where the metric does not apply.",
        example={"power": 100, "high": 75, "medium": 50, "low": 25, "none": 0},
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The label."""
        return (labelled(self.input, self.scores),)

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        (codes,) = columns
        return judge_labels(self.scores, codes)

    def change(self, _values: Sequence[float], points: float) -> Change | None:
        """Find the label with the fewest points that are enough."""
        return label_change(self.input, self.scores, points)

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find an empty map, points off the scale, labels that never give a score."""
        yield from label_mistakes("scores", body.get("scores"))
