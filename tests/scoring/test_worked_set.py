"""The worked example of the eight-component health score: every figure, from the tree to advice."""

import numpy as np
import pytest
from health_card import KINDS as FACT_KINDS
from health_card import (
    WEIGHTS,
    facts_account,
    make_absolute_scorer,
    make_points_tree,
    make_tree_of,
    points_account,
)


def make_scorer():
    return make_absolute_scorer(make_points_tree())


def explain(scorer, *, target=None, **changes):
    (why,) = scorer.explain(points_account(scorer, **changes), target=target)
    return why


def test_the_score_is_the_mean_over_what_applies():
    why = explain(make_scorer())

    assert why.overall.score == pytest.approx(5650 / 90, abs=1e-12)
    assert round(why.overall.score, 2) == 62.78
    assert (why.band, why.overall.coverage) == ("Watch", 1.0)
    insider = next(metric for metric in why.metrics if metric.metric == "insider")
    assert (insider.status, insider.score) == ("not_applicable", None)


def test_the_drivers_are_the_largest_points_lost_under_the_names_people_use():
    why = explain(make_scorer())

    top = [(driver.label, round(driver.points_lost, 2)) for driver in why.overall.drivers[:3]]
    assert top == [
        ("QBR overdue", 11.11),
        ("Health-check cadence", 10.0),
        ("churn (component)", 6.67),
    ]
    # Usage loses as much as churn; the heavier comes first.
    assert why.overall.drivers[3].metric == "usage"
    lost = sum(driver.points_lost for driver in why.overall.drivers)
    assert why.overall.score + lost == pytest.approx(100.0, abs=1e-9)


def test_to_reach_70_either_of_two_is_enough():
    next_band = explain(make_scorer(), target=70.0).next_band

    enough = {each.metric: each for each in next_band.alone if each.status == "reachable"}
    assert next_band.band is None
    assert next_band.together is None
    assert round(enough.pop("qbr").needed, 2) == 65.0
    cadence = enough.pop("cadence")
    assert round(cadence.needed, 2) == 83.33
    assert not enough
    # Its points are whole numbers, as far as anybody knows.
    assert cadence.change.value == 84.0
    assert cadence.global_score == pytest.approx((5650 + 15 * 44) / 90)
    # The nearest is told first: 43.33 points to go, and 65.
    assert [each.metric for each in next_band.alone[:2]] == ["cadence", "qbr"]


def test_to_be_healthy_takes_two_together():
    next_band = explain(make_scorer()).next_band

    best = {each.metric: round(each.best, 2) for each in next_band.alone}
    assert (next_band.band, next_band.target) == ("Healthy", 75.0)
    assert {each.status for each in next_band.alone} == {"not_reachable"}
    assert (best["qbr"], best["cadence"]) == (73.89, 72.78)
    assert [each.metric for each in next_band.alone[:2]] == ["qbr", "cadence"]
    together = next_band.together
    assert [(each.metric, each.score) for each in together.changes] == [
        ("qbr", 100.0),
        ("cadence", 100.0),
    ]
    assert (round(together.global_score, 2), together.reached) == (83.89, True)


def test_an_insider_call_that_never_was_counts_for_who_is_in_the_cohort():
    why = explain(make_scorer(), insider=0.0)

    assert why.overall.score == pytest.approx(56.5, abs=1e-12)
    assert why.band == "Watch"


def test_what_is_missing_lowers_the_coverage_and_not_the_score():
    why = explain(make_scorer(), onboarding=None)

    assert why.overall.score == pytest.approx(58.125, abs=1e-12)
    assert why.overall.coverage == pytest.approx(80 / 90)
    onboarding = next(each for each in why.components if each.key.startswith("onboarding"))
    assert (onboarding.score, onboarding.coverage) == (None, 0.0)
    assert onboarding.reason == "insufficient_coverage"


def test_without_any_fact_there_is_no_score_and_no_band():
    why = explain(make_scorer(), **dict.fromkeys(WEIGHTS))

    assert (why.overall.score, why.overall.reason) == (None, "insufficient_coverage")
    assert (why.band, why.next_band, why.overall.drivers) == (None, None, ())


def test_a_score_of_which_less_than_half_is_known_is_withheld():
    half = dict.fromkeys(["usage", "cadence", "onboarding", "qbr", "pipeline", "tenure"])

    why = explain(make_scorer(), **half)

    assert (why.overall.score, why.overall.reason) == (None, "insufficient_coverage")
    assert why.overall.coverage == pytest.approx(30 / 90)
    assert why.band is None


