"""Raising a value never lowers its score, to the bit, whatever the rules and the neighbours."""

from typing import Any, get_args

import numpy as np
import pytest
from builders import CURVES, INF, KNOTS, make_accounts, make_curve, make_scorer, make_tree
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.scorecard import Ties
from serving.scoring.scorer import Scorer

METRICS = ("bots", "rate", "price")


def make_scorer_of(ties: Ties, higher_is_better: bool, **bounds: float) -> Scorer:
    rules: dict[str, Any] = {"ties": ties, "higher_is_better": higher_is_better, **bounds}
    metrics = {name: {"kind": "peer", **rules} for name in METRICS}
    return make_scorer(make_tree(metrics=metrics, scale={"type": "out_of_10"}))


def ladder(name: str) -> NDArray[np.float64]:
    """Values in order: points, atoms, where knots lie, the next numbers around all of these."""
    curve = make_curve(CURVES[name])
    places = np.concatenate([curve.values, np.interp(KNOTS, curve.ranks, curve.values), [0.3, 7.0]])
    steps = [places]
    for direction in (-INF, INF):
        for _ in range(2):
            steps.append(np.nextafter(steps[-1], direction))
        steps.append(places)
    span = np.linspace(places.min() - 1, places.max() + 1, 60)
    return np.unique([*np.concatenate(steps), *span, -INF, -1e300, 1e300, INF])


@pytest.mark.parametrize("ties", get_args(Ties))
@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize("bounds", [{}, {"lower": 0.3, "upper": 7.0}, {"lower": -9.0}])
def test_a_better_value_never_lowers_the_score_and_its_parents(
    ties: Ties, higher_is_better: bool, bounds: dict[str, float]
) -> None:
    # 24 cases of 3 metrics, 40 places and some 130 values: 370,000 pairs of neighbours.
    scorer = make_scorer_of(ties, higher_is_better, **bounds)
    column = [entry.name for entry in scorer.inputs]
    score = [f"use_{name}" for name in METRICS[:2]] + ["cost_price"]
    for name, key in zip(METRICS, score, strict=True):
        values = ladder(name)
        accounts = make_accounts(scorer, 40, seed=4).repeat(len(values), axis=0)
        accounts[:, column.index(name)] = np.tile(values, 40)

        scores = scorer.score(accounts).values.reshape(40, len(values), -1)

        rises = np.diff(scores, axis=1) * (1 if higher_is_better else -1)
        own = scorer.outputs.index(f"{key}_metric_score")
        assert (rises[:, :, own] >= 0).all()
        # Where a sibling is missing throughout, a parent still only rises.
        assert not (rises < 0).any()


SCORERS = {
    (ties, better): make_scorer_of(ties, better)
    for ties in get_args(Ties)
    for better in (True, False)
}


@settings(max_examples=300, deadline=None)
@given(
    ties=st.sampled_from(get_args(Ties)),
    better=st.booleans(),
    age=st.floats(-10, 150),
    size=st.floats(0.5, 2000),
    pairs=st.lists(st.tuples(st.floats(-20, 60), st.floats(-20, 60)), min_size=3, max_size=3),
)
def test_of_two_accounts_alike_the_better_value_scores_at_least_as_high(
    ties: Ties, better: bool, age: float, size: float, pairs: list[tuple[float, float]]
) -> None:
    scorer = SCORERS[ties, better]
    # In the order of the inputs: age, bots, price, rate, region, size; two rows at a time.
    low = [min(pair) for pair in pairs]
    high = [max(pair) for pair in pairs]
    accounts = np.array([[age, *row, 0.0, size] for row in (low, high)])

    less, more = scorer.score(accounts).values

    assert ((more >= less) if better else (more <= less)).all()


def test_whoever_uses_nothing_of_what_cannot_be_less_scores_0_and_at_a_top_code_all() -> None:
    scorer = make_scorer()
    column = [entry.name for entry in scorer.inputs]
    accounts = make_accounts(scorer, 20_000)
    bots, rate = (accounts[:, column.index(name)] for name in ("bots", "rate"))

    ranks = scorer.score(accounts).ranks

    assert (ranks[bots <= 0, 0] == 0.0).all()
    assert (ranks[rate <= 0, 1] == 0.0).all()
    assert (ranks[rate >= 1, 1] == 1.0).all()
    assert (bots == 0).sum() > 1000
