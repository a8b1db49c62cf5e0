"""What raises one metric of one account: the input to change, and the score that it brings."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from serving.scoring.absolute import AbsoluteMetric
from serving.scoring.column import Input
from serving.scoring.goals import GoalFinder
from serving.scoring.inverse import first_that
from serving.scoring.one_account import ScalarScale
from serving.scoring.scorecard import PeerMetric, Scale
from serving.scoring.signals.least_change import limit
from serving.scoring.signals.signal import MAX_POINTS, Change

#: Points that nobody tells from each other.
_SAME = 1e-6


class Raise(NamedTuple):
    """One input with another value.

    Attributes
    ----------
    input : str
        The column.
    value : float, str, bool or None
        As people know it; see `Change`.
    encoded : float
        As the scorer takes it.
    score : float
        The metric's score then.
    usual : bool
        False where 95 % of the peers do not get there.
    text : str
        The same for people.
    """

    input: str
    value: float | str | bool | None
    encoded: float
    score: float
    usual: bool
    text: str


class Raiser(Protocol):
    """Knows what raises one metric of one account that has a score."""

    @property
    def inputs(self) -> Collection[str]:
        """The columns whose values it is fair to advise on for this metric's sake."""

    def reach(self, target: float) -> Raise | None:
        """Find the least change that brings a score above the account's; None if none does."""

    def highest(self) -> Raise | None:
        """Find what brings the highest score that can be; None if the account has it."""


class PointScale:
    """The way from points to scores and back. Built once per scale."""

    def __init__(self, scale: Scale) -> None:
        self.score = ScalarScale(scale, of=MAX_POINTS).score
        self.least = lru_cache(maxsize=4096)(self._least)

    def _least(self, target: float) -> float | None:
        """Give the fewest points whose score is at least `target`; None if no points are enough."""
        if self.score(0.0) >= target:
            return 0.0
        if not self.score(MAX_POINTS) >= target:
            return None
        return first_that(0.0, MAX_POINTS, lambda points: self.score(points) >= target)


@dataclass(frozen=True, slots=True)
class SignalRaiser:
    """Raises an absolute metric.

    Attributes
    ----------
    metric : AbsoluteMetric
    scale : PointScale
    values : sequence of float
        The account's, one per input of the metric's signal.
    points : float
        What the account has.
    """

    metric: AbsoluteMetric
    scale: PointScale
    values: Sequence[float]
    points: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """See `Signal.advised`."""
        return self.metric.signal.advised

    def reach(self, target: float) -> Raise | None:
        """See `Raiser.reach`."""
        points = self.scale.least(target)
        if points is None or points <= self.points:
            return None
        return self._told(self.metric.signal.change(self.values, points))

    def highest(self) -> Raise | None:
        """See `Raiser.highest`."""
        if self.points >= MAX_POINTS:
            return None
        signal, best, enough, short = self.metric.signal, None, self.points, MAX_POINTS
        asked = short
        # One question where a value brings all points, as most kinds have one.
        while short - enough > _SAME:
            change = signal.change(self.values, asked)
            if change is None:
                short = asked
            else:
                best, enough = change, max(change.points, asked)
            asked = enough + (short - enough) / 2.0
        return self._told(best)

    def _told(self, change: Change | None) -> Raise | None:
        if change is None:
            return None
        column = next(each for each in self.metric.signal.inputs if each.name == change.input)
        return Raise(
            change.input,
            change.value,
            _encoded(column, change.value),
            self.scale.score(change.points),
            usual=True,
            text=change.text,
        )


@dataclass(frozen=True, slots=True)
class PeerRaiser:
    """Raises a metric that is compared with peers.

    Attributes
    ----------
    metric : PeerMetric
    finder : GoalFinder
    mixed : sequence of float
        What the account's peers are; see `InverseRuler`.
    score : float
        What the account has.
    """

    metric: PeerMetric
    finder: GoalFinder
    mixed: Sequence[float]
    score: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column that is compared."""
        return (self.metric.name,)

    def reach(self, target: float) -> Raise | None:
        """See `Raiser.reach`."""
        goal = self.finder.reach(self.mixed, target)
        if goal.value is None or goal.score is None:
            return None
        text = limit(
            self.metric.name,
            goal.value,
            rising=self.metric.higher_is_better,
            enough=self.finder.admits,
        )
        return Raise(
            self.metric.name,
            goal.value,
            goal.value,
            goal.score,
            usual=goal.status == "reachable",
            text=text,
        )

    def highest(self) -> Raise | None:
        """See `Raiser.highest`."""
        best = self.finder.highest(self.mixed)
        return self.reach(best) if best > self.score else None


def _encoded(column: Input, value: float | str | bool | None) -> float:
    if value is None:
        return math.nan
    if column.type == "category":
        return float(column.categories.index(str(value)))
    return float(value)
