"""A resolved tree of absolute metrics, one of each kind, as an artifact stores it."""

import copy
from typing import Any

_ALLOW = ["indicator.binary"]
_TREE: dict[str, Any] = {
    "schema": "scorecard/v1",
    "id": "health",
    "scale": {"type": "zero_to_100", "step": None},
    "missing": "skip",
    "peer_dimensions": [{"name": "size", "type": "number"}],
    "metrics": {
        "seats": {"kind": "ratio", "numerator": "used", "denominator": "bought", "share": None},
        "orders": {
            "kind": "growth",
            "current": "orders_now",
            "base": "lag_12m",
            "min_months": 12,
            "baseline": 50.0,
        },
        "monitored": {
            "kind": "indicator",
            "type": "binary",
            "input": "on",
            "steps": None,
            "names": None,
        },
        "qbr": {
            "kind": "recency",
            "input": "last_qbr",
            "steps": [[90.0, 100.0], [180.0, 50.0]],
            "otherwise": 0.0,
            "linear": None,
            "never": None,
            "label": "QBR overdue",
            "product": "Service",
            "cohort": "insider",
            "as_of": "noted",
            "max_age_days": 30.0,
        },
        "pages": {"kind": "linear", "input": "page_ms", "best": 1000.0, "worst": 5000.0},
        "usage": {"kind": "tier", "input": "tier", "scores": {"high": 100.0, "none": None}},
        "alerts": {"kind": "penalty", "deductions": {"alerts_90d": 15.0}},
        "churn": {"kind": "learned_risk", "model": "m2", "inputs": ["logins"]},
    },
    "components": {
        "adoption": {
            "weight": 60.0,
            "label": "Adoption",
            "coverage": {"minimum": 0.5},
            "metrics": {"seats": 1.0, "orders": 1.0, "usage": 1.0, "churn": 1.0, "qbr": 1.0},
        },
        "technical": {
            "weight": 40.0,
            "metrics": {"pages": 1.0, "alerts": 1.0},
            "allow": {"observability": _ALLOW},
            "components": {
                "observability": {"weight": 1.0, "metrics": {"monitored": 1.0}, "allow": _ALLOW}
            },
        },
    },
    "weights_total": 100.0,
    "bands": {"Healthy": 75.0, "Critical": 0.0},
    "coverage": {"minimum": 0.5},
    "drivers": {"top": 3},
    "peers": {"dimensions": ["size"], "minimum_group": 10},
    "events": {"bought": {"event": "purchase", "take": "sum", "months": 12}},
}


def absolute_tree() -> dict[str, Any]:
    """A tree of its own for each caller."""
    return copy.deepcopy(_TREE)


def with_other(path: str, value: Any) -> dict[str, Any]:
    """The tree with another value at `path`, whose keys are apart by slashes."""
    tree = absolute_tree()
    *way, last = path.split("/")
    branch = tree
    for key in way:
        branch = branch[key]
    branch[last] = value
    return tree
