"""What people call metrics."""

from __future__ import annotations

from serving.scoring.scorecard import Scorecard


def metric_labels(scorecard: Scorecard) -> dict[str, str]:
    """Give what people call each metric.

    That is its own label; else the label of its component, where it is all that the component
    holds; else its name.
    """
    alone = {
        name: node.label
        for node in scorecard.all_components
        for name in node.metrics
        if len(node.metrics) == 1 and not node.components
    }
    return {
        metric.name: metric.label or alone.get(metric.name) or metric.name
        for metric in scorecard.metrics
    }
