"""Scorecards with absolute metrics, and folders of made-up accounts for them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

#: Two absolute kinds that need no model, in two components; weights sum to 100.
HEALTH: dict[str, Any] = {
    "schema": "scorecard/v1",
    "id": "health",
    "scale": {"type": "zero_to_100"},
    "missing": "skip",
    "weights_total": 100,
    "bands": {"Healthy": 75, "Watch": 50, "At Risk": 25, "Critical": 0},
    "metrics": {
        "activation": {"kind": "ratio", "numerator": "active", "denominator": "bought"},
        "usage": {"kind": "tier", "input": "usage_tier",
                  "scores": {"high": 100, "medium": 50, "low": 0}},
        "qbr": {"kind": "recency", "input": "last_qbr", "steps": {90: 100, 180: 50}, "never": 0},
        "insider": {"kind": "indicator", "type": "binary", "input": "insider_call",
                    "cohort": "insider_program"},
    },
    "components": {
        "adoption": {"weight": 60, "metrics": {"activation": 1, "usage": 1}},
        "care": {"weight": 40, "metrics": {"qbr": 3, "insider": 1}},
    },
}  # fmt: skip

#: The same with two metrics that are compared with peers, a model of risk, and a comparison beside
#: the score.
MIXED: dict[str, Any] = {
    **HEALTH,
    "id": "mixed",
    "peer_dimensions": ["acct_age", "acct_size"],
    "peers": {"dimensions": ["acct_size"], "minimum_group": 20},
    "metrics": {**HEALTH["metrics"], "macro": {"kind": "peer"}, "bots": {"kind": "peer"},
                "churn": {"kind": "learned_risk", "model": "churn",
                          "inputs": ["tenure", "logins"]}},
    "components": {
        "adoption": {"weight": 40, "metrics": {"activation": 1, "usage": 1}},
        "care": {"weight": 40, "metrics": {"qbr": 3, "insider": 1}},
        "auto": {"weight": 10, "metrics": {"macro": 1, "bots": 1}},
        "risk": {"weight": 10, "metrics": {"churn": 1}},
    },
}  # fmt: skip

DATE = "2026-11-01"


def weighed(card: dict[str, Any], **weights: float) -> dict[str, Any]:
    """Give a card with other weights of its components."""
    new = copy.deepcopy(card)
    for name, weight in weights.items():
        new["components"][name]["weight"] = weight
    return new


def write_card(path: Path, card: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(card, sort_keys=False))
    return path


def make_facts(accounts: int, seed: int = 5) -> pd.DataFrame:
    """Facts for `HEALTH`, some of them missing."""
    rng = np.random.default_rng(seed)
    bought = rng.integers(0, 50, accounts).astype(float)
    days = pd.to_timedelta(rng.integers(0, 300, accounts), unit="D")
    facts = pd.DataFrame(
        {
            "active": np.minimum(rng.integers(0, 60, accounts), bought + 5.0),
            "bought": bought,
            "usage_tier": rng.choice(["high", "medium", "low"], accounts),
            "last_qbr": (pd.Timestamp(DATE) - days).strftime("%Y-%m-%d"),
            "insider_call": rng.choice(["true", "false"], accounts),
            "insider_program": rng.choice(["true", "false"], accounts, p=[0.3, 0.7]),
            "tenure": rng.integers(0, 60, accounts),
            "logins": rng.integers(0, 200, accounts),
        }
    )
    for column in ("active", "usage_tier", "last_qbr", "insider_call"):
        facts.loc[rng.random(accounts) < 0.1, column] = None
    return facts


def write_facts(folder: Path, accounts: int, seed: int = 5, **more: Any) -> Path:
    """Write a folder of accounts for `HEALTH`; `more` are further columns of the facts."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{number:011x}" for number in range(accounts)]
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5000, accounts)
    peers = pd.DataFrame({"acct_id": ids, "acct_age": rng.integers(1, 99, accounts),
                          "acct_size": sizes, "last_updated": f"{DATE}T00:00:00Z"})  # fmt: skip
    peers.to_csv(folder / "peer_dims.csv", index=False)
    facts = make_facts(accounts, seed).assign(**more)
    facts.insert(0, "acct_id", ids)
    facts.to_csv(folder / "facts.csv", index=False)
    used = pd.DataFrame({"acct_id": ids})
    for name in ("macro", "bots"):
        used[name] = np.where(rng.random(accounts) < 0.4, 0.0, rng.gamma(2.0, sizes / 500.0))
    used.to_csv(folder / "usage.csv", index=False)
    chance = 1.0 / (1.0 + np.exp((facts["tenure"] - 30) / 10 + (facts["logins"] - 100) / 40))
    renewed = (rng.random(accounts) >= chance).astype(int)
    pd.DataFrame({"acct_id": ids, "renewed": renewed}).to_csv(folder / "renewals.csv", index=False)
    return folder
