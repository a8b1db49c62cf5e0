"""What is told to reach a band does, as the scorer says; what is told not to, does not."""

import datetime as dt

import numpy as np
import pytest
from builders import make_accounts, make_scorer, make_tree
from health_card import (
    KINDS,
    WEIGHTS,
    facts_account,
    make_absolute_scorer,
    make_points_tree,
    make_tree_of,
    points_account,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring import InvalidInput

TODAY = dt.date(2026, 6, 1)
SCALES = [
    {"type": "zero_to_100"},
    {"type": "zero_to_100", "step": 5},
    {"type": "out_of_10", "step": 1},
]
FACTS = st.fixed_dictionaries(
    {
        "safety": st.floats(0.0, 100.0),
        "usage_tier": st.sampled_from(["power", "high", "medium", "low", "none"]),
        "last_health_check": st.integers(0, 200).map(float),
        "onboarding_result": st.sampled_from(["on_time", "late", "missed", "open"]),
        "last_insider_call": st.one_of(st.just(np.nan), st.integers(0, 200).map(float)),
        "insider_program": st.booleans(),
        "last_qbr": st.one_of(st.just(np.nan), st.integers(0, 400).map(float)),
        "pipeline_moving": st.integers(0, 12).map(float),
        "pipeline_open": st.integers(0, 12).map(float),
        "tenure_months": st.floats(0.0, 60.0),
    }
)


def bands_of(scale):
    share = 1.0 if scale["type"] == "zero_to_100" else 0.1
    return {name: bound * share for name, bound in {"A": 75, "B": 50, "C": 25, "D": 0}.items()}


def with_changes(scorer, account, changes):
    """Score an account with changes, through the public door."""
    types = {entry.name: entry.type for entry in scorer.inputs}
    values = {
        each.input: TODAY - dt.timedelta(days=each.value)
        if types[each.input] == "date"
        else each.value
        for each in changes
    }
    return scorer.what_if(account, values, scoring_date=TODAY).values[0]


def check(scorer, account, next_band):
    place = {name: number for number, name in enumerate(scorer.outputs)}
    keys = dict(zip([m.name for m in scorer.scorecard.metrics], scorer.metric_keys, strict=True))
    for alone in next_band.alone:
        if alone.change is None:
            assert (alone.status, alone.global_score) == ("not_reachable", None)
            assert alone.best < next_band.target
            continue
        values = with_changes(scorer, account, [alone.change])
        assert values[-1] == alone.global_score >= next_band.target
        assert values[place[keys[alone.metric]]] == alone.change.score
        assert alone.best >= alone.global_score
    together = next_band.together
    if together is not None:
        values = with_changes(scorer, account, together.changes)
        assert values[-1] == together.global_score
        assert together.reached == (values[-1] >= next_band.target)
        if together.reached and len(together.changes) > 1:
            fewer = with_changes(scorer, account, together.changes[:-1])
            assert fewer[-1] < next_band.target


@pytest.mark.parametrize("scale", SCALES, ids=["unrounded", "steps of 5", "out of 10"])
def test_what_is_told_to_reach_the_next_band_reaches_it(scale):
    scorer = make_absolute_scorer(make_tree_of(KINDS, scale=scale, bands=bands_of(scale)))
    seen = set()

    @settings(max_examples=25, deadline=None)
    @given(FACTS)
    def holds(facts):
        account = facts_account(scorer, **facts)
        (why,) = scorer.explain(account)
        if why.next_band is None:
            assert why.band in (None, "A")
            return
        seen.update(each.status for each in why.next_band.alone)
        check(scorer, account, why.next_band)

    holds()
    assert seen == {"reachable", "not_reachable"}


@pytest.mark.parametrize("column", ["last_qbr", "last_health_check", "pipeline_moving", "safety"])
def test_no_other_value_of_the_input_brings_more_than_the_best_told_or_needs_less(column):
    scorer = make_absolute_scorer(make_tree_of(KINDS))
    account = facts_account(scorer)
    place = [entry.name for entry in scorer.inputs].index(column)
    owner = next(name for name, body in KINDS.items() if column in body.values())

    (why,) = scorer.explain(account, target=64.0)

    told = next(each for each in why.next_band.alone if each.metric == owner)
    others = np.repeat(account, 401, axis=0)
    others[:, place] = np.arange(401.0)
    scores = scorer.score(others).values[:, -1]
    assert scores.max() == pytest.approx(told.best, abs=1e-12)
    enough = np.flatnonzero(scores >= 64.0)
    assert (len(enough) > 0) == (told.change is not None)
    if told.change is not None:
        nearest = enough[np.abs(enough - account[0, place]).argmin()]
        assert told.change.value == nearest


def test_a_column_that_two_metrics_read_counts_for_both():
    rising = {"kind": "linear", "input": "load", "best": 100, "worst": 0}
    falling = {"kind": "linear", "input": "load", "best": 0, "worst": 100}
    other = {"kind": "linear", "input": "other", "best": 100, "worst": 0}
    metrics = {"churn": rising, "usage": falling, "cadence": other}
    components = {name: {"weight": 1, "metrics": {name: 1}} for name in metrics}
    scorer = make_absolute_scorer(make_tree_of(metrics, components=components))
    account = scorer.encode({"load": [50.0], "other": [20.0]})

    (why,) = scorer.explain(account, target=50.0)

    # What is won on one side of `load` is lost on the other.
    told = {each.metric: each for each in why.next_band.alone}
    assert (told["churn"].status, told["usage"].status) == ("not_reachable", "not_reachable")
    assert told["churn"].best == told["usage"].best == why.overall.score
    assert told["cadence"].change.value == 50.0
    check(scorer, account, why.next_band)


def test_a_card_of_peer_metrics_is_told_which_values_bring_its_next_band():
    tree = make_tree(bands={"High": 8.5, "Fair": 4.0, "Low": 0.0})
    scorer = make_scorer(tree)
    accounts = make_accounts(scorer, 60, seed=61)
    statuses = set()

    for row, why in enumerate(scorer.explain(accounts)):
        if why.next_band is not None:
            assert why.band != "High"
            statuses |= {each.status for each in why.next_band.alone}
            check(scorer, accounts[[row]], why.next_band)

    assert statuses == {"reachable", "beyond_peers", "not_reachable"}


def test_bands_change_nothing_else_of_an_explanation():
    accounts = make_accounts(make_scorer(), 30, seed=62)

    without = make_scorer().explain(accounts)
    banded = make_scorer(make_tree(bands={"High": 5.0, "Low": 0.0})).explain(accounts)

    assert {why.band for why in without} == {None}
    for plain, told in zip(without, banded, strict=True):
        assert told._replace(band=None, next_band=None) == plain


@pytest.mark.parametrize("target", [-1.0, 101.0, float("nan")])
def test_a_target_that_is_not_on_the_scale_is_refused(target):
    scorer = make_absolute_scorer(make_points_tree())

    with pytest.raises(InvalidInput, match="from 0 to 100"):
        scorer.explain(points_account(scorer), target=target)


def test_who_has_reached_the_target_is_told_nothing():
    scorer = make_absolute_scorer(make_points_tree())
    perfect = points_account(scorer, **dict.fromkeys(WEIGHTS, 100.0))

    (why,) = scorer.explain(points_account(scorer), target=60.0)
    (best,) = scorer.explain(perfect)

    assert (why.next_band, best.next_band) == (None, None)


def test_a_target_beyond_all_there_is_to_change_is_said_to_be_out_of_reach():
    capped = {"kind": "tier", "input": "tier", "scores": {"high": 60, "low": 20}}
    scorer = make_absolute_scorer(make_tree_of({"usage": capped}))

    (why,) = scorer.explain(scorer.encode({"tier": ["low"]}))

    (usage,) = why.next_band.alone
    # Watch begins at 50, and 60 is the first label with as much.
    assert (usage.change.value, usage.global_score, usage.best) == ("high", 60.0, 60.0)
    (why,) = scorer.explain(scorer.encode({"tier": ["low"]}), target=75.0)
    assert (why.next_band.alone[0].status, why.next_band.alone[0].best) == ("not_reachable", 60.0)
    assert (why.next_band.together.reached, why.next_band.together.global_score) == (False, 60.0)


def test_what_is_told_of_an_account_depends_on_its_own_row_alone():
    scorer = make_absolute_scorer(make_tree_of(KINDS))
    rng = np.random.default_rng(63)
    rows = [
        facts_account(
            scorer,
            safety=rng.uniform(0, 100),
            last_qbr=rng.choice([20.0, 100.0, 300.0, np.nan]),
            usage_tier=str(rng.choice(["power", "low"])),
            pipeline_open=rng.choice([0.0, 10.0]),
        )
        for _ in range(20)
    ]

    together = scorer.explain(np.vstack(rows))

    assert together == [scorer.explain(row)[0] for row in rows]
    assert {why.next_band.together is None for why in together if why.next_band} == {True, False}


def test_codes_and_numbers_of_any_kind_are_explained():
    scorer = make_absolute_scorer(make_tree_of(KINDS))
    odd = [-1.0, 99.0, np.inf, -np.inf, np.nan]

    explained = scorer.explain(np.repeat(np.array(odd)[:, None], len(scorer.inputs), axis=1))

    told = [next(m for m in why.metrics if m.metric == "usage") for why in explained]
    assert {metric.inputs["usage_tier"] for metric in told} == {None}
    assert {metric.status for metric in told} == {"missing"}


class Certain:
    """A model that is always as sure."""

    inputs = ("logins",)

    def probability(self, columns):
        return np.full(len(columns[0]), 0.35)


def test_no_change_is_advised_for_what_a_model_predicts():
    metrics = {
        "churn": {"kind": "learned_risk", "model": "m2", "inputs": ["logins"]},
        "tenure": KINDS["tenure"],
    }
    tree = make_tree_of(metrics)
    scorer = make_absolute_scorer(tree, models={"m2": Certain()})
    without = make_absolute_scorer(tree)
    columns = {"logins": [3.0], "tenure_months": [18.0]}

    (why,) = scorer.explain(scorer.encode(columns), target=72.0)
    (missing,) = without.explain(without.encode(columns), target=72.0)

    told = {each.metric: each for each in why.next_band.alone}
    assert why.overall.score == pytest.approx((30 * 65 + 5 * 50) / 35)
    assert told["churn"].needed == pytest.approx((72 * 35 - 5 * 50) / 30)
    assert (told["churn"].status, told["churn"].change) == ("not_reachable", None)
    assert told["churn"].best == why.overall.score
    assert [metric.status for metric in missing.metrics] == ["model_missing", "ok"]
    assert missing.overall.reason == "insufficient_coverage"
