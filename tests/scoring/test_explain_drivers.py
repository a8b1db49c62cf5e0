"""Points lost: what a mean has and what it lost is the maximum, whoever is missing."""

import numpy as np
import pytest
from builders import NAN, make_scorer
from health_card import make_absolute_scorer, make_tree_of
from hypothesis import given
from hypothesis import strategies as st
from test_two_ways import CASES, make_any_tree, make_odd_accounts

from serving.scoring.coverage import Coverage
from serving.scoring.drivers import Drivers
from serving.scoring.rollup import RollUp
from serving.scoring.scorecard import scorecard_from_dict


def make_deal(missing, components, scale="zero_to_100"):
    """Give a function from metric scores to what every mean lost."""
    names = [name for body in components.values() for name in body["metrics"]]
    card = scorecard_from_dict(
        {
            "schema": "scorecard/v1",
            "id": "by-hand",
            "scale": {"type": scale},
            "missing": missing,
            "peer_dimensions": [{"name": "size", "type": "number"}],
            "metrics": {name: {"kind": "peer"} for name in names},
            "components": components,
        }
    )
    drivers, roll_up, coverage = Drivers(card), RollUp(card, names), Coverage(card, names)

    def deal(*scores):
        statuses = [np.array([np.isnan(score)], dtype=np.uint8) for score in scores]
        shares = [covered.share[0] for covered in coverage.of(statuses)]
        return drivers.deal(scores, roll_up.one(scores), shares, [True] * len(scores))

    return deal


ONE_LEVEL = {"all": {"weight": 1, "metrics": {"qbr": 10, "cadence": 20, "churn": 15}}}


def identity_holds(lost, maximum):
    if lost.score is None:
        assert lost.drivers == ()
        return
    total = lost.score + sum(driver.points_lost for driver in lost.drivers)
    assert total == pytest.approx(maximum, abs=1e-9 * maximum)
    assert lost.points_lost == maximum - lost.score
    assert sum(driver.weight for driver in lost.drivers) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("ties", "missing", "scale"), CASES)
def test_score_and_points_lost_add_up_to_the_maximum(ties, missing, scale):
    scorer = make_scorer(make_any_tree(ties, missing, scale))

    explained = scorer.explain(make_odd_accounts(scorer, 20, seed=31))

    assert sum(why.overall.score is not None for why in explained) > 12
    for why in explained:
        for lost in (*why.components, why.overall):
            identity_holds(lost, why.maximum)


@pytest.mark.parametrize("missing", ["skip", "zero"])
def test_so_they_do_for_any_weights_and_scores_two_levels_deep(missing):
    weight = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
    score = st.one_of(st.just(NAN), st.floats(0.0, 100.0))

    @given(st.lists(weight, min_size=6, max_size=6), st.lists(score, min_size=4, max_size=4))
    def holds(weights, scores):
        a, b, c, d, left, right = weights
        if not (a + b > 0 and c + d > 0 and left + right > 0):
            return
        deal = make_deal(
            missing,
            {
                "left": {"weight": left, "metrics": {"a": a, "b": b}},
                "right": {"weight": right, "metrics": {"c": c, "d": d}},
            },
        )

        for lost in deal(*scores):
            identity_holds(lost, 100.0)

    holds()


def test_who_lost_most_comes_first():
    whole = make_deal("skip", ONE_LEVEL)(40.0, 75.0, 100.0)[-1]

    assert [driver.metric for driver in whole.drivers] == ["qbr", "cadence", "churn"]
    lost = [driver.points_lost for driver in whole.drivers]
    assert lost == pytest.approx([600 / 45, 500 / 45, 0])


def test_of_equal_losses_the_heavier_comes_first_then_the_order_of_the_tree():
    deal = make_deal("skip", {"all": {"weight": 1, "metrics": {"a": 1, "b": 2, "c": 1, "d": 2}}})

    none_lost = deal(100.0, 100.0, 100.0, 100.0)[-1]
    same_lost = make_deal("skip", ONE_LEVEL)(50.0, 75.0, 100.0)[-1]

    assert [driver.metric for driver in none_lost.drivers] == ["b", "d", "a", "c"]
    assert [driver.metric for driver in same_lost.drivers] == ["cadence", "qbr", "churn"]


def test_a_missing_metric_loses_nothing_where_it_is_skipped():
    whole = make_deal("skip", ONE_LEVEL)(NAN, 75.0, 40.0)[-1]

    told = {driver.metric: driver for driver in whole.drivers}
    assert (told["qbr"].weight, told["qbr"].score, told["qbr"].points_lost) == (0.0, None, 0.0)
    assert told["cadence"].weight == pytest.approx(20 / 35)
    assert told["churn"].points_lost == pytest.approx(60 * 15 / 35)


def test_a_missing_metric_loses_all_its_weight_where_it_counts_as_zero():
    whole = make_deal("zero", ONE_LEVEL)(NAN, 75.0, 40.0)[-1]

    told = {driver.metric: driver for driver in whole.drivers}
    assert (told["qbr"].score, told["qbr"].weight) == (None, pytest.approx(10 / 45))
    assert told["qbr"].points_lost == pytest.approx(1000 / 45)


@pytest.mark.parametrize(("missing", "lost"), [("skip", 0.0), ("zero", 25.0)])
def test_a_component_of_which_nothing_is_known_is_treated_like_a_missing_metric(missing, lost):
    deal = make_deal(
        missing,
        {
            "known": {"weight": 3, "metrics": {"a": 1}},
            "unknown": {"weight": 1, "metrics": {"b": 1, "c": 3}},
        },
    )

    known, unknown, whole = deal(80.0, NAN, NAN)

    assert (unknown.score, unknown.drivers) == (None, ())
    assert sum(d.points_lost for d in whole.drivers if d.metric in "bc") == pytest.approx(lost)
    identity_holds(whole, 100.0)
    identity_holds(known, 100.0)


def test_a_component_that_is_withheld_counts_for_nothing_above_it():
    known = {"kind": "linear", "best": 100, "worst": 0}
    metrics = {name: {**known, "input": f"{name}_points"} for name in ("a", "b", "c")}
    components = {
        "thin": {"weight": 1, "metrics": {"a": 1, "b": 3}, "coverage": {"minimum": 0.5}},
        "full": {"weight": 1, "metrics": {"c": 1}},
    }
    scorer = make_absolute_scorer(make_tree_of(metrics, components=components))
    columns = {"a_points": [90.0], "b_points": [NAN], "c_points": [40.0]}

    (why,) = scorer.explain(scorer.encode(columns))

    thin, full = why.components
    assert (thin.score, thin.coverage, thin.reason) == (None, 0.25, "insufficient_coverage")
    assert (full.score, why.overall.score, why.overall.coverage) == (40.0, 40.0, 0.5)
    weights = {driver.metric: driver.weight for driver in why.overall.drivers}
    assert weights == {"a": 0.0, "b": 0.0, "c": 1.0}
    identity_holds(why.overall, 100.0)


def test_a_payload_alone_gives_the_scores_again():
    scorer = make_scorer(make_any_tree("bounds", "zero", {"type": "out_of_10", "step": 1}))

    for why in scorer.explain(make_odd_accounts(scorer, 100, seed=32)):
        plain = why.to_dict()
        for lost in (*plain["components"], plain["overall"]):
            if lost["score"] is not None:
                again = sum(d["weight"] * (d["score"] or 0.0) for d in lost["drivers"])
                assert np.isclose(again, lost["score"], rtol=0.0, atol=1e-9)
