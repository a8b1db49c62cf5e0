"""A metric with an absolute score: its kind, for whom it counts, and how old its facts may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.risk import RiskModel
from serving.scoring.signals import KINDS, Signal
from serving.scoring.signals.signal import MOST_DAYS_AHEAD, Judge, Judged, Status
from serving.scoring.signals.stored import kind_from_dict

#: Keys that any absolute metric may have beside those of its kind.
AROUND = ("label", "product", "cohort", "as_of", "max_age_days")


#: Plain numbers: to look up an enum's member takes longer than to compare a few statuses with it.
_OK, _MISSING, _STALE, _NOT_APPLICABLE = map(
    int, (Status.OK, Status.MISSING, Status.STALE, Status.NOT_APPLICABLE)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteMetric:
    """What a value is worth, whoever the others are.

    Attributes
    ----------
    signal : Signal
        How the value becomes points.
    label : str or None
        What people call it.
    product : str or None
        The product it is about.
    cohort : str or None
        A column of true and false: the metric applies only where it is true.
    as_of : str or None
        A date: of when the metric's facts are.
    max_age_days : float or None
        Facts older than this are stale, and give no score.
    """

    signal: Signal
    label: str | None = None
    product: str | None = None
    cohort: str | None = None
    as_of: str | None = None
    max_age_days: float | None = None

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.signal.name

    @property
    def kind(self) -> str:
        """The word for its kind."""
        return self.signal.kind

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Its columns: those of its kind, then the cohort's, then the date of its facts."""
        cohort = (Input(self.cohort, "boolean"),) if self.cohort else ()
        as_of = (Input(self.as_of, "date"),) if self.as_of else ()
        return (*self.signal.inputs, *cohort, *as_of)

    def judging(self, models: Mapping[str, RiskModel]) -> Judge:
        """Give what judges accounts with the artifact's models; see `Signal.judge`.

        Whether the metric applies comes first: what does not apply is neither missing nor stale.
        """
        return partial(self._judge, self.signal.judging(models))

    def _judge(self, judge: Judge, columns: Sequence[NDArray[np.float64]]) -> Judged:
        own = len(self.signal.inputs)
        points, statuses = judge(columns[:own])
        around = list(columns[own:])
        told = statuses.copy()
        if self.as_of:
            age = around.pop()
            # A date ahead of today says nothing of how old the facts are.
            unknown = np.isnan(age) | (age < -MOST_DAYS_AHEAD)
            applies = statuses != _NOT_APPLICABLE
            told[applies & (age > (self.max_age_days or 0.0))] = _STALE
            told[applies & unknown] = _MISSING
        if self.cohort:
            (member,) = around
            told[np.isnan(member)] = _MISSING
            told[member == 0.0] = _NOT_APPLICABLE
        return Judged(np.where(told == _OK, points, np.nan), told)


def absolute_metric(name: str, body: Mapping[str, Any]) -> AbsoluteMetric:
    """Build a metric from what an artifact stores of it, which must have been checked."""
    own = {key: value for key, value in body.items() if key not in AROUND and key != "kind"}
    around = {key: body[key] for key in AROUND if key in body}
    return AbsoluteMetric(signal=kind_from_dict(KINDS[body["kind"]], name, own), **around)
