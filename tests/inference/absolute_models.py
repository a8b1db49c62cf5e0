"""A card of absolute metrics, made by hand: served without a fit, every number in sight."""

from typing import Any

from serving.inference.served_model import ServedModel
from serving.scoring.artifact import Artifact
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.scorer import Scorer

VERSION = "0" * 32

#: One account by name: everything known, nothing lost but half of the licences.
ACCOUNT: dict[str, Any] = {
    "bought": 200,
    "event_monitoring": True,
    "in_program": True,
    "last_call": "2026-03-01",
    "tier": "gold",
    "used": 100,
}


def make_tree(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "scorecard/v1",
        "id": "absolute",
        "scale": {"type": "zero_to_100"},
        "missing": "skip",
        "peer_dimensions": [],
        "bands": {"Healthy": 75, "Watch": 50, "Critical": 0},
        "coverage": {"minimum": 0.5},
        "metrics": {
            "activation": {
                "kind": "ratio",
                "numerator": "used",
                "denominator": "bought",
                "share": None,
                "label": "Licenses in use",
                "product": "Service Cloud",
            },
            "plan": {
                "kind": "tier",
                "input": "tier",
                "scores": {"gold": 100.0, "iron": 20.0, "trial": None},
            },
            "calls": {
                "kind": "recency",
                "input": "last_call",
                "steps": [[30.0, 100.0], [90.0, 50.0]],
                "otherwise": 0.0,
                "linear": None,
                "never": None,
                "cohort": "in_program",
                "product": "Service Cloud",
            },
            "monitoring": {
                "kind": "indicator",
                "type": "binary",
                "input": "event_monitoring",
                "steps": None,
                "names": None,
                "product": "Shield",
            },
        },
        "components": {
            "adoption": {
                "weight": 3,
                "label": "Product Adoption",
                "metrics": {"activation": 2, "plan": 1},
            },
            "expertise": {"weight": 1, "metrics": {"calls": 1}},
            "technical": {
                "weight": 1,
                "label": "Technical Health",
                "metrics": {},
                "components": {
                    "observability": {"weight": 1, "metrics": {"monitoring": 1}},
                },
            },
        },
    } | changes


def make_scorer(**changes: Any) -> Scorer:
    card = scorecard_from_dict(make_tree(**changes))
    golden = {"inputs": [[200.0, 1.0, 1.0, 10.0, 0.0, 100.0]]}
    return Scorer(
        Artifact(
            scorecard=card,
            inputs=card.inputs,
            tables=None,
            golden=golden,
            manifest={},
            version=VERSION,
        )
    )


def make_model(*, extras: tuple[str, ...] = (), **changes: Any) -> ServedModel:
    return ServedModel(make_scorer(**changes), extras=extras)
