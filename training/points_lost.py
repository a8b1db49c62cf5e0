"""Which metric cost how many points of the global score, for many accounts at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.coverage import Coverage
from serving.scoring.scorecard import Component
from serving.scoring.scorer import Scorer, Scores
from serving.scoring.signals.signal import Status

_Floats = NDArray[np.float64]


def points_lost(scorer: Scorer, scores: Scores) -> dict[str, _Floats]:
    """Deal what global scores lack to the maximum to the metrics, by the weights that applied.

    Returns
    -------
    dict of str to ndarray of shape (n_accounts,)
        By metric, on the scale. The global score plus all of them is the maximum, to 1e-9; where
        there is no global score they mean nothing.
    """
    return dict(_Dealt(scorer, scores).down(scorer.scorecard.components, None, None))


class _Dealt:
    def __init__(self, scorer: Scorer, scores: Scores) -> None:
        card = scorer.scorecard
        self._maximum = card.scale.maximum
        self._accounts = len(scores.values)
        place = {key: number for number, key in enumerate(scorer.outputs)}
        keys = [place[key] for key in scorer.metric_keys]
        self._scores = {
            metric.name: scores.values[:, key]
            for metric, key in zip(card.metrics, keys, strict=True)
        }
        # A metric and a component may have one name.
        self._metric_counts = {name: ~np.isnan(score) for name, score in self._scores.items()}
        self._component_counts = {
            node.name: ~np.isnan(scores.values[:, place[f"{node.name}_component_score"]])
            for node in card.all_components
        }
        if card.missing == "zero":
            self._count_what_applies(scorer, scores)

    def _count_what_applies(self, scorer: Scorer, scores: Scores) -> None:
        """Count what has no score though it applies, as the policy ``zero`` does."""
        statuses = [*scores.statuses.T]
        names = [*self._metric_counts]
        covered = Coverage(scorer.scorecard, names).of(statuses)
        applies = [each != Status.NOT_APPLICABLE for each in statuses]
        self._metric_counts = dict(zip(names, applies, strict=True))
        shares = zip(self._component_counts, covered, strict=False)
        self._component_counts = {name: ~np.isnan(each.share) for name, each in shares}

    def down(
        self, nodes: Sequence[Component], parent: Component | None, applied: _Floats | None
    ) -> Iterator[tuple[str, _Floats]]:
        """Go through what stands below a mean, whose own applied weight is `applied`."""
        share = np.ones(self._accounts) if applied is None else applied
        metrics = parent.metrics if parent is not None else {}
        weights = self._applied(
            [
                *(weight * self._metric_counts[name] for name, weight in metrics.items()),
                *(node.weight * self._component_counts[node.name] for node in nodes),
            ],
            share,
        )
        for name, weight in zip(metrics, weights, strict=False):
            yield name, weight * (self._maximum - np.nan_to_num(self._scores[name], nan=0.0))
        for node, weight in zip(nodes, weights[len(metrics) :], strict=True):
            yield from self.down(node.components, node, weight)

    @staticmethod
    def _applied(own: Sequence[_Floats], share: _Floats) -> list[_Floats]:
        """Give the children's weights as `RollUp` applies them, multiplied down the tree."""
        total = np.sum(own, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return [np.where(total > 0, share * each / total, 0.0) for each in own]
