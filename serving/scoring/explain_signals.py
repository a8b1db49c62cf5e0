"""Explains absolute metrics: what was read, what it is worth, and what the next point takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.absolute import AbsoluteMetric
from serving.scoring.column import Input
from serving.scoring.explained_metrics import ExplainedMetrics
from serving.scoring.explanation import SignalExplanation, SignalGoal
from serving.scoring.goals import ScoreSteps
from serving.scoring.labels import metric_labels
from serving.scoring.many_accounts import ManyAccounts
from serving.scoring.raising import PointScale, SignalRaiser
from serving.scoring.signals.signal import Judged, Status


class SignalExplainer:
    """Explains absolute scores. Immutable; safe to share by threads.

    Parameters
    ----------
    many : ManyAccounts
    keys : mapping of str to str
        The key of each metric's score.
    """

    def __init__(self, many: ManyAccounts, keys: Mapping[str, str]) -> None:
        card = many.scorecard
        self._keys = keys
        self._labels = metric_labels(card)
        self._scale = PointScale(card.scale)
        self._steps = ScoreSteps(card.scale)
        self._metrics = [
            (metric, judge, columns)
            for metric, (_, judge, columns) in zip(
                card.absolute_metrics, many.absolute, strict=True
            )
        ]

    def explain(
        self, accounts: NDArray[np.float64], bands: Sequence[float]
    ) -> Iterator[ExplainedMetrics]:
        """Explain accounts one after the other.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
        bands : sequence of float
            Thresholds; see `Scorer.explain`.
        """
        judged = [
            judge([accounts[:, column] for column in columns])
            for _, judge, columns in self._metrics
        ]
        for row, account in enumerate(accounts.tolist()):
            yield self._one(account, row, judged, bands)

    def _one(
        self,
        account: Sequence[float],
        row: int,
        judged: Sequence[Judged],
        bands: Sequence[float],
    ) -> ExplainedMetrics:
        metrics, raisers = [], {}
        for (metric, _, columns), (points, statuses) in zip(self._metrics, judged, strict=True):
            values = [account[column] for column in columns]
            own = float(points[row])
            raiser = None
            if own == own:  # not NaN
                count = len(metric.signal.inputs)
                raiser = SignalRaiser(metric, self._scale, values[:count], own)
                raisers[metric.name] = raiser
            status = Status(int(statuses[row]))
            metrics.append(self._metric(metric, values, status, raiser, bands))
        return ExplainedMetrics(metrics, raisers)

    def _metric(
        self,
        metric: AbsoluteMetric,
        values: Sequence[float],
        status: Status,
        raiser: SignalRaiser | None,
        bands: Sequence[float],
    ) -> SignalExplanation:
        score = point = band = None
        if raiser is not None:
            score = self._scale.score(raiser.points)
            point = _goal(raiser, self._steps.next(score))
            band = _goal(raiser, next((each for each in bands if each > score), None))
        return SignalExplanation(
            metric=metric.name,
            key=self._keys[metric.name],
            kind=metric.kind,
            label=self._labels[metric.name],
            product=metric.product,
            status=status.name.lower(),
            inputs={
                column.name: _as_known(column, value)
                for column, value in zip(metric.inputs, values, strict=True)
            },
            points=None if raiser is None else raiser.points,
            score=score,
            next_point=point,
            next_band=band,
        )


def _goal(raiser: SignalRaiser, target: float | None) -> SignalGoal | None:
    raised = None if target is None else raiser.reach(target)
    if target is None or raised is None:
        return None
    return SignalGoal(target, raised.input, raised.value, raised.score, raised.text)


def _as_known(column: Input, value: float) -> float | str | bool | None:
    """Give a value as people know it, instead of as the scorer takes it."""
    if math.isnan(value):
        return None
    if column.type == "category":
        # A code without a category is of a label that nobody knows.
        known = 0.0 <= value < len(column.categories)
        return column.categories[int(value)] if known else None
    return bool(value) if column.type == "boolean" else value
