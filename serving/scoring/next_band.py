"""What brings an account to the next band, as it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Status = Literal["reachable", "beyond_peers", "not_reachable"]

#: What each status means, for people.
STATUSES: Mapping[Status, str] = {
    "reachable": "one input of this metric reaches it, and brings it with the value told",
    "beyond_peers": "the value told brings it, but 95 % of the peers do not get there: no advice",
    "not_reachable": "no value that was tried of one input of this metric brings it",
}


class Raised(NamedTuple):
    """A change of one input.

    Attributes
    ----------
    metric, label : str
    input : str
        The column.
    value : float, str, bool or None
        A number in the column's unit, a category's name, true or false; for a date the most days
        it may lie back.
    score : float
        The metric's then.
    text : str
        The same for people, such as "12 more licenses_active".
    usual : bool
        False where 95 % of the peers do not get there: no advice.
    """

    metric: str
    label: str
    input: str
    value: float | str | bool | None
    score: float
    text: str
    usual: bool


class Alone(NamedTuple):
    """What one metric can do.

    Attributes
    ----------
    metric, label : str
    product : str or None
    score : float
        The metric's now.
    needed : float or None
        What it would have to be, all others as they are; None where that is above the scale.
    status : str
        A word of `STATUSES`.
    change : Raised or None
        The least one for this metric's sake that reaches the target, else one for the sake of a
        metric that reads the same input; None where it is not reachable.
    global_score : float or None
        With that change.
    best : float
        The highest global score of the values tried; see `next_band_finder`. A denominator's, and
        those between what is best for metrics that read the same input, are not.
    """

    metric: str
    label: str
    product: str | None
    score: float
    needed: float | None
    status: Status
    change: Raised | None
    global_score: float | None
    best: float

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        change = self.change
        return {**self._asdict(), "change": None if change is None else change._asdict()}


class Together(NamedTuple):
    """The fewest metrics that reach it where none does alone, each as high as it can be.

    Attributes
    ----------
    changes : tuple of Raised
        Whatever brings most comes first.
    global_score : float
        With all of them.
    reached : bool
        False where all there is to change is not enough.
    """

    changes: tuple[Raised, ...]
    global_score: float
    reached: bool

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        return {**self._asdict(), "changes": [change._asdict() for change in self.changes]}


class NextBand(NamedTuple):
    """What reaches a higher global score.

    Attributes
    ----------
    band : str or None
        The band that begins at the target; None if none does.
    target : float
    alone : tuple of Alone
        Every metric that has a score and a weight. First those that reach it, whose own score has
        the fewest points to go; then the others, whoever brings most first.
    together : Together or None
        None where one metric alone reaches it, or nothing can be changed.
    """

    band: str | None
    target: float
    alone: tuple[Alone, ...]
    together: Together | None

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        return {
            "band": self.band,
            "target": self.target,
            "alone": [alone.to_dict() for alone in self.alone],
            "together": None if self.together is None else self.together.to_dict(),
        }
