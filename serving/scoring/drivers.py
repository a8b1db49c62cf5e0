"""Which metrics a component's score, or the global score, lost its points with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from serving.scoring.scorecard import Component, Scorecard


class Driver(NamedTuple):
    """A metric's part in a mean.

    Attributes
    ----------
    metric : str
    weight : float
        As applied: renormalised over what has a score, and multiplied down the tree; in [0, 1].
        The weights of a mean add up to 1.
    score : float or None
    points_lost : float
        ``weight * (maximum - score)``, on the scale. A metric without a score has weight 0 and
        loses nothing under the policy ``skip``; under ``zero`` it loses what a score of 0 does.
    """

    metric: str
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
        None where nothing below it has a score.
    points_lost : float or None
        To the maximum of the scale.
    drivers : tuple of Driver
        Every metric below it, whoever lost most first; then by weight, then as the tree lists
        them. ``score`` plus all their points lost is the maximum, to 1e-9. Empty without a score.
    """

    key: str
    score: float | None
    points_lost: float | None
    drivers: tuple[Driver, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        return {**self._asdict(), "drivers": [driver._asdict() for driver in self.drivers]}


#: One mean's metrics, by their number in the scorecard, each with its weight as applied.
_Weights = tuple[tuple[int, float], ...]
#: What stands below a mean: its metrics' weights in it, its own weight, whether it has a score.
_Child = tuple[_Weights, float, bool]


class Drivers:
    """Deals the points that means lost to metrics, by the weights that `RollUp` applies.

    Parameters
    ----------
    scorecard : Scorecard
    """

    def __init__(self, scorecard: Scorecard) -> None:
        self._names = [metric.name for metric in scorecard.metrics]
        self._number = {name: number for number, name in enumerate(self._names)}
        self._top = scorecard.components
        self._nodes = scorecard.all_components
        self._zero = scorecard.missing == "zero"
        self._maximum = scorecard.scale.maximum
        means = len(self._nodes) + 1
        self._keys = scorecard.score_names[-means:]
        # Most accounts have a score for the same metrics.
        self._all_weights = lru_cache(maxsize=256)(self._weights_of_all)

    def deal(self, scores: Sequence[float], means: Sequence[float]) -> list[PointsLost]:
        """Deal one account's points.

        Parameters
        ----------
        scores : sequence of float
            Of every metric, in the order of the scorecard's; NaN means "no score".
        means : sequence of float
            Of every component, children before their parents, and the global score last.

        Returns
        -------
        list of PointsLost
            In the order of `means`.
        """
        known = tuple(score == score for score in scores)  # not NaN
        all_weights = self._all_weights(known)
        lost = []
        for key, mean, weights in zip(self._keys, means, all_weights, strict=True):
            if mean != mean:
                lost.append(PointsLost(key, None, None, ()))
                continue
            drivers = self._drivers(scores, weights)
            lost.append(PointsLost(key, mean, self._maximum - mean, drivers))
        return lost

    def _drivers(self, scores: Sequence[float], weights: _Weights) -> tuple[Driver, ...]:
        drivers = []
        for number, weight in weights:
            score = scores[number]
            known = score == score
            lost = weight * (self._maximum - score if known else self._maximum)
            drivers.append(Driver(self._names[number], weight, score if known else None, lost))
        drivers.sort(key=_most_lost_first)
        return tuple(drivers)

    def _weights_of_all(self, known: tuple[bool, ...]) -> list[_Weights]:
        """Give the weights of every mean, for accounts that have a score for these metrics."""
        found: dict[str, _Weights] = {}
        for node in self._nodes:
            numbers = [self._number[name] for name in node.metrics]
            metrics: list[_Child] = [
                (((number, 1.0),), weight, known[number])
                for number, weight in zip(numbers, node.metrics.values(), strict=True)
            ]
            below = self._below(node.components, found, known)
            found[node.name] = self._applied([*metrics, *below])
        whole = self._applied(self._below(self._top, found, known))
        return [*(found[node.name] for node in self._nodes), whole]

    def _below(
        self, nodes: Sequence[Component], found: dict[str, _Weights], known: tuple[bool, ...]
    ) -> list[_Child]:
        return [
            (found[node.name], node.weight, any(known[n] and w > 0 for n, w in found[node.name]))
            for node in nodes
        ]

    def _applied(self, children: Sequence[_Child]) -> _Weights:
        """Multiply the children's weights by their own, as the policy for missing ones says."""
        total = sum(weight for _, weight, known in children if known or self._zero)
        return tuple(
            (number, share * (weight / total if known or self._zero else 0.0))
            if total > 0
            else (number, 0.0)
            for weights, weight, known in children
            for number, share in weights
        )


def _most_lost_first(driver: Driver) -> tuple[float, float]:
    # Rounded, or the last bits of equal losses would decide.
    return -round(driver.points_lost, 9), -driver.weight
