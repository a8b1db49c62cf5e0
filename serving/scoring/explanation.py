"""What an explanation of an account's scores says: plain objects, and plain JSON values."""

from __future__ import annotations

from typing import Any, NamedTuple

from serving.scoring.drivers import PointsLost
from serving.scoring.goals import Goal

#: How sure the interval of a rank is.
INTERVAL_LEVEL = 0.9

#: Shares of the peers whose values are told.
QUARTILES = (0.25, 0.5, 0.75)


class MetricExplanation(NamedTuple):
    """One metric of one account.

    Attributes
    ----------
    metric : str
    key : str
        Of the score on the wire.
    value : float or None
        As observed, in the metric's unit; None if it is missing.
    rank : float or None
        Among the account's peers, in [0, 1], 1 is best; None without a value, or if no training
        account had the metric.
    rank_low, rank_high : float or None
        Ends of the `INTERVAL_LEVEL` interval of the rank: there are only so many peers.
    effective_peers : float
        How many training accounts inform the rank.
    peer_quartiles : tuple of float, or None
        The smallest admissible values that a quarter, half and three quarters of this account's
        peers are at or below; None if no training account had the metric.
    unrounded : float or None
        The rank on the scale, before it is rounded to a step.
    score : float or None
        What the scorer says.
    higher_is_better : bool
    whole_numbers : bool
        Whether all that training has stored of the metric are whole numbers; then so are the
        quartiles and goals.
    next_point : Goal
        What brings the next score on the scale.
    next_band : Goal or None
        What brings the next band; None where no bands were asked for.
    """

    metric: str
    key: str
    value: float | None
    rank: float | None
    rank_low: float | None
    rank_high: float | None
    effective_peers: float
    peer_quartiles: tuple[float, ...] | None
    unrounded: float | None
    score: float | None
    higher_is_better: bool
    whole_numbers: bool
    next_point: Goal
    next_band: Goal | None

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        quartiles, band = self.peer_quartiles, self.next_band
        return {
            **self._asdict(),
            "peer_quartiles": None if quartiles is None else list(quartiles),
            "next_point": self.next_point._asdict(),
            "next_band": None if band is None else band._asdict(),
        }


class Explanation(NamedTuple):
    """Why an account has its scores.

    Attributes
    ----------
    maximum : float
        Of the scale.
    metrics : tuple of MetricExplanation
        In the order of the scores on the wire.
    components : tuple of PointsLost
        Children before their parents.
    overall : PointsLost
        The global score's.
    flags : tuple of str
        Names of `Flag` in lower case.
    """

    maximum: float
    metrics: tuple[MetricExplanation, ...]
    components: tuple[PointsLost, ...]
    overall: PointsLost
    flags: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values: what ``POST /explain`` answers for an account."""
        return {
            "maximum": self.maximum,
            "metrics": [metric.to_dict() for metric in self.metrics],
            "components": [lost.to_dict() for lost in self.components],
            "overall": self.overall.to_dict(),
            "flags": list(self.flags),
        }
