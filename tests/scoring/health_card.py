"""The eight-component health score of the worked examples, as a tree, and accounts of it."""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact
from serving.scoring.contradictions.as_stored import stored_metric
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.scorer import Scorer

#: What the components weigh, and what they score in the worked example; None: not in the cohort.
WEIGHTS = {
    "churn": 30, "usage": 15, "cadence": 15, "onboarding": 10,
    "insider": 10, "qbr": 10, "pipeline": 5, "tenure": 5,
}  # fmt: skip
WORKED: dict[str, float | None] = {
    "churn": 80, "usage": 60, "cadence": 40, "onboarding": 100,
    "insider": None, "qbr": 0, "pipeline": 50, "tenure": 100,
}  # fmt: skip
BANDS = {"Healthy": 75, "Watch": 50, "At Risk": 25, "Critical": 0}

#: The same components by the facts they are made of.
KINDS: dict[str, dict[str, Any]] = {
    "churn": {"kind": "linear", "input": "safety", "best": 100, "worst": 0},
    "usage": {
        "kind": "tier",
        "input": "usage_tier",
        "scores": {"power": 100, "high": 75, "medium": 50, "low": 25, "none": 0},
    },
    "cadence": {
        "kind": "recency", "input": "last_health_check", "linear": {30: 100, 120: 0},
    },
    "onboarding": {
        "kind": "indicator", "type": "named", "input": "onboarding_result",
        "names": {"on_time": 100, "late": 50, "missed": 0, "open": None},
    },
    "insider": {
        "kind": "recency", "input": "last_insider_call", "cohort": "insider_program",
        "steps": {30: 100, 90: 50}, "never": 0,
    },
    "qbr": {"kind": "recency", "input": "last_qbr", "steps": {90: 100, 180: 50}, "never": 0},
    "pipeline": {
        "kind": "ratio", "numerator": "pipeline_moving", "denominator": "pipeline_open",
    },
    "tenure": {"kind": "linear", "input": "tenure_months", "best": 36, "worst": 0},
}  # fmt: skip

#: Facts that make the worked example, but for usage, which has no label of 60 points.
FACTS = {
    "safety": 80.0, "usage_tier": "medium", "last_health_check": 84.0,
    "onboarding_result": "on_time", "last_insider_call": np.nan, "insider_program": False,
    "last_qbr": 200.0, "pipeline_moving": 5.0, "pipeline_open": 10.0, "tenure_months": 40.0,
}  # fmt: skip


def make_tree_of(metrics: dict[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A resolved tree of these metrics, each in a component of its own."""
    components = {
        name: {"weight": weight, "metrics": {name: 1}, "label": f"{name} (component)"}
        for name, weight in WEIGHTS.items()
        if name in metrics
    }
    tree = {
        "schema": "scorecard/v1",
        "id": "account-health",
        "scale": {"type": "zero_to_100"},
        "missing": "skip",
        "peer_dimensions": [],
        "metrics": {name: stored_metric(body) for name, body in metrics.items()},
        "components": components,
        "bands": BANDS,
        "coverage": {"minimum": 0.5},
        "drivers": {"top": 3},
    }
    return copy.deepcopy(tree | changes)


def make_points_tree(**changes: Any) -> dict[str, Any]:
    """Every component is worth what its input says; `insider` is for a cohort."""
    metrics = {
        name: {"kind": "linear", "input": f"{name}_points", "best": 100, "worst": 0}
        for name in WEIGHTS
    }
    metrics["insider"]["cohort"] = "insider_program"
    metrics["qbr"]["label"] = "QBR overdue"
    metrics["cadence"]["label"] = "Health-check cadence"
    return make_tree_of(metrics, **changes)


def make_absolute_scorer(tree: dict[str, Any], **parts: Any) -> Scorer:
    card = scorecard_from_dict(tree)
    whole = {"tables": None, "golden": {}, "manifest": {}, "version": ""} | parts
    return Scorer(Artifact(scorecard=card, inputs=card.inputs, **whole))


def points_account(scorer: Scorer, **changes: float | None) -> NDArray[np.float64]:
    """The worked example with other points; None for `insider` is outside the cohort."""
    points = WORKED | changes
    row: dict[str, list[Any]] = {f"{name}_points": [points[name]] for name in WEIGHTS}
    row["insider_program"] = [points["insider"] is not None]
    return scorer.encode(row)


def facts_account(scorer: Scorer, **changes: Any) -> NDArray[np.float64]:
    """An account by its facts; dates are given as days."""
    facts = FACTS | changes
    row = []
    for entry in scorer.inputs:
        value = facts[entry.name]
        known = isinstance(value, str)
        row.append(float(entry.categories.index(value)) if known else float(value))
    return np.array([row])
