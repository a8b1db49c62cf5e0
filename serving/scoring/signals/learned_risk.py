"""`learned_risk`: how unlikely a fitted classifier thinks an outcome, such as churn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.risk import RiskModel
from serving.scoring.signals.options import Column, option
from serving.scoring.signals.signal import (
    MAX_POINTS,
    Change,
    Judge,
    Judged,
    Signal,
    judged,
)


@dataclass(frozen=True, kw_only=True)
class LearnedRisk(Signal):
    """100 times one less the probability. Without the model there is no score, and no guess.

    Examples
    --------
    >>> churn = LearnedRisk(name="churn", model="m2", columns=("tenure_months",))
    >>> churn.judge([np.array([12.0])]).points
    array([nan])
    """

    kind: ClassVar[str] = "learned_risk"

    model: str = option("The name of the model that training fits.", example="churn")
    columns: tuple[Column, ...] = option(
        "The columns that the model learns from. A missing value is one of its facts; where all "
        "are missing there is no score.",
        example=["tenure_months", "logins_30d", "support_cases_90d"],
        key="inputs",  # which is what the property below is called
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the model learns from: numbers of any sign."""
        return tuple(map(Input, self.columns))

    @property
    def advised(self) -> tuple[str, ...]:
        """None: what predicts an outcome need not cause it."""
        return ()

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """Say that the model is missing; `judging` gives what judges by one."""
        n_accounts = len(columns[0])
        points = np.full(n_accounts, np.nan)
        return judged(points, model_missing=np.ones(n_accounts, dtype=np.bool_))

    def judging(self, models: Mapping[str, RiskModel]) -> Judge:
        """See `Signal.judging`.

        Raises
        ------
        ArtifactCorrupt
            If the model was fitted to other columns.
        """
        model = models.get(self.model)
        if model is None:
            return self.judge
        if sorted(model.inputs) != sorted(self.columns):
            raise ArtifactCorrupt(
                f"model {self.model} was fitted to {', '.join(model.inputs)}; metric {self.name} "
                f"gives it {', '.join(self.columns)}"
            )
        places = [self.columns.index(column) for column in model.inputs]
        return partial(_judge, model, places)

    def change(self, _values: Sequence[float], _points: float) -> Change | None:
        """Find nothing: what changes a prediction need not change what is predicted."""
        return None

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find a model without a name or without columns, and a column named twice."""
        if body.get("model") == "":
            yield "model", "is empty; give the model a name"
        columns = body.get("inputs")
        if not isinstance(columns, list | tuple):
            return
        if not columns:
            yield "inputs", "is empty; give at least one column to learn from"
        for place, column in enumerate(columns):
            if column in columns[:place]:
                yield "inputs", f"{column} is listed twice"


def _judge(
    model: RiskModel, places: Sequence[int], columns: Sequence[NDArray[np.float64]]
) -> Judged:
    given = [columns[place] for place in places]
    nothing_known = np.logical_and.reduce([np.isnan(column) for column in given])
    points = MAX_POINTS * (1.0 - model.probability(given))
    return judged(points, missing=nothing_known)
