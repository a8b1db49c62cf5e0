"""A model as the container serves it: the scorer, and what is worked out once for all requests."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from serving.inference.ranges import TrainingRanges
from serving.inference.scoring_metrics import ScoringMetrics
from serving.inference.wire.columns import Columns
from serving.inference.wire.predictions import Predictions
from serving.scoring import Scorer


class ServedModel:
    """A scorer with its place on the wire. Immutable but for its metrics.

    Parameters
    ----------
    scorer : Scorer
    outputs : sequence of str
        Keys to give instead of all.
    extras : collection of str
        Words of `EXTRAS`: what predictions hold beside the scores.
    metrics : ScoringMetrics, optional
        Count what is scored.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        outputs: Sequence[str] = (),
        extras: Collection[str] = (),
        metrics: ScoringMetrics | None = None,
    ) -> None:
        self.scorer = scorer
        self.columns = Columns(scorer.inputs)
        self.predictions = Predictions(scorer, outputs=outputs, extras=extras)
        self.ranges = TrainingRanges(scorer)
        self.metrics = metrics

    @property
    def version(self) -> str:
        """The artifact's version."""
        return self.scorer.artifact.version
