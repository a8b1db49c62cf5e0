"""Which metric cost how many points of the global score, for many accounts at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.scorecard import Component
from serving.scoring.scorer import Scorer, Scores

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
        place = {key: number for number, key in enumerate(scorer.outputs)}
        keys = zip(card.metrics, scorer.metric_keys, strict=True)
        self._metrics = {metric.name: scores.values[:, place[key]] for metric, key in keys}
        self._components = {
            node.name: scores.values[:, place[f"{node.name}_component_score"]]
            for node in card.all_components
        }
        self._zero = card.missing == "zero"
        self._maximum = card.scale.maximum
        self._accounts = len(scores.values)

    def down(
        self, nodes: Sequence[Component], parent: Component | None, applied: _Floats | None
    ) -> Iterator[tuple[str, _Floats]]:
        """Go through what stands below a mean, whose own applied weight is `applied`."""
        share = np.ones(self._accounts) if applied is None else applied
        metrics = parent.metrics if parent is not None else {}
        children = [
            *((weight, self._metrics[name]) for name, weight in metrics.items()),
            *((node.weight, self._components[node.name]) for node in nodes),
        ]
        weights = self._applied(children, share)
        for (name, _), weight in zip(metrics.items(), weights, strict=False):
            score = np.nan_to_num(self._metrics[name], nan=0.0)
            yield name, weight * (self._maximum - score)
        for node, weight in zip(nodes, weights[len(metrics) :], strict=True):
            yield from self.down(node.components, node, weight)

    def _applied(self, children: Sequence[tuple[float, _Floats]], share: _Floats) -> list[_Floats]:
        """Give the children's weights as `RollUp` applies them, multiplied down the tree."""
        own = [
            np.full(self._accounts, weight) if self._zero else weight * ~np.isnan(score)
            for weight, score in children
        ]
        total = np.sum(own, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return [np.where(total > 0, share * each / total, 0.0) for each in own]
