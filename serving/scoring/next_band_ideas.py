"""Which changes of inputs are tried for one metric, to bring an account to the next band."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from serving.scoring.drivers import Driver
from serving.scoring.raising import Raise, Raiser

#: Where a change falls short by a rounding, this much more is asked for.
_A_LITTLE = 1e-6


class Idea(NamedTuple):
    """A metric and what could raise it.

    Attributes
    ----------
    driver : Driver
        The metric.
    needed : float or None
        The score it needs, if there is such a score.
    inputs : collection of str
        The columns it may be advised on.
    changes : list of Raise
        To try, in this order.
    own : int
        So many of the changes, the first, are for this metric's sake; the others for that of
        metrics that read the same columns.
    """

    driver: Driver
    needed: float | None
    inputs: Collection[str]
    changes: list[Raise]
    own: int


def idea_of(driver: Driver, needed: float | None, raiser: Raiser) -> Idea:
    """List what raises a metric enough, and most."""
    asked = [raiser.highest()]
    if needed is not None:
        asked = [raiser.reach(needed), raiser.reach(needed + _A_LITTLE), *asked]
    changes = [change for change in asked if change is not None]
    return Idea(driver, needed, raiser.inputs, changes, len(changes))


def with_shared(idea: Idea, ideas: Sequence[Idea]) -> Idea:
    """Add what is tried for other metrics by an input of this one."""
    there = {(change.input, change.encoded) for change in idea.changes}
    shared = {
        (change.input, change.encoded): change
        for other in ideas
        for change in other.changes[: other.own]
        if change.input in idea.inputs
    }
    more = [change for key, change in shared.items() if key not in there]
    return idea._replace(changes=[*idea.changes, *more])
