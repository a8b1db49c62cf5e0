"""Finds what brings an account to the next band: one metric alone, or the fewest together.

Tried are, of each metric, the least change of one input that brings the score it needs, and the one
that brings its highest. A denominator stays as it is. Where metrics read the same column, what is
best for one is tried for the others too; what lies between those values is not.

The account is scored again with every change, so whatever else reads the same input counts too, and
what is told to reach the band does reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.bands import Band, settled
from serving.scoring.drivers import Driver, PointsLost
from serving.scoring.next_band import STATUSES, Alone, NextBand, Raised, Status, Together
from serving.scoring.next_band_ideas import Idea, idea_of, with_shared
from serving.scoring.raising import Raise, Raiser

#: From accounts to their scores, as `Scores.values` has them.
Rescore = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: Needed scores are told to so many decimals, rounded up.
_DECIMALS = 9


class Wish(NamedTuple):
    """An account, and a global score that is above the one it has.

    Attributes
    ----------
    account : ndarray of shape (n_inputs,)
    overall : PointsLost
        The global score's.
    raisers : mapping of str to Raiser
        Of the metrics that have a score.
    target : float
    """

    account: NDArray[np.float64]
    overall: PointsLost
    raisers: Mapping[str, Raiser]
    target: float


class _Tried(NamedTuple):
    """A change, and the global score and the metric's score of the account with it."""

    change: Raise
    overall: float
    score: float


class _Way(NamedTuple):
    """What came of one metric; `found` and `highest` are None where there is no such change.

    `best` is the highest global score of all that was tried, `highest` of what is for its own sake.
    """

    driver: Driver
    needed: float | None
    found: _Tried | None
    highest: _Tried | None
    best: float


@dataclass(frozen=True, slots=True)
class NextBandFinder:
    """Finds what brings accounts of one scorecard to a higher global score.

    Attributes
    ----------
    bands : sequence of Band
        Ascending.
    maximum : float
        Of the scale.
    columns : mapping of str to int
        Where accounts hold each input.
    places : mapping of str to int
        Where `Scores.values` holds each metric's score.
    rescore : callable
    """

    bands: Sequence[Band]
    maximum: float
    columns: Mapping[str, int]
    places: Mapping[str, int]
    rescore: Rescore

    def target_above(self, score: float | None, asked: float | None) -> float | None:
        """Give what to reach: what was asked for, or the next band; None if that is reached."""
        if score is None:
            return None
        above = [asked] if asked is not None else [band.lower for band in self.bands]
        return next((target for target in above if not _reaches(score, target)), None)

    def find(self, wishes: Sequence[Wish]) -> list[NextBand]:
        """Find what reaches targets, trying the changes of all accounts in one go."""
        ideas = [self._ideas(wish) for wish in wishes]
        tried = self._try(
            (wish.account, idea.driver.metric, change)
            for wish, own in zip(wishes, ideas, strict=True)
            for idea in own
            for change in idea.changes
        )
        ways = [
            [
                _way(idea, wish.target, wish.overall.score or 0.0, islice(tried, len(idea.changes)))
                for idea in own
            ]
            for wish, own in zip(wishes, ideas, strict=True)
        ]
        return self._told(wishes, ways)

    def _told(self, wishes: Sequence[Wish], ways: Sequence[Sequence[_Way]]) -> list[NextBand]:
        alone = [[_alone(way) for way in own] for own in ways]
        needy = [
            number
            for number, each in enumerate(alone)
            if not any(one.status == "reachable" for one in each)
        ]
        found = self._together([wishes[number] for number in needy], [ways[n] for n in needy])
        together = dict(zip(needy, found, strict=True))
        names = {band.lower: band.name for band in self.bands}
        return [
            NextBand(
                names.get(wish.target),
                wish.target,
                tuple(sorted(own, key=_nearest_first)),
                together.get(number),
            )
            for number, (wish, own) in enumerate(zip(wishes, alone, strict=True))
        ]

    def _ideas(self, wish: Wish) -> list[Idea]:
        """List what could reach the target, metric by metric."""
        missing = wish.target - (wish.overall.score or 0.0)
        ideas = []
        for driver in wish.overall.drivers:
            if driver.score is not None and driver.weight > 0.0:
                needed = self._needed(driver, missing)
                ideas.append(idea_of(driver, needed, wish.raisers[driver.metric]))
        return [with_shared(idea, ideas) for idea in ideas]

    def _needed(self, driver: Driver, missing: float) -> float | None:
        needed = (driver.score or 0.0) + missing / driver.weight
        # Up, so that what is told is enough; but not by the last bits of an exact one.
        told = float(np.ceil(needed * 10**_DECIMALS - 1e-3) / 10**_DECIMALS)
        return told if told <= self.maximum else None

    def _try(self, trials: Iterable[tuple[NDArray[np.float64], str, Raise]]) -> Iterator[_Tried]:
        """Score accounts, each with one change."""
        listed = list(trials)
        values = self._rescored([(account, [change]) for account, _, change in listed])
        for row, (_, metric, change) in zip(values.tolist(), listed, strict=True):
            yield _Tried(change, row[-1], row[self.places[metric]])

    def _rescored(
        self, changed: Sequence[tuple[NDArray[np.float64], Sequence[Raise]]]
    ) -> NDArray[np.float64]:
        accounts = np.array([account for account, _ in changed]).reshape(-1, len(self.columns))
        for row, (_, changes) in enumerate(changed):
            for change in changes:
                accounts[row, self.columns[change.input]] = change.encoded
        return self.rescore(accounts)

    def _together(
        self, wishes: Sequence[Wish], ways: Sequence[Sequence[_Way]]
    ) -> list[Together | None]:
        """Take what brings most, then what brings most beside it, until it is enough."""
        chosen = [_most_first(wish, own) for wish, own in zip(wishes, ways, strict=True)]
        values = self._rescored(
            [
                (wish.account, [best.change for _, best in own[: count + 1]])
                for wish, own in zip(wishes, chosen, strict=True)
                for count in range(len(own))
            ]
        )
        reached = iter(values[:, -1].tolist())
        return [
            _least_set(own, list(islice(reached, len(own))), wish.target)
            for wish, own in zip(wishes, chosen, strict=True)
        ]


