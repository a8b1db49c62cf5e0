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

#: Points run from 0 to this, whatever the scale; the scale shows them.
MAX_POINTS = 100.0


class Status(IntEnum):
    """Why a metric has its score, or has none."""

    OK = 0
    MISSING = 1  #: a column it needs is not known
    STALE = 2  #: what is known is older than `max_age_days`
    NOT_APPLICABLE = 3  #: the account is outside the metric's cohort, or the question is still open
    NO_HISTORY = 4  #: too few months before to compare with, or nothing in them
    NO_DENOMINATOR = 5  #: nothing to take a share of
    MODEL_MISSING = 6  #: the artifact holds no model of this name


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
        false; for a date, the most days it may lie back.
    points : float
        What the metric then has: at least what was asked for.
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
            None if no value of the input that this metric is improved by brings as much.
        """

    @classmethod
    def mistakes(cls, _body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find what contradicts itself in a definition: the key, and what is wrong.

        Keys may be absent or of a wrong type: that is the reader's to say, so pass over it.
        """
        yield from ()

    def to_dict(self) -> dict[str, Any]:
        """Give what an artifact stores: every key said, as plain JSON values."""
        fields = (each.name for each in dataclasses.fields(self) if each.name != "name")
        return {"kind": self.kind, **{name: _plain(getattr(self, name)) for name in fields}}


def judged(points: NDArray[np.float64], **statuses: NDArray[np.bool_]) -> Judged:
    """Put points and the reasons for their absence together.

    Parameters
    ----------
    points : ndarray of shape (n_accounts,)
        May hold anything where a reason applies; clipped to 0 … `MAX_POINTS`.
    **statuses : ndarray of bool, shape (n_accounts,)
        Names of `Status` in lower case; where several apply, the first given is told.
    """
    told = np.zeros(len(points), dtype=np.uint8)
    for name, applies in reversed(statuses.items()):
        told[applies] = Status[name.upper()]
    with np.errstate(invalid="ignore"):
        clipped = np.clip(points, 0.0, MAX_POINTS)
    return Judged(np.where(told == Status.OK, clipped, np.nan), told)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
