"""What every absolute metric is: columns in, points and a status out, and the way back."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.risk import RiskModel
from serving.scoring.signals.options import key_of

#: Points run from 0 to this, whatever the scale; the scale shows them.
MAX_POINTS = 100.0

#: Where the accounts' clocks are ahead, today is tomorrow; a later date is not believed.
MOST_DAYS_AHEAD = 1.0


class Status(IntEnum):
    """Why a metric has its score, or has none."""

    OK = 0
    MISSING = 1  #: a column it needs is not known
    STALE = 2  #: what is known is older than `max_age_days`
    NOT_APPLICABLE = 3  #: the account is outside the metric's cohort, or the question is still open
    NO_HISTORY = 4  #: too few months before to compare with, or nothing in them
    NO_DENOMINATOR = 5  #: nothing to take a share of
    MODEL_MISSING = 6  #: the artifact holds no model of this name


#: Plain numbers: an enum's members take longer to find than a few statuses to write.
_CODES = {status.name.lower(): int(status) for status in Status}


class Judged(NamedTuple):
    """What a metric says of accounts.

    Attributes
    ----------
    points : ndarray of shape (n_accounts,)
        0 to `MAX_POINTS`; NaN wherever the status is not OK.
    statuses : ndarray of uint8, shape (n_accounts,)
        `Status` of each.
    """

    points: NDArray[np.float64]
    statuses: NDArray[np.uint8]


#: From columns to points and statuses; see `Signal.judge`.
Judge: TypeAlias = Callable[[Sequence[NDArray[np.float64]]], Judged]


class Change(NamedTuple):
    """One input that would have to be another for more points.

    Attributes
    ----------
    input : str
        The column.
    value : float, str, bool or None
        The least change that is enough: a number in the column's unit, a category's name, true or
        false; for a date, the most days it may lie back, whole ones.
    points : float
        What `judge` says of the account with this value: at least what was asked for, to the bit.
    text : str
        The same for people, such as "12 more licenses_active".
    """

    input: str
    value: float | str | bool | None
    points: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Signal(ABC):
    """An absolute metric. Its fields are the keys that may stand in its definition.

    A field is made by `option`, which says what it means to the people who write definitions.
    Subclasses are frozen dataclasses; their instances are safe to share by threads.
    """

    #: The word for it in a definition.
    kind: ClassVar[str]

    name: str

    @property
    @abstractmethod
    def inputs(self) -> tuple[Input, ...]:
        """The columns it reads, in the order in which `judge` gets them."""

    @property
    def advised(self) -> tuple[str, ...]:
        """The columns whose values it is fair to advise on for this metric's sake."""
        return tuple(column.name for column in self.inputs)

    @abstractmethod
    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """Give the points of accounts; what it says of one depends on its own row alone.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n_accounts,)
            One per input: a number, a category's index, days before the scoring date, 1 or 0 for
            true or false; NaN means "not known".
        """

    def judging(self, _models: Mapping[str, RiskModel]) -> Judge:
        """Give `judge`, for a kind that needs one with the model it names, if there is one.

        Parameters
        ----------
        models : mapping of str to RiskModel
            What the artifact holds, by name.
        """
        return self.judge

    @abstractmethod
    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find the least change of one input that brings at least `points`.

        Parameters
        ----------
        values : sequence of float
            The account's, one per input, encoded as `judge` takes them.
        points : float
            More than the account has, at most `MAX_POINTS`.

        Returns
        -------
        Change or None
            None if no value of the input that this metric is improved by brings as much, or if
            what else it needs is not known.
        """

    def points_with(self, values: Sequence[float], place: int, value: float) -> float:
        """Give the points of one account if its input at `place` had another value.

        Parameters
        ----------
        values : sequence of float
            The account's, as `change` takes them.

        Returns
        -------
        float
            NaN where there would be no score.
        """
        columns = [np.array([each], dtype=np.float64) for each in values]
        columns[place] = np.array([value], dtype=np.float64)
        return float(self.judge(columns).points[0])

    @classmethod
    def mistakes(cls, _body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find what contradicts itself in a definition: the key, and what is wrong.

        Keys may be absent or of a wrong type: that is the reader's to say, so pass over it.
        """
        yield from ()

    def to_dict(self) -> dict[str, Any]:
        """Give what an artifact stores: every key said, as plain JSON values."""
        fields = (each for each in dataclasses.fields(self) if each.name != "name")
        keys = {key_of(each): _plain(getattr(self, each.name)) for each in fields}
        return {"kind": self.kind, **keys}


def judged(points: NDArray[np.float64], **statuses: NDArray[np.bool_]) -> Judged:
    """Put points and the reasons for their absence together.

    Parameters
    ----------
    points : ndarray of shape (n_accounts,)
        May hold anything where a reason applies; clipped to 0 … `MAX_POINTS`. NaN without a
        reason is told as missing: nothing is OK that has no points.
    **statuses : ndarray of bool, shape (n_accounts,)
        Names of `Status` in lower case; where several apply, the first given is told.
    """
    told = np.where(np.isnan(points), _CODES["missing"], _CODES["ok"]).astype(np.uint8)
    for name, applies in reversed(statuses.items()):
        told[applies] = _CODES[name]
    # `np.clip` takes longer for few accounts. A sum with 0, because -0.0 is in range too.
    clipped = np.minimum(np.maximum(points, 0.0), MAX_POINTS) + 0.0
    return Judged(np.where(told == _CODES["ok"], clipped, np.nan), told)


def in_proportion(
    part: NDArray[np.float64], whole: NDArray[np.float64], of: float
) -> NDArray[np.float64]:
    """Give `of` times part over whole, of arrays of one shape; not finite where the whole is 0."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        # Not `of` times the quotient: 100 · 57 / 100 is 57, and 100 · 0.57 is not.
        points = of * part / whole
        return np.where(np.isinf(points), of * (part / whole), points)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
