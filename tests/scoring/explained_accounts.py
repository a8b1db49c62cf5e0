"""Holds explanations to the scorer: every claim is checked by scoring accounts that are so."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.explanation import Explanation, MetricExplanation
from serving.scoring.scorer import Scorer

NAN = float("nan")


class Claims:
    """What explanations say of (account, metric) pairs, and what the scorer says to it."""

    def __init__(self, scorer: Scorer, accounts: NDArray[np.float64], **asked: Any) -> None:
        self.scorer = scorer
        self.accounts = accounts
        self.explanations: list[Explanation] = scorer.explain(accounts, **asked)
        self._column = {entry.name: place for place, entry in enumerate(scorer.inputs)}
        nobody = scorer.around(np.empty((0, len(scorer.inputs))))
        self._bounds = {
            metric.name: nobody.metrics[metric.name].bounds(metric)
            for metric in scorer.scorecard.metrics
        }
        self.pairs: list[tuple[int, MetricExplanation]] = [
            (row, told) for row, why in enumerate(self.explanations) for told in why.metrics
        ]

    def scores(self, pairs, values) -> NDArray[np.float64]:
        """Score each pair's account with another value of the pair's metric."""
        if not pairs:
            return np.empty(0)
        accounts = self.accounts[[row for row, _ in pairs]].copy()
        columns = [self._column[told.metric] for _, told in pairs]
        accounts[np.arange(len(pairs)), columns] = values
        values = self.scorer.score(accounts).values
        shown = [self.scorer.outputs.index(told.key) for _, told in pairs]
        return values[np.arange(len(pairs)), shown]

    def shares_at_or_below(self, pairs, values) -> NDArray[np.float64]:
        """Give P(Y <= value) among the peers, what is beyond a bound counting as at it."""
        around = self.scorer.around(self.accounts)
        rows, values = np.array([row for row, _ in pairs]), np.asarray(values)
        names = np.array([told.metric for _, told in pairs])
        found = np.empty(len(pairs))
        for name in set(names.tolist()):
            own = names == name
            lower, upper = self._bounds[name]
            shares = around.metrics[name].at_or_below(around.cells.some(rows[own]), values[own])
            shares = np.where(values[own] >= upper, 1.0, shares)
            found[own] = np.where(values[own] < lower, 0.0, shares)
        return found

    def bounds(self, told: MetricExplanation) -> tuple[float, float]:
        return self._bounds[told.metric]

    def best(self, told: MetricExplanation) -> float:
        """Give the best admissible value there is."""
        lower, upper = self.bounds(told)
        best = upper if told.higher_is_better else lower
        if told.whole_numbers and abs(best) < math.inf:
            best = math.floor(best) if told.higher_is_better else math.ceil(best)
        return float(np.clip(best, -1e300, 1e300))


def neighbour(told: MetricExplanation, value: float, *, worse: bool) -> float:
    """Give the admissible value beside one: a whole number, or the next float."""
    down = told.higher_is_better == worse
    if told.whole_numbers and abs(value) < 2**53:
        return value - 1.0 if down else value + 1.0
    return math.nextafter(value, -math.inf if down else math.inf)


def check_goals(claims: Claims, goal_of) -> dict[str, int]:
    """Hold every goal to the scorer; gives how many goals of each status there were."""
    by_status: dict[str, list[tuple[int, MetricExplanation]]] = {}
    for row, told in claims.pairs:
        by_status.setdefault(goal_of(told).status, []).append((row, told))

    reached = [*by_status.get("reachable", []), *by_status.get("beyond_peers", [])]
    goals = [goal_of(told) for _, told in reached]
    targets = np.array([goal.target for goal in goals])
    own = np.array([told.score for _, told in reached])
    values = np.array([goal.value for goal in goals])
    before = np.array(
        [neighbour(t, g.value, worse=True) for (_, t), g in zip(reached, goals, strict=True)]
    )
    assert (own < targets).all()
    assert np.array_equal(claims.scores(reached, values), [goal.score for goal in goals])
    assert (np.array([goal.score for goal in goals]) >= targets).all()
    assert (claims.scores(reached, before) < targets).all()
    for (_, told), value in zip(reached, values, strict=True):
        lower, upper = claims.bounds(told)
        assert lower <= value <= upper
        assert not told.whole_numbers or value == math.floor(value)

    unreached = by_status.get("out_of_bounds", [])
    best = claims.scores(unreached, [claims.best(told) for _, told in unreached])
    assert (best < np.array([goal_of(told).target for _, told in unreached])).all()
    assert all(goal_of(told).value is None for _, told in unreached)
    check_beyond_peers(claims, reached, goals, before)
    return {status: len(pairs) for status, pairs in by_status.items()}


def check_beyond_peers(claims: Claims, pairs, goals, before) -> None:
    rising = [told.higher_is_better for _, told in pairs]
    values = np.array([goal.value for goal in goals])
    # Above the 95th percentile is what has a value before it at which 95 % are reached already.
    shares = claims.shares_at_or_below(pairs, np.where(rising, before, values))
    beyond = np.where(rising, shares >= 0.95, shares < 0.05)
    said = np.array([goal.status == "beyond_peers" for goal in goals])
    # The two ways to compute a share may differ by a rounding, exactly at the percentile.
    unsure = np.isclose(shares, np.where(rising, 0.95, 0.05), rtol=0.0, atol=1e-12)
    assert ((said == beyond) | unsure).all()
