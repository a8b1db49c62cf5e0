"""Which metrics a component's score, or the global score, lost its points with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from serving.scoring.labels import metric_labels
from serving.scoring.scorecard import Component, Scorecard

#: Why a mean has no score: too little of it is known, or nothing of it applies to the account.
NoScore = Literal["insufficient_coverage", "not_applicable"]


class Driver(NamedTuple):
    """A metric's part in a mean.

    Attributes
    ----------
    metric : str
    label : str
        What people call the metric; see `metric_labels`.
    product : str or None
        The product that the metric is about.
    weight : float
        As applied: renormalised over what has a score, and multiplied down the tree; in [0, 1].
        The weights of a mean add up to 1.
    score : float or None
    points_lost : float
        ``weight * (maximum - score)``, on the scale. A metric without a score has weight 0 and
        loses nothing under the policy ``skip``; under ``zero`` it loses what a score of 0 does.
    """

    metric: str
    label: str
    product: str | None
    weight: float
    score: float | None
    points_lost: float


class PointsLost(NamedTuple):
    """What keeps a mean from the maximum.

    Attributes
    ----------
    key : str
        Of the score on the wire.
    score : float or None
        None where nothing below it has a score, or too little of it.
    points_lost : float or None
        To the maximum of the scale.
    coverage : float or None
        The weight that has scores over the weight that applies to the account, in [0, 1]; None
        where nothing applies.
    reason : str or None
        Why there is no score; None where there is one.
    drivers : tuple of Driver
        Every metric below it, whoever lost most first; then by weight, then as the tree lists
        them. ``score`` plus all their points lost is the maximum, to 1e-9. Empty without a score.
    """

    key: str
    score: float | None
    points_lost: float | None
    coverage: float | None
    reason: NoScore | None
    drivers: tuple[Driver, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        return {**self._asdict(), "drivers": [driver._asdict() for driver in self.drivers]}


#: One mean's metrics, by their number in the scorecard, each with its weight as applied.
_Weights = tuple[tuple[int, float], ...]
#: What stands below a mean: its metrics' weights in it, its own weight, whether it counts.
_Child = tuple[_Weights, float, bool]


class Drivers:
    """Deals the points that means lost to metrics, by the weights that `RollUp` applies.

    Parameters
    ----------
    scorecard : Scorecard
    """

    def __init__(self, scorecard: Scorecard) -> None:
        labels = metric_labels(scorecard)
        self._said = [(each.name, labels[each.name], each.product) for each in scorecard.metrics]
        self._number = {metric.name: number for number, metric in enumerate(scorecard.metrics)}
        self._top = scorecard.components
        self._nodes = scorecard.all_components
        self._zero = scorecard.missing == "zero"
        self._maximum = scorecard.scale.maximum
        means = len(self._nodes) + 1
        self._keys = scorecard.score_names[-means:]
        # Most accounts have a score for the same metrics.
        self._all_weights = lru_cache(maxsize=256)(self._weights_of_all)

    def deal(
        self,
        scores: Sequence[float],
        means: Sequence[float],
        coverage: Sequence[float],
        applies: Sequence[bool],
    ) -> list[PointsLost]:
        """Deal one account's points.

        Parameters
        ----------
        scores : sequence of float
            Of every metric, in the order of the scorecard's; NaN means "no score".
        means : sequence of float
            Of every component, children before their parents, and the global score last; NaN
            means "no score".
        coverage : sequence of float
            The same of the coverage; NaN where nothing applies.
        applies : sequence of bool
            Of every metric, whether it applies to the account.

        Returns
        -------
        list of PointsLost
            In the order of `means`.
        """
        known = tuple(score == score for score in scores)  # not NaN
        known_means = tuple(mean == mean for mean in means)
        applying = (*applies, *(share == share for share in coverage))
        all_weights = self._all_weights(known, known_means, applying)
        lost = []
        for key, mean, share, weights in zip(self._keys, means, coverage, all_weights, strict=True):
            covered = share if share == share else None
            if mean != mean:
                reason: NoScore = "not_applicable" if covered is None else "insufficient_coverage"
                lost.append(PointsLost(key, None, None, covered, reason, ()))
                continue
            drivers = self._drivers(scores, weights)
            lost.append(PointsLost(key, mean, self._maximum - mean, covered, None, drivers))
        return lost

    def _drivers(self, scores: Sequence[float], weights: _Weights) -> tuple[Driver, ...]:
        drivers = []
        for number, weight in weights:
            score = scores[number]
            known = score == score
            lost = weight * (self._maximum - score if known else self._maximum)
            drivers.append(Driver(*self._said[number], weight, score if known else None, lost))
        drivers.sort(key=_most_lost_first)
        return tuple(drivers)

    def _weights_of_all(
        self, known: tuple[bool, ...], known_means: tuple[bool, ...], applying: tuple[bool, ...]
    ) -> list[_Weights]:
        """Give the weights of every mean, for accounts that have these scores.

        What has none counts all the same under the policy ``zero``, where it applies.
        """
        there = zip((*known, *known_means), applying, strict=True)
        counted = [has_score or (self._zero and applies) for has_score, applies in there]
        found: dict[str, tuple[_Weights, bool]] = {}
        for place, node in enumerate(self._nodes, len(known)):
            numbers = [self._number[name] for name in node.metrics]
            metrics: list[_Child] = [
                (((number, 1.0),), weight, counted[number])
                for number, weight in zip(numbers, node.metrics.values(), strict=True)
            ]
            below = _below(node.components, found)
            found[node.name] = _applied([*metrics, *below]), counted[place]
        whole = _applied(_below(self._top, found))
        return [*(weights for weights, _ in found.values()), whole]


def _applied(children: Sequence[_Child]) -> _Weights:
    """Multiply the children's weights by their own, among those that count."""
    total = sum(weight for _, weight, counts in children if counts)
    return tuple(
        (number, share * (weight / total if counts else 0.0)) if total > 0 else (number, 0.0)
        for weights, weight, counts in children
        for number, share in weights
    )


def _below(nodes: Sequence[Component], found: Mapping[str, tuple[_Weights, bool]]) -> list[_Child]:
    # A component whose score is withheld counts for nothing, although metrics in it have scores.
    return [(found[node.name][0], node.weight, found[node.name][1]) for node in nodes]


def _most_lost_first(driver: Driver) -> tuple[float, float]:
    # Rounded, or the last bits of equal losses would decide.
    return -round(driver.points_lost, 9), -driver.weight
