"""One account of a table and why it has its scores, as an object that JSON and people can read."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring import InvalidInput, Scorer
from serving.scoring.column import Input
from serving.scoring.explanation import Explanation
from serving.scoring.what_if import changed
from training.errors import DataError


@dataclass(frozen=True)
class ExplainedAccount:
    """Why an account has its scores, or would have, if inputs were others.

    Attributes
    ----------
    scorecard, version, account : str
    inputs : mapping of str to number, text or None
        As they count in the explanation, changes included; None is missing.
    changes : mapping
        What was set; empty if nothing was.
    before : mapping of str to float or None
        Key on the wire → score without the changes.
    explanation : Explanation
    drivers : int or None
        How many metrics that lost points people are told of, where the definition says; the
        explanation has all.
    bounds : mapping of str to tuple of float
        See `metric_bounds`.
    """

    scorecard: str
    version: str
    account: str
    inputs: Mapping[str, Any]
    changes: Mapping[str, Any]
    before: Mapping[str, float | None]
    explanation: Explanation
    drivers: int | None
    bounds: Mapping[str, tuple[float, float]]

    @property
    def scores(self) -> dict[str, float | None]:
        """Key on the wire → score, changes included."""
        told = self.explanation
        means = (*told.components, told.overall)
        return {
            **{metric.key: metric.score for metric in told.metrics},
            **{lost.key: lost.score for lost in means},
        }

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values; ``explanation`` is what ``POST /explain`` answers."""
        return {
            "scorecard": self.scorecard,
            "version": self.version,
            "account": self.account,
            "inputs": dict(self.inputs),
            "changes": dict(self.changes),
            "scores": self.scores,
            "scores_before": dict(self.before),
            "explanation": self.explanation.to_dict(),
        }


def explain_account(
    scorer: Scorer,
    frame: pd.DataFrame,
    account: str,
    *,
    changes: Mapping[str, Any],
    bands: Sequence[float] = (),
    target: float | None = None,
    scoring_date: dt.date | None,
) -> ExplainedAccount:
    """Explain one account of a table.

    Parameters
    ----------
    frame : DataFrame
        With ``acct_id`` and all inputs.
    changes : mapping
        Input → what it would be; None is "not known".
    bands, target
        See `Scorer.explain`.
    scoring_date : date or None
        Dates are counted as days before it.

    Raises
    ------
    DataError
        If there is no such account; names those that are spelled alike.
    InvalidInput
        If a change cannot be.
    """
    ids = frame["acct_id"].astype(str)
    row = frame[ids == account]
    if row.empty:
        alike = difflib.get_close_matches(account, ids.tolist(), n=3)
        hint = f"; there is {', '.join(alike)}" if alike else ""
        raise DataError(f"no account {account!r} among {len(frame):,}{hint}")
    encoded = scorer.encode(row, scoring_date=scoring_date)
    other = changed(encoded, scorer.inputs, changes, scoring_date)
    (explanation,) = scorer.explain(other, bands=bands, target=target)
    values = scorer.score(encoded).values[0].tolist()
    return ExplainedAccount(
        scorer.scorecard.id,
        scorer.artifact.version,
        account,
        _readable(scorer, row, other) | dict(changes),
        changes,
        dict(zip(scorer.outputs, map(_number, values), strict=False)),
        explanation,
        scorer.scorecard.drivers if "drivers" in scorer.scorecard.tree else None,
        metric_bounds(scorer),
    )


def metric_bounds(scorer: Scorer) -> dict[str, tuple[float, float]]:
    """Give each metric that is compared with peers its lower and upper bound, declared or learned.

    In the metric's own unit; infinite where there is none. Goals lie within.
    """
    metrics = scorer.scorecard.peer_metrics
    if not metrics:
        return {}
    nobody = scorer.around(np.empty((0, len(scorer.inputs))))
    return {metric.name: nobody.metrics[metric.name].bounds(metric) for metric in metrics}


def _readable(
    scorer: Scorer, row: pd.DataFrame, encoded: NDArray[np.float64]
) -> dict[str, float | str | bool | None]:
    told: dict[str, float | str | bool | None] = {}
    for entry, value in zip(scorer.inputs, encoded[0].tolist(), strict=True):
        told[entry.name] = _as_given(entry, row[entry.name].iloc[0], value)
    return told


def _as_given(entry: Input, own: Any, value: float) -> float | str | bool | None:
    if entry.type == "number" or pd.isna(own):
        return _number(value)
    if entry.type == "boolean":
        return bool(value) if value == value else None  # not NaN
    return f"{pd.Timestamp(own):%Y-%m-%d}" if entry.type == "date" else str(own)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def read_changes(inputs: Sequence[Input], given: Sequence[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE``; nothing after the sign means "not known".

    Raises
    ------
    InvalidInput
        Naming every one that cannot be read.
    """
    types = {entry.name: entry.type for entry in inputs}
    changes: dict[str, Any] = {}
    mistakes = []
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name:
            mistakes.append(f"{text!r} is not NAME=VALUE")
        elif name not in types:
            mistakes.append(f"there is no input {name}; there are {', '.join(types)}")
        elif name in changes:
            mistakes.append(f"{name} is set twice")
        elif types.get(name) == "number" and value and not _is_number(value):
            mistakes.append(f"{name} is a number, not {value!r}")
        else:
            changes[name] = _read(value, types.get(name))
    if mistakes:
        raise InvalidInput("; ".join(mistakes))
    return changes


def _read(value: str, kind: str | None) -> float | str | None:
    if not value:
        return None
    return float(value) if kind == "number" else value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
