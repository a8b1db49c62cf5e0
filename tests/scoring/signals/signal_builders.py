"""One metric of every kind in every shape it can have, and accounts for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.signals import KINDS, Signal
from serving.scoring.signals.signal import Judged, Status
from serving.scoring.signals.stored import keys_of, kind_from_dict

NAN = float("nan")


@dataclass(frozen=True)
class Logistic:
    """A risk model: the first column raises the risk, by so much per unit."""

    inputs: Sequence[str]
    slope: float = 0.1

    def probability(self, columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        known = np.where(np.isnan(columns[0]), 0.0, columns[0])
        return 1.0 / (1.0 + np.exp(-self.slope * np.clip(known, -100.0, 100.0)))


MODELS = {"m2": Logistic(["cases", "logins"])}

#: The keys people give; by kind and shape.
GIVEN: Mapping[str, dict[str, Any]] = {
    "ratio": {"numerator": "active", "denominator": "bought"},
    "ratio of a share": {"share": "rate"},
    "growth": {"current": "orders", "base": "mean_12m", "min_months": 7},
    "growth of a year": {"current": "rangers", "base": "lag_12m", "baseline": 40},
    "indicator": {"type": "binary", "input": "swarming"},
    "indicator of a count": {
        "type": "count",
        "input": "reviews",
        "steps": [[0, 0], [1, 50], [2, 100]],
    },
    "indicator of few": {"type": "count", "input": "outages", "steps": [[0, 100], [1, 50], [4, 0]]},
    "indicator of a name": {
        "type": "named",
        "input": "onboarding",
        "names": {"on_time": 100, "late": 50, "missed": 0, "open": None},
    },
    "recency": {"input": "last_coaching", "steps": [[30, 100], [90, 50]]},
    "recency with never": {
        "input": "last_qbr",
        "steps": [[90, 100], [180, 50]],
        "otherwise": 10,
        "never": 0,
    },
    "recency in a line": {"input": "last_check", "linear": [[0, 100], [30, 100], [120, 0]]},
    "linear": {"input": "tenure_months", "best": 36, "worst": 0},
    "linear down": {"input": "page_seconds", "best": 1.0, "worst": 5.0},
    "tier": {"input": "usage", "scores": {"power": 100, "high": 75, "low": 25, "trial": None}},
    "penalty": {"deductions": {"security_alerts": 15, "limit_alerts": 2.5}},
    "learned_risk": {"model": "m2", "inputs": ["logins", "cases"]},
}


def stored(given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Give every key of a kind, as an artifact stores it: defaults where nothing is given."""
    defaults = {key: entry.default for key, entry in keys_of(KINDS[kind]).items()}
    return {**defaults, **given}


def made(kind: str, **given: Any) -> Signal:
    return kind_from_dict(KINDS[kind], "metric", stored(given, kind))


#: By the same words.
SIGNALS: Mapping[str, Signal] = {
    shape: made(shape.split()[0], **given) for shape, given in GIVEN.items()
}


def judge(signal: Signal, *rows: Sequence[float]) -> Judged:
    """Judge accounts, one row of inputs each, with the models there are."""
    columns = np.array(rows, dtype=float).T
    return signal.judging(MODELS)([np.ascontiguousarray(column) for column in columns])


def told(signal: Signal, *row: float) -> tuple[float, str]:
    """Give the points of one account and the word for its status."""
    points, statuses = judge(signal, row)
    return float(points[0]), Status(statuses[0]).name.lower()


def values_of(column: Input) -> st.SearchStrategy[float]:
    """Draw what accounts can have in a column, as encoded."""
    if column.type == "boolean":
        known = st.sampled_from([0.0, 1.0])
    elif column.type == "category":
        known = st.integers(0, len(column.categories) - 1).map(float)
    elif column.type == "date":
        known = st.integers(-3, 400).map(float)
    else:
        lowest = 0.0 if column.minimum is not None else -50.0
        known = st.integers(int(lowest), 200).map(float) | st.floats(lowest, 1e6)
    return known | st.just(NAN)


def rows_of(signal: Signal) -> st.SearchStrategy[list[float]]:
    return st.tuples(*map(values_of, signal.inputs)).map(list)
