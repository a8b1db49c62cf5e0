"""JSON Schemas of explanations, for one model."""

from __future__ import annotations

from serving.inference.openapi_schemas import Schema, closed, list_of, ref
from serving.inference.served_model import ServedModel
from serving.scoring import Flag
from serving.scoring.goals import STATUSES


def explanation_schemas(model: ServedModel) -> dict[str, Schema]:
    """Give the named schemas of `POST /explain`'s answers."""
    scorer = model.scorer
    metrics = [metric.name for metric in scorer.scorecard.peer_metrics]
    maximum = scorer.scorecard.scale.maximum
    return {
        "Goal": closed(
            {
                "target": _NUMBER_OR_NULL,
                "value": _said(
                    _NUMBER_OR_NULL,
                    "The smallest value that brings the target (the largest, where lower is "
                    "better); null if none does.",
                ),
                "score": _said(_NUMBER_OR_NULL, "The score that this value has."),
                "status": _said(
                    {"enum": list(STATUSES)},
                    "; ".join(f"{word}: {meaning}" for word, meaning in STATUSES.items()),
                ),
            }
        ),
        "MetricExplanation": closed(
            {
                "metric": {"enum": metrics},
                "key": {"enum": list(scorer.metric_keys)},
                "value": _NUMBER_OR_NULL,
                "rank": _said(_SHARE, "Among the account's peers; 1 is best."),
                "rank_low": _said(
                    _SHARE,
                    "Lower end of an interval: endlessly many peers would rank the value within "
                    "it, nine times of ten.",
                ),
                "rank_high": _said(_SHARE, "Upper end."),
                "effective_peers": {"type": "number", "minimum": 0},
                "peer_quartiles": _said(
                    {"type": ["array", "null"], "items": _NUMBER, "minItems": 3, "maxItems": 3},
                    "Lower quartile, median, upper quartile of this account's peers.",
                ),
                "unrounded": _said(_NUMBER_OR_NULL, "The score before it is rounded."),
                "score": _NUMBER_OR_NULL,
                "higher_is_better": {"type": "boolean"},
                "whole_numbers": {"type": "boolean"},
                "next_point": ref("Goal"),
                "next_band": {"anyOf": [ref("Goal"), {"type": "null"}]},
            }
        ),
        "Driver": closed(
            {
                "metric": {"enum": metrics},
                "weight": _said(_NUMBER, "As applied; all of a score's add up to 1."),
                "score": _NUMBER_OR_NULL,
                "points_lost": _said(
                    _NUMBER, f"The score and all points lost add up to {maximum:g}."
                ),
            }
        ),
        "PointsLost": closed(
            {
                "key": {"enum": list(scorer.outputs[len(metrics) : -1])},
                "score": _NUMBER_OR_NULL,
                "points_lost": _NUMBER_OR_NULL,
                "drivers": _said(list_of(ref("Driver")), "Whoever lost most comes first."),
            }
        ),
        "Explanation": closed(
            {
                "maximum": {"const": maximum},
                "metrics": list_of(ref("MetricExplanation")),
                "components": list_of(ref("PointsLost")),
                "overall": ref("PointsLost"),
                "flags": list_of({"enum": [str(flag.name).lower() for flag in Flag]}),
            }
        ),
        "Explanations": closed(
            {"explanations": list_of({"anyOf": [ref("Explanation"), {"type": "null"}]})}
        ),
    }


def _said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_NUMBER: Schema = {"type": "number"}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
