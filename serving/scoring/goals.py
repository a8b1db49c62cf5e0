"""What a metric's value would have to be for a higher score, or that no value brings it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from serving.scoring.inverse import InverseRuler, first_that
from serving.scoring.one_account import ScalarScale
from serving.scoring.scorecard import Scale

#: Values that fewer than 5 % of the peers exceed are no advice.
USUAL_SHARE = 0.95

#: Above this, every number is a whole one and 1 more may be the same.
_ALL_WHOLE = 2.0**53

Status = Literal[
    "reachable", "beyond_peers", "highest", "out_of_bounds", "not_observed", "no_ranks"
]

#: What each status means, for people.
STATUSES: dict[Status, str] = {
    "reachable": "the value brings it, and is usual among the peers",
    "beyond_peers": "the value brings it, but 95 % of the peers do not get there: no advice",
    "highest": "not reachable: highest already",
    "out_of_bounds": "not reachable: no value within the metric's bounds brings it",
    "not_observed": "not reachable: the account has no value, so it has no score",
    "no_ranks": "not reachable: no training account had the metric, so there is nothing to rank by",
}


class Goal(NamedTuple):
    """A higher score and what brings it.

    Attributes
    ----------
    target : float or None
        The score asked for; None where there is none to ask for.
    value : float or None
        The smallest admissible value whose score is at least `target` (the largest, where lower
        is better), in the metric's unit; the one before it does not bring it. Admissible is what
        lies within the bounds, and is whole where the metric is counted in whole numbers. None if
        no value brings it.
    score : float or None
        The score that the value has; above `target` where a value that many peers share is passed.
    status : str
        A word of `STATUSES`.
    """

    target: float | None
    value: float | None
    score: float | None
    status: Status


class ScoreSteps:
    """What it takes to come from one score to a higher one. Built once per scale.

    Attributes
    ----------
    top : float
        The highest score: `Scale.maximum` but for the rounding of odd steps.
    """

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self.score = ScalarScale(scale).score
        self.top = self.score(1.0)
        # There are few scores, but for bands that callers choose.
        self.next = lru_cache(maxsize=4096)(self._next)
        self.least_rank = lru_cache(maxsize=4096)(self._least_rank)
        self.least_share_short_of = lru_cache(maxsize=4096)(self._least_share_short_of)

    def _next(self, score: float) -> float | None:
        """Give the score that comes next, the next whole number without steps; None at the top."""
        if score >= self.top:
            return None
        step = self._scale.step
        if step is None:
            return min(math.floor(score) + 1.0, self.top)
        # As the scale itself writes it.
        return round((round(score / step) + 1) * step * 1e10) / 1e10

    def _least_rank(self, target: float) -> float:
        """Give the smallest rank whose score is at least `target`, in (0, `top`]."""
        return first_that(0.0, 1.0, lambda rank: self.score(rank) >= target)

    def _least_share_short_of(self, target: float) -> float:
        """Give the smallest F for which the score of the rank 1 - F is below `target`."""
        return first_that(0.0, 1.0, lambda share: self.score(1.0 - share) < target)


@dataclass(frozen=True, slots=True, eq=False)
class GoalFinder:
    """Finds goals of one metric.

    Attributes
    ----------
    steps : ScoreSteps
    ranks : InverseRuler
        By the metric's own rule for ties.
    shares : InverseRuler
        The same with P(Y <= value).
    lower, upper : float
        Its bounds; infinite where there is none.
    falling : bool
        Whether lower is better.
    whole : bool
        Whether only whole numbers are admissible.
    """

    steps: ScoreSteps
    ranks: InverseRuler
    shares: InverseRuler
    lower: float
    upper: float
    falling: bool
    whole: bool

    def next_point(self, mixed: Sequence[float], score: float | None, observed: bool) -> Goal:
        """Find what brings the next score on the scale: a step more, or the next whole point.

        Parameters
        ----------
        mixed : sequence of float
            See `InverseRuler`.
        score : float or None
            The account's; None where it has none.
        observed : bool
            Whether the account has a value.
        """
        if score is None:
            return _without_score(observed)
        return self._goal(mixed, self.steps.next(score))

    def next_band(
        self, mixed: Sequence[float], score: float | None, observed: bool, bands: Sequence[float]
    ) -> Goal:
        """Find what brings the next of some thresholds, ascending, on the scale."""
        if score is None:
            return _without_score(observed)
        return self._goal(mixed, next((band for band in bands if band > score), None))

    def reach(self, mixed: Sequence[float], target: float) -> Goal:
        """Find what brings a score above the account's, which has a value."""
        return self._goal(mixed, target)

    def highest(self, mixed: Sequence[float]) -> float:
        """Give the highest score that an admissible value has among these peers."""
        best = self.lower if self.falling else self.upper
        if self.whole and math.isfinite(best):
            best = float(math.ceil(best) if self.falling else math.floor(best))
        rank = self.ranks.at(mixed, best)
        return self.steps.score(1.0 - rank if self.falling else rank)

    def admits(self, value: float) -> bool:
        """Say whether a value lies within the bounds."""
        return self.lower <= value <= self.upper

    def quantiles(
        self, mixed: Sequence[float], shares: Sequence[float]
    ) -> tuple[float, ...] | None:
        """Give the smallest admissible values that shares of the peers are at or below.

        None where nothing is known of the metric.
        """
        found = []
        for share in shares:
            value = self.shares.first(mixed, share)
            if value is None:
                return None
            whole = math.ceil(value) + 0.0 if self.whole else value
            found.append(whole if whole <= self.upper else value)
        return tuple(found)

    def _goal(self, mixed: Sequence[float], target: float | None) -> Goal:
        if target is None:
            return Goal(None, None, None, "highest")
        value = self._value(mixed, target)
        if value is None:
            return Goal(target, None, None, "out_of_bounds")
        rank = self.ranks.at(mixed, value)
        score = self.steps.score(1.0 - rank if self.falling else rank)
        return Goal(target, value, score, self._status(mixed, value))

    def _value(self, mixed: Sequence[float], target: float) -> float | None:
        if not self.falling:
            value = self.ranks.first(mixed, self.steps.least_rank(target))
            if value is not None and self.whole:
                value = float(math.ceil(value))
        else:
            # The last value before the rank falls short.
            short = self.ranks.first(mixed, self.steps.least_share_short_of(target))
            if short is None or short <= self.ranks.first_mark:
                return None
            value = math.nextafter(short, -math.inf)
            if self.whole:
                value = float(math.floor(value))
        if value is None or not self.admits(value):
            return None
        return value + 0.0  # not -0.0

    def _status(self, mixed: Sequence[float], value: float) -> Status:
        if self.falling:
            usual = self.shares.at(mixed, value) >= 1.0 - USUAL_SHARE
        else:
            # What is beyond the percentile is above a value that has reached it.
            before = self._before(value)
            usual = before < self.shares.first_mark or self.shares.at(mixed, before) < USUAL_SHARE
        return "reachable" if usual else "beyond_peers"

    def _before(self, value: float) -> float:
        if self.whole and abs(value) < _ALL_WHOLE:
            return value - 1.0
        return math.nextafter(value, -math.inf)


def _without_score(observed: bool) -> Goal:
    return Goal(None, None, None, "no_ranks" if observed else "not_observed")
