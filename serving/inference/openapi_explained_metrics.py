"""JSON Schemas of what an explanation says of a metric."""

from __future__ import annotations

from serving.inference.openapi_schemas import Schema, closed, ref
from serving.scoring import Scorer
from serving.scoring.goals import STATUSES
from serving.scoring.signals.signal import MAX_POINTS, Status

NUMBER: Schema = {"type": "number"}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_ANY_VALUE: Schema = {"type": ["number", "string", "boolean", "null"]}


def explained_metric_schemas(scorer: Scorer) -> dict[str, Schema]:
    """Give the schemas of the kinds of metrics that the scorecard has, and what they refer to."""
    card = scorer.scorecard
    keys = dict(zip([metric.name for metric in card.metrics], scorer.metric_keys, strict=True))
    peer = [metric.name for metric in card.peer_metrics]
    absolute = [metric.name for metric in card.absolute_metrics]
    schemas: dict[str, Schema] = {}
    if peer:
        common = _common(peer, [keys[name] for name in peer], ["peer"])
        schemas |= {"Goal": _goal(), "MetricExplanation": closed({**common, **_compared()})}
    if absolute:
        kinds = sorted({metric.kind for metric in card.absolute_metrics})
        common = _common(absolute, [keys[name] for name in absolute], kinds)
        schemas |= {
            "SignalGoal": _signal_goal(),
            "SignalExplanation": closed({**common, **_absolute()}),
        }
    return schemas


def said(schema: Schema, description: str) -> Schema:
    """Add a description."""
    return {**schema, "description": description}


def or_null(name: str) -> Schema:
    """Refer to a schema that may be null instead."""
    return {"anyOf": [ref(name), {"type": "null"}]}


def _common(names: list[str], keys: list[str], kinds: list[str]) -> dict[str, Schema]:
    return {
        "metric": {"enum": names},
        "key": {"enum": keys},
        "kind": {"enum": kinds},
        "label": said({"type": "string"}, "What people call it."),
        "product": TEXT_OR_NULL,
        "status": said(
            {"enum": [status.name.lower() for status in Status]},
            "Why it has its score, or has none.",
        ),
    }


def _compared() -> dict[str, Schema]:
    return {
        "value": NUMBER_OR_NULL,
        "rank": said(SHARE, "Among the account's peers; 1 is best."),
        "rank_low": said(
            SHARE,
            "Lower end of an interval: endlessly many peers would rank the value within "
            "it, nine times of ten.",
        ),
        "rank_high": said(SHARE, "Upper end."),
        "effective_peers": {"type": "number", "minimum": 0},
        "peer_quartiles": said(
            {"type": ["array", "null"], "items": NUMBER, "minItems": 3, "maxItems": 3},
            "Lower quartile, median, upper quartile of this account's peers.",
        ),
        "unrounded": said(NUMBER_OR_NULL, "The score before it is rounded."),
        "score": NUMBER_OR_NULL,
        "higher_is_better": {"type": "boolean"},
        "whole_numbers": {"type": "boolean"},
        "next_point": ref("Goal"),
        "next_band": or_null("Goal"),
    }


def _absolute() -> dict[str, Schema]:
    return {
        "inputs": said(
            {"type": "object", "additionalProperties": _ANY_VALUE},
            "Column to value: a number, a category, true or false, days before the scoring date.",
        ),
        "points": said(
            {**NUMBER_OR_NULL, "minimum": 0, "maximum": MAX_POINTS},
            f"0 to {MAX_POINTS:g}, before they are put on the scale.",
        ),
        "score": NUMBER_OR_NULL,
        "next_point": said(
            or_null("SignalGoal"), "Null where no value of a single input is known to bring it."
        ),
        "next_band": or_null("SignalGoal"),
    }


def _goal() -> Schema:
    return closed(
        {
            "target": NUMBER_OR_NULL,
            "value": said(
                NUMBER_OR_NULL,
                "The smallest value that brings the target (the largest, where lower is "
                "better); null if none does.",
            ),
            "score": said(NUMBER_OR_NULL, "The score that this value has."),
            "status": said(
                {"enum": list(STATUSES)},
                "; ".join(f"{word}: {meaning}" for word, meaning in STATUSES.items()),
            ),
        }
    )


def _signal_goal() -> Schema:
    return closed(
        {
            "target": NUMBER,
            "input": said({"type": "string"}, "The column that would have to be another."),
            "value": said(
                _ANY_VALUE, "The least change; for a date the most days it may lie back."
            ),
            "score": said(NUMBER, "The score that this value has."),
            "text": said({"type": "string"}, "The same for people."),
        }
    )
