"""What is told of one account's metrics, with what raises those that have a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from serving.scoring.explanation import AnyMetric
from serving.scoring.raising import Raiser


class ExplainedMetrics(NamedTuple):
    """One account's metrics: those compared with peers, or the absolute ones.

    Attributes
    ----------
    metrics : sequence of MetricExplanation or SignalExplanation
        In the order of the scorecard's `peer_metrics` or `absolute_metrics`.
    raisers : mapping of str to Raiser
        By name, what raises those that have a score.
    """

    metrics: Sequence[AnyMetric]
    raisers: Mapping[str, Raiser]