def test_where_nothing_applies_the_reason_is_that():
    metric = {"kind": "linear", "input": "points", "best": 100, "worst": 0, "cohort": "member"}
    scorer = make_absolute_scorer(make_tree_of({"insider": metric}))

    (why,) = scorer.explain(scorer.encode({"points": [50.0], "member": [False]}))

    assert (why.overall.score, why.overall.reason) == (None, "not_applicable")
    assert why.overall.coverage is None


@pytest.mark.parametrize(
    ("points", "band"), [(75.0, "Healthy"), (74.999, "Watch"), (0.0, "Critical")]
)
def test_a_band_begins_at_its_lower_bound(points, band):
    every = dict.fromkeys(WEIGHTS, points)

    why = explain(make_scorer(), **every)

    assert why.band == band


def test_three_categories_of_equal_weight_are_averaged():
    metrics = {
        name: {"kind": "linear", "input": f"{name}_points", "best": 100, "worst": 0}
        for name in ("adoption", "expertise", "health")
    }
    components = {name: {"weight": 1, "metrics": {name: 1}} for name in metrics}
    scorer = make_absolute_scorer(make_tree_of(metrics, components=components))
    columns = {"adoption_points": [70, 10], "expertise_points": [50, 10], "health_points": [90, 10]}

    first, second = scorer.explain(scorer.encode(columns))

    assert (first.overall.score, second.overall.score) == (70.0, 10.0)


def test_an_account_s_score_is_the_same_bits_whoever_the_others_are():
    scorer = make_scorer()
    rng = np.random.default_rng(1)
    others = rng.uniform(0.0, 100.0, (500, len(scorer.inputs)))
    account = points_account(scorer)

    with_some = scorer.score(np.vstack([account, others])).values[0]
    with_others = scorer.score(np.vstack([others[::-1] / 3.0, account])).values[-1]

    assert with_some.tobytes() == with_others.tobytes() == scorer.score(account).values.tobytes()


def recomputed(plain):
    """Every mean of an explanation, from nothing but what it says."""
    means = {}
    for lost in (*plain["components"], plain["overall"]):
        metrics = {metric["metric"]: metric["score"] for metric in plain["metrics"]}
        parts = [
            driver["weight"] * (metrics[driver["metric"]] or 0.0) for driver in lost["drivers"]
        ]
        means[lost["key"]] = sum(parts) if lost["drivers"] else None
    return means


@pytest.mark.parametrize("missing", ["skip", "zero"])
def test_the_score_can_be_computed_again_from_the_explanation_alone(missing):
    scorer = make_absolute_scorer(make_points_tree(missing=missing))
    rng = np.random.default_rng(2)
    accounts = rng.uniform(-20.0, 120.0, (60, len(scorer.inputs)))
    accounts[rng.random(accounts.shape) < 0.3] = np.nan
    accounts[:, [entry.name for entry in scorer.inputs].index("insider_program")] = 1.0

    explained = [why.to_dict() for why in scorer.explain(accounts)]

    scored = scorer.score(accounts).values[:, len(WEIGHTS) :]
    assert np.isnan(scored[:, -1]).any()
    again = np.array([list(recomputed(plain).values()) for plain in explained], dtype=float)
    np.testing.assert_allclose(again, scored, rtol=0.0, atol=1e-9)
    for lost in (mean for plain in explained for mean in (*plain["components"], plain["overall"])):
        if lost["score"] is not None:
            points = sum(driver["points_lost"] for driver in lost["drivers"])
            assert lost["score"] + points == pytest.approx(100.0, abs=1e-9)


def test_advice_is_given_in_the_facts_that_people_can_change():
    scorer = make_absolute_scorer(make_tree_of(FACT_KINDS))

    (why,) = scorer.explain(facts_account(scorer), target=70.0)

    told = {each.metric: each for each in why.next_band.alone}
    assert told["qbr"].change.value == 90.0
    assert told["qbr"].change.score == 100.0
    assert told["qbr"].change.text == "last_qbr within 90 days"
    assert told["usage"].status == "not_reachable"
    kinds = {metric.metric: metric for metric in why.metrics}
    assert kinds["usage"].inputs == {"usage_tier": "medium"}
    assert kinds["usage"].next_point.value == "high"
    assert kinds["insider"].inputs == {"last_insider_call": None, "insider_program": False}
    assert kinds["pipeline"].next_point.input == "pipeline_moving"
