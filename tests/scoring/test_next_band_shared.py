"""Columns that several metrics read: what is best for one of them is tried for all."""

import numpy as np
import pytest
from health_card import make_absolute_scorer, make_tree_of


class Indifferent:
    """A model that its input does not move."""

    inputs = ("load",)

    def probability(self, columns):
        return np.full(len(columns[0]), 0.4)


@pytest.mark.parametrize("needed", [60.0, 90.0])
def test_what_is_best_for_one_reader_of_a_column_is_tried_for_the_others(needed):
    metrics = {
        "churn": {"kind": "linear", "input": "load", "best": 100, "worst": 0},
        "usage": {"kind": "linear", "input": "load", "best": 0, "worst": 100},
        "pipeline": {"kind": "ratio", "numerator": "other", "denominator": "load"},
    }
    components = {
        name: {"weight": weight, "metrics": {name: 1}}
        for name, weight in {"churn": 98, "usage": 1, "pipeline": 1}.items()
    }
    scorer = make_absolute_scorer(make_tree_of(metrics, components=components))
    account = scorer.encode({"load": [20.0], "other": [20.0]})

    (why,) = scorer.explain(account, target=needed)

    # `usage` falls with the load that lifts `churn` and the whole.
    told = {each.metric: each for each in why.next_band.alone}
    assert {each.status for each in why.next_band.alone} == {"reachable"}
    assert told["churn"].change.value == told["usage"].change.value
    assert told["usage"].change.score < why.metrics[1].score
    assert told["usage"].best == told["churn"].best
    for each in why.next_band.alone:
        again = scorer.what_if(account, {each.change.input: each.change.value})
        assert again.values[0, -1] == each.global_score >= needed


def test_a_value_that_takes_the_metric_s_own_score_away_is_not_told():
    metrics = {
        "churn": {"kind": "linear", "input": "load", "best": 0, "worst": 100},
        "pipeline": {"kind": "ratio", "numerator": "other", "denominator": "load"},
    }
    scorer = make_absolute_scorer(make_tree_of(metrics))
    account = scorer.encode({"load": [50.0], "other": [10.0]})

    (why,) = scorer.explain(account, target=99.0)

    # Without load nothing is there to take a share of.
    told = {each.metric: each for each in why.next_band.alone}
    assert (told["churn"].status, told["pipeline"].status) == ("reachable", "not_reachable")


def test_an_input_of_a_model_is_not_advised_for_the_model_s_sake():
    metrics = {
        "churn": {"kind": "learned_risk", "model": "m2", "inputs": ["load"]},
        "usage": {"kind": "linear", "input": "load", "best": 100, "worst": 0},
    }
    scorer = make_absolute_scorer(make_tree_of(metrics), models={"m2": Indifferent()})

    (why,) = scorer.explain(scorer.encode({"load": [50.0]}), target=60.0)

    told = {each.metric: each.status for each in why.next_band.alone}
    assert told == {"churn": "not_reachable", "usage": "reachable"}
