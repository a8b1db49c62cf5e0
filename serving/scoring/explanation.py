"""What an explanation of an account's scores says: plain objects, and plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from serving.scoring.drivers import PointsLost
from serving.scoring.goals import Goal
from serving.scoring.next_band import NextBand
from serving.scoring.overlay import PeerComparison


class MetricExplanation(NamedTuple):
    """One metric of one account that is compared with peers.

    Attributes
    ----------
    metric : str
    key : str
        Of the score on the wire.
    kind : str
        "peer".
    label : str
        What people call it.
    product : str or None
    status : str
        A name of `Status` in lower case: why it has its score, or has none.
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
        What brings the next of the thresholds asked for; None where none were.
    """

    metric: str
    key: str
    kind: str
    label: str
    product: str | None
    status: str
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


class SignalGoal(NamedTuple):
    """A higher score of an absolute metric, and the one input that brings it.

    Attributes
    ----------
    target : float
        The score asked for.
    input : str
        The column that would have to be another.
    value : float, str, bool or None
        The least change that is enough; see `Change`.
    score : float
        The metric's score then: at least the target.
    text : str
        The same for people, such as "12 more licenses_active".
    """

    target: float
    input: str
    value: float | str | bool | None
    score: float
    text: str


class SignalExplanation(NamedTuple):
    """One metric of one account that is worth what it is, whoever the others are.

    Attributes
    ----------
    metric, key, kind, label, product, status
        As of `MetricExplanation`; the kind is the word for it in the definition.
    inputs : mapping of str to float, str, bool or None
        Every column that it reads, as people know it: a number, a category's name, true or false,
        days before the scoring date; None is not known.
    points : float or None
        0 to 100, before they are put on the scale; None without a score.
    score : float or None
        What the scorer says.
    next_point : SignalGoal or None
        What brings the next score on the scale; None at the highest, without a score, or where no
        value of a single input is known to bring it.
    next_band : SignalGoal or None
        What brings the next of the thresholds asked for; None where none were, and as before.
    """

    metric: str
    key: str
    kind: str
    label: str
    product: str | None
    status: str
    inputs: Mapping[str, float | str | bool | None]
    points: float | None
    score: float | None
    next_point: SignalGoal | None
    next_band: SignalGoal | None

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        point, band = self.next_point, self.next_band
        return {
            **self._asdict(),
            "inputs": dict(self.inputs),
            "next_point": None if point is None else point._asdict(),
            "next_band": None if band is None else band._asdict(),
        }


AnyMetric: TypeAlias = MetricExplanation | SignalExplanation


class Explanation(NamedTuple):
    """Why an account has its scores.

    Attributes
    ----------
    maximum : float
        Of the scale.
    metrics : tuple of MetricExplanation or SignalExplanation
        In the order of the scores on the wire.
    components : tuple of PointsLost
        Children before their parents.
    overall : PointsLost
        The global score's.
    flags : tuple of str
        Names of `Flag` in lower case.
    band : str or None
        The global score's; None without a score, or where the scorecard has no bands.
    next_band : NextBand or None
        What brings the next band, or the target asked for; None where there is no higher one.
    peers : PeerComparison or None
        The global score beside those of accounts of similar size; None where the scorecard does
        not ask for it.
    """

    maximum: float
    metrics: tuple[AnyMetric, ...]
    components: tuple[PointsLost, ...]
    overall: PointsLost
    flags: tuple[str, ...]
    band: str | None
    next_band: NextBand | None
    peers: PeerComparison | None

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values: what ``POST /explain`` answers for an account."""
        return {
            "maximum": self.maximum,
            "metrics": [metric.to_dict() for metric in self.metrics],
            "components": [lost.to_dict() for lost in self.components],
            "overall": self.overall.to_dict(),
            "flags": list(self.flags),
            "band": self.band,
            "next_band": None if self.next_band is None else self.next_band.to_dict(),
            "peers": None if self.peers is None else self.peers.to_dict(),
        }
