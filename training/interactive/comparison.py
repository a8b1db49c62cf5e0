"""Compare two artifacts, as the gate at promotion does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from serving.scoring import InvalidInput
from training.gate import GateReport, Limits, judge
from training.gate.plot import movement_figure
from training.interactive.models import Model, as_model
from training.interactive.showing import Shown
from training.plots import Picture


@dataclass(frozen=True, eq=False, repr=False)
class Judgement(Shown):
    """What the gate says of a candidate.

    Attributes
    ----------
    report : GateReport
        As the gate gave it.
    """

    report: GateReport

    @property
    def passed(self) -> bool:
        """Whether the candidate may take the champion's place."""
        return self.report.passed

    def verdicts(self) -> pd.DataFrame:
        """Give a row per check: index ``check``; ``verdict`` and the numbers as ``text``."""
        rows = [(one.name, one.word, one.text) for one in self.report.verdicts]
        return pd.DataFrame(rows, columns=["check", "verdict", "text"]).set_index("check")

    def frame(self) -> pd.DataFrame:
        """Give a row per score that both have: how it moves, and CRPS; see `Comparison.frame`.

        Raises
        ------
        InvalidInput
            If nothing was scored by both.
        """
        if self.report.comparison is None:
            raise InvalidInput(_NOT_COMPARED)
        return self.report.comparison.frame()

    def figure(self) -> Picture:
        """Draw how scores move from the champion to the candidate; raises as `frame` does."""
        if self.report.comparison is None:
            raise InvalidInput(_NOT_COMPARED)
        return movement_figure(self.report.comparison)

    def _heading(self) -> str:
        return "the gate lets it pass" if self.passed else "the gate REFUSES it"

    def _facts(self) -> Mapping[str, object]:
        return {one.name: f"{one.word}: {one.text}" for one in self.report.verdicts}

    def _table(self) -> pd.DataFrame | None:
        return None if self.report.comparison is None else self.frame().round(4)


_NOT_COMPARED = (
    "no accounts were scored by both: give data, and a champion whose inputs are of the same types"
)


def compare(
    candidate: Model | str | Path,
    champion: Model | str | Path | None,
    data: str | Path | None = None,
    *,
    limits: Mapping[str, float | bool] | None = None,
    reason: str = "",
    max_refused: float = 0.01,
    scoring_date: dt.date | None = None,
) -> Judgement:
    """Judge whether an artifact may take another's place; nothing is changed by it.

    Parameters
    ----------
    champion : Model, str, Path or None
        The artifact that is served now; None if there is none.
    data : str or Path, optional
        A folder of CSVs, scored by both. Without it the evaluations that both carry are compared.
    limits : mapping of str to number, optional
        Other limits than the defaults, by name; they take a `reason`.

    Raises
    ------
    InvalidInput
        If there is no such limit, limits come without a reason, or the accounts cannot be used.
    ArtifactError
        If an artifact must not be used.
    """
    return Judgement(
        judge(
            as_model(candidate).unchanged_path(),
            None if champion is None else as_model(champion).unchanged_path(),
            data=None if data is None else Path(data),
            limits=read_limits(limits),
            reason=reason,
            max_refused_share=max_refused,
            scoring_date=scoring_date,
        )
    )


def read_limits(limits: Mapping[str, float | bool] | None) -> Limits:
    """Give the gate's limits; raises InvalidInput, naming those there are."""
    return Limits.parse(f"{name}={_number(value)}" for name, value in (limits or {}).items())


def _number(value: object) -> object:
    # A switch is read as 1 or 0; what is no number is told by the parser, with the limit's name.
    return int(value) if isinstance(value, bool | np.bool_) else value
