"""How far a request lies outside what training has seen: columns in another order show here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Input, Scorer
from serving.web.problems import Problem

#: Up to so many accounts are counted faster in plain Python.
_FEW_ACCOUNTS = 6
#: With fewer accounts one unusual customer would be a large share.
_LEAST_ROWS = 20
#: The same for a column that is mostly missing.
_LEAST_GIVEN = 10
#: So many columns are named, the worst first.
_NAMED = 3


class TrainingRanges:
    """The training ranges of a model's inputs; see `Scorer.training_ranges`."""

    def __init__(self, scorer: Scorer) -> None:
        self.names = tuple(entry.name for entry in scorer.inputs)
        #: Lowest and highest value of each input; NaN where there is no range.
        self.ends: list[tuple[float, float]] = [
            (low, high) for low, high in scorer.training_ranges.tolist()
        ]
        self._low, self._high = scorer.training_ranges.T[:, :, None]

    def watch(self, accounts: NDArray[np.float64]) -> Seen:
        """Count what is missing and what is outside, per input.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
            As `Scorer.score` takes them.
        """
        if len(accounts) <= _FEW_ACCOUNTS:
            missing, outside = self._count_few(accounts.tolist())
        else:
            # Input by input in memory: half the time, the copy included.
            columns = np.ascontiguousarray(accounts.T)
            beyond = (columns < self._low) | (columns > self._high)
            missing = np.count_nonzero(np.isnan(columns), axis=1).tolist()
            outside = np.count_nonzero(beyond, axis=1).tolist()
        return Seen(len(accounts), missing, outside, self)

    def _count_few(self, accounts: list[list[float]]) -> tuple[list[int], list[int]]:
        missing, outside = [0] * len(self.ends), [0] * len(self.ends)
        for account in accounts:
            for column, (value, (low, high)) in enumerate(zip(account, self.ends, strict=True)):
                if value < low or value > high:
                    outside[column] += 1
                elif value != value:
                    missing[column] += 1
        return missing, outside


@dataclass(frozen=True, slots=True)
class Seen:
    """What a request's accounts look like beside the training accounts.

    Attributes
    ----------
    rows : int
    missing, outside : sequence of int
        For each input, in how many rows it is missing, and outside the training range.
    ranges : TrainingRanges
    """

    rows: int
    missing: Sequence[int]
    outside: Sequence[int]
    ranges: TrainingRanges

    def share_outside(self, column: int) -> float:
        """Give the share of an input's given values that are outside; 0 if none is given."""
        return self.outside[column] / max(self.rows - self.missing[column], 1)

    def shares_outside(self) -> dict[str, float]:
        """Give the shares of the inputs of which anything is outside, to three decimals, up."""
        return {
            name: math.ceil(self.share_outside(column) * 1000) / 1000
            for column, name in enumerate(self.ranges.names)
            if self.outside[column]
        }


def refuse_shifted(seen: Seen, inputs: Sequence[Input], limit: float | None, *, rows: int) -> None:
    """Refuse a request whose values cannot be those of their columns.

    Parameters
    ----------
    seen : Seen
    inputs : sequence of Input
        The model's.
    limit : float or None
        The share of an input's given values that may be outside the training range; None
        refuses nothing.
    rows : int
        How many rows the request has, with those that could not be read.

    Raises
    ------
    Problem
        400 if there are 20 rows or more and an input that is given in 10 of them has a larger
        share outside. Names the columns, the worst first.
    """
    if limit is None or rows < _LEAST_ROWS:
        return
    shares = {
        column: seen.share_outside(column)
        for column in range(len(inputs))
        if seen.rows - seen.missing[column] >= _LEAST_GIVEN
    }
    beyond = sorted((c for c in shares if shares[c] > limit), key=lambda c: -shares[c])
    if not beyond:
        return
    named = [
        f"{shares[column]:.0%} of {inputs[column].name} are outside "
        f"{_shown(inputs[column], *seen.ranges.ends[column])}"
        for column in beyond[:_NAMED]
    ]
    more = [f"{len(beyond) - _NAMED} more likewise"] if len(beyond) > _NAMED else []
    raise Problem(
        400,
        f"{'; '.join(named + more)}: beyond what training has seen. Are the columns in the order "
        "that GET /schema lists, and in its units?",
        kind="out_of_range",
    )


def _shown(column: Input, low: float, high: float) -> str:
    return f"{low:g} to {high:g}{' days ago' if column.type == 'date' else ''}"