def _reaches(score: float, target: float) -> bool:
    return float(settled(np.asarray(score))) >= target


def _way(idea: Idea, target: float, have: float, tried: Iterable[_Tried]) -> _Way:
    # A change for one metric's sake may take another's score away, or the global one.
    known = [
        (number < idea.own, one)
        for number, one in enumerate(tried)
        if not (isnan(one.overall) or isnan(one.score))
    ]
    found = next((one for _, one in known if _reaches(one.overall, target)), None)
    own = [one for is_own, one in known if is_own]
    highest = max(own, key=lambda one: one.overall, default=None)
    best = max([have, *(one.overall for _, one in known)])
    return _Way(idea.driver, idea.needed, found, highest, best)


def _most_first(wish: Wish, ways: Sequence[_Way]) -> list[tuple[Driver, _Tried]]:
    """List the changes that bring most, one per input."""
    have = wish.overall.score or 0.0
    known = [
        (way.driver, way.highest)
        for way in ways
        if way.highest is not None and way.highest.overall > have
    ]
    known.sort(key=lambda pair: -pair[1].overall)
    inputs: dict[str, tuple[Driver, _Tried]] = {}
    for driver, best in known:
        inputs.setdefault(best.change.input, (driver, best))
    return list(inputs.values())


def _least_set(
    chosen: Sequence[tuple[Driver, _Tried]], reached: Sequence[float], target: float
) -> Together | None:
    if not chosen:
        return None
    enough = [count for count, score in enumerate(reached, start=1) if _reaches(score, target)]
    count = enough[0] if enough else len(chosen)
    changes = tuple(_raised(driver, best) for driver, best in chosen[:count])
    return Together(changes, reached[count - 1], reached=bool(enough))


def _alone(way: _Way) -> Alone:
    driver, found = way.driver, way.found
    status: Status = "not_reachable"
    if found is not None:
        status = "reachable" if found.change.usual else "beyond_peers"
    return Alone(
        metric=driver.metric,
        label=driver.label,
        product=driver.product,
        score=driver.score or 0.0,
        needed=found.score if found is not None and way.needed is None else way.needed,
        status=status,
        change=None if found is None else _raised(driver, found),
        global_score=None if found is None else found.overall,
        best=way.best,
    )


def _raised(driver: Driver, tried: _Tried) -> Raised:
    change = tried.change
    return Raised(
        metric=driver.metric,
        label=driver.label,
        input=change.input,
        value=change.value,
        score=tried.score,
        text=change.text,
        usual=change.usual,
    )


def _nearest_first(alone: Alone) -> tuple[int, float]:
    if alone.change is None or alone.needed is None:
        return len(STATUSES), -alone.best
    return list(STATUSES).index(alone.status), alone.needed - alone.score
