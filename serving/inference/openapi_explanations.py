"""JSON Schemas of explanations, for one model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.inference.openapi_explained_metrics import (
    NUMBER,
    NUMBER_OR_NULL,
    SHARE,
    TEXT_OR_NULL,
    explained_metric_schemas,
    or_null,
    said,
)
from serving.inference.openapi_schemas import Schema, closed, list_of, ref
from serving.inference.served_model import ServedModel
from serving.scoring import Flag, next_band, overlay
from serving.scoring.scorecard import Scorecard


def explanation_schemas(model: ServedModel) -> dict[str, Schema]:
    """Give the named schemas of `POST /explain`'s answers."""
    scorer = model.scorer
    card = scorer.scorecard
    explained = explained_metric_schemas(scorer)
    kinds = [ref(name) for name in explained if name.endswith("Explanation")]
    return {
        **explained,
        **_points_lost(card, [*scorer.outputs[len(card.metrics) : -1]]),
        **_next_band(card),
        **_peers(card),
        "Explanation": closed(
            {
                "maximum": {"const": card.scale.maximum},
                "metrics": list_of(kinds[0] if len(kinds) == 1 else {"anyOf": kinds}),
                "components": list_of(ref("PointsLost")),
                "overall": ref("PointsLost"),
                "flags": list_of({"enum": [str(flag.name).lower() for flag in Flag]}),
                "band": said(
                    {"enum": [*(band.name for band in card.bands), None]},
                    "Of the global score; null without a score.",
                ),
                "next_band": or_null("NextBand") if card.bands else _NULL,
                "peers": ref("Peers") if card.overlay else _NULL,
            }
        ),
        "Explanations": closed({"explanations": list_of(or_null("Explanation"))}),
    }


def _points_lost(card: Scorecard, keys: list[str]) -> dict[str, Schema]:
    maximum = card.scale.maximum
    return {
        "Driver": closed(
            {
                "metric": _metrics(card),
                "label": _LABEL,
                "product": TEXT_OR_NULL,
                "weight": said(NUMBER, "As applied; all of a score's add up to 1."),
                "score": NUMBER_OR_NULL,
                "points_lost": said(
                    NUMBER, f"The score and all points lost add up to {maximum:g}."
                ),
            }
        ),
        "PointsLost": closed(
            {
                "key": {"enum": keys},
                "score": NUMBER_OR_NULL,
                "points_lost": NUMBER_OR_NULL,
                "coverage": said(
                    SHARE,
                    "The weight that has scores over the weight that applies; null where nothing "
                    "applies.",
                ),
                "reason": said(
                    {"enum": ["insufficient_coverage", "not_applicable", None]},
                    "Why there is no score.",
                ),
                "drivers": said(list_of(ref("Driver")), "Whoever lost most comes first."),
            }
        ),
    }


def _next_band(card: Scorecard) -> dict[str, Schema]:
    if not card.bands:
        return {}
    changed: dict[str, Schema] = {
        "metric": _metrics(card),
        "label": _LABEL,
        "input": {"type": "string"},
        "value": said(
            {"type": ["number", "string", "boolean", "null"]},
            "A number, a category or true or false; for a date the most days it may lie back.",
        ),
        "score": said(NUMBER, "The metric's then."),
        "text": {"type": "string"},
        "usual": said({"type": "boolean"}, "False where 95 % of the peers do not get there."),
    }
    alone: dict[str, Schema] = {
        "metric": _metrics(card),
        "label": _LABEL,
        "product": TEXT_OR_NULL,
        "score": NUMBER,
        "needed": said(NUMBER_OR_NULL, "The metric's score that is enough, all others as is."),
        "status": said({"enum": [*next_band.STATUSES]}, _meanings(next_band.STATUSES)),
        "change": said(or_null("Raised"), "The least one that is enough."),
        "global_score": said(NUMBER_OR_NULL, "With that change."),
        "best": said(NUMBER, "The highest global score of the values tried of its inputs."),
    }
    together: dict[str, Schema] = {
        "changes": list_of(ref("Raised")),
        "global_score": said(NUMBER, "With all of them."),
        "reached": {"type": "boolean"},
    }
    return {
        "Raised": closed(changed),
        "Alone": closed(alone),
        "Together": closed(together),
        "NextBand": closed(
            {
                "band": {"enum": [*(band.name for band in card.bands), None]},
                "target": NUMBER,
                "alone": said(list_of(ref("Alone")), "What each metric can do by itself."),
                "together": said(
                    or_null("Together"),
                    "The fewest metrics that reach it; null where one alone does.",
                ),
            }
        ),
    }


def _peers(card: Scorecard) -> dict[str, Schema]:
    if card.overlay is None:
        return {}
    pair: Schema = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
    sizes = closed(dict.fromkeys(card.overlay.dimensions, pair))
    return {
        "Peers": closed(
            {
                "status": said({"enum": [*overlay.STATUSES]}, _meanings(overlay.STATUSES)),
                "minimum_group": {"const": card.overlay.minimum_group},
                "accounts": said(
                    {"type": ["integer", "null"], "minimum": card.overlay.minimum_group},
                    "How many accounts the figures are of.",
                ),
                "sizes": said(
                    {"anyOf": [sizes, _NULL]}, "From about where to about where these lie."
                ),
                "quartiles": {
                    "type": ["array", "null"], "items": NUMBER, "minItems": 3, "maxItems": 3
                },
                "percentile": said(SHARE, "The share of them with a lower global score."),
                "percentile_low": SHARE,
                "percentile_high": SHARE,
            }
        )
    }  # fmt: skip


def _metrics(card: Scorecard) -> Schema:
    return {"enum": [metric.name for metric in card.metrics]}


def _meanings(words: Mapping[Any, str]) -> str:
    return "; ".join(f"{word}: {meaning}" for word, meaning in words.items())


_NULL: Schema = {"type": "null"}
_LABEL: Schema = {"type": "string", "description": "What people call it."}
