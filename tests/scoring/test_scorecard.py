import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring.column import Input
from serving.scoring.contradictions import tree_mistakes
from serving.scoring.errors import InvalidScorecard
from serving.scoring.scorecard import Scale, scorecard_from_dict


def make_tree(**changes: Any) -> dict[str, Any]:
    tree = {
        "schema": "scorecard/v1",
        "id": "small",
        "scale": {"type": "out_of_10", "step": 1},
        "missing": "skip",
        "peer_dimensions": [
            {"name": "region", "type": "category", "categories": ["EU", "US"]},
            {"name": "acct_age", "type": "number"},
        ],
        "metrics": {"macro": {"kind": "peer", "lower": 0}, "bots": {"kind": "peer"}},
        "components": {
            "auto": {
                "weight": 1,
                "metrics": {"bots": 2},
                "components": {"deep": {"weight": 1, "metrics": {"macro": 1}}},
            }
        },
    }
    return copy.deepcopy(tree | changes)


def component(metrics: dict[str, Any] | list[str], weight: float = 1) -> dict[str, Any]:
    return {"weight": weight, "metrics": metrics}


@pytest.mark.parametrize(
    ("scale", "rank", "score"),
    [
        (Scale("out_of_10", 1), 0.449, 4),
        (Scale("out_of_10", 1), 0.45, 4),
        (Scale("out_of_10", 1), 0.55, 6),
        (Scale("out_of_10", 0.1), 0.03, 0.3),
        (Scale("out_of_10", 2.5), 0.6, 5),
        (Scale("out_of_10", None), 0.449, 4.49),
        (Scale("zero_to_100", 1), 0.449, 45),
        (Scale("zero_to_100", 5), 1, 100),
    ],
)
def test_a_rank_becomes_the_nearest_step_half_to_even(
    scale: Scale, rank: float, score: float
) -> None:
    assert scale.score(np.array([rank])).tolist() == [score]


def test_no_rank_is_no_score() -> None:
    assert np.isnan(Scale().score(np.array([np.nan]))).all()


STEPS = st.sampled_from([None, 0.001, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 10])


@given(ranks=st.lists(st.floats(0, 1), min_size=2), step=STEPS)
def test_scores_keep_the_order_of_the_ranks_and_stay_within_the_scale(
    ranks: list[float], step: float | None
) -> None:
    scores = Scale("out_of_10", step).score(np.sort(np.array(ranks)))

    assert (np.diff(scores) >= 0).all()
    assert scores.min() >= 0
    assert scores.max() <= 10


def test_children_come_before_their_parents() -> None:
    card = scorecard_from_dict(make_tree())

    assert [node.name for node in card.all_components] == ["deep", "auto"]
    assert card.score_names == (
        "deep_macro_metric_score",
        "auto_bots_metric_score",
        "deep_component_score",
        "auto_component_score",
        "global_score",
    )


def test_inputs_are_in_the_order_of_their_names() -> None:
    card = scorecard_from_dict(make_tree())

    assert card.inputs == (
        Input("acct_age"),
        Input("bots"),
        Input("macro"),
        Input("region", "category", ("EU", "US")),
    )


def test_an_input_stores_categories_only_where_there_are_any() -> None:
    assert Input("acct_age").to_dict() == {"name": "acct_age", "type": "number"}
    assert Input("region", "category", ("EU",)).to_dict()["categories"] == ["EU"]


def test_a_scorecard_survives_json() -> None:
    card = scorecard_from_dict(make_tree())

    assert scorecard_from_dict(json.loads(json.dumps(card.tree))) == card


CONTRADICTIONS: list[tuple[dict[str, Any], tuple[str | int, ...], str, str]] = [
    ({"components": {}}, ("components",), "has neither", "nothing to score"),
    (
        {"components": {"auto": component({"bots": 1, "macro": 1}, weight=0)}},
        ("components",),
        "every weight is 0",
        "the global score could never be",
    ),
    (
        {"components": {"auto": component({"bots": 1, "macro": 1}, weight=-1)}},
        ("components", "auto", "weight"),
        "from 0 to",
        "weights at the top are weights too",
    ),
    (
        {"components": {"auto": component({"bots": 10**400, "macro": 1})}},
        ("components", "auto", "metrics", "bots"),
        "from 0 to",
        "JSON has integers that are no floats",
    ),
    (
        {"components": {"auto": component({"bots": 0, "macro": 0})}},
        ("components", "auto"),
        "every weight is 0",
        "the component could never have a score",
    ),
    (
        {"components": {"auto": component({"bots": 1, "macro": 1, "zeal": 1})}},
        ("components", "auto", "metrics", "zeal"),
        "not declared",
        "a name that is nowhere",
    ),
    (
        {"components": {"a": component({"bots": 1, "macro": 1}), "b": component({"bots": 1})}},
        ("components", "b", "metrics", "bots"),
        "in component a already",
        "one metric has one parent",
    ),
    (
        {"components": {"auto": component(["bots", "macro", "bots"])}},
        ("components", "auto", "metrics", 2),
        "in component auto already",
        "a list can name a metric twice",
    ),
    (
        {"components": {"auto": component({"bots": 1})}},
        ("metrics", "macro"),
        "in no component",
        "it would be scored and shown nowhere",
    ),
    (
        {
            "metrics": {"b_c": {"kind": "peer"}, "c": {"kind": "peer"}},
            "components": {"a": component({"b_c": 1}), "a_b": component({"c": 1})},
        },
        ("components", "a_b", "metrics", "c"),
        "the key of two scores",
        "a_b_c_metric_score, twice",
    ),
    (
        {
            "components": {
                "a": {"weight": 1, "components": {"b": component({"bots": 1})}},
                "b": component({"macro": 1}),
            }
        },
        ("components", "b"),
        "second component called b",
        "b_component_score, twice",
    ),
    ({"scale": {"type": "out_of_10", "step": 3}}, ("scale", "step"), "does not divide", "10 / 3"),
    ({"scale": {"type": "out_of_10", "step": 1e-320}}, ("scale", "step"), "not a step", "10 / it"),
    ({"scale": {"type": "out_of_10", "step": -1}}, ("scale", "step"), "not a step", "negative"),
    (
        {"peer_dimensions": [{"name": "bots", "type": "number"}]},
        ("metrics", "bots"),
        "peer dimension too",
        "a metric compared with itself",
    ),
    (
        {"peer_dimensions": ["acct_age", {"name": "acct_age", "type": "date"}]},
        ("peer_dimensions", 1),
        "listed twice",
        "both forms",
    ),
    ({"peer_dimensions": ["acct-age"]}, ("peer_dimensions", 0), "not a name", "a hyphen"),
]


@pytest.mark.parametrize(("changes", "path", "reason", "why"), CONTRADICTIONS)
def test_a_contradiction_is_found_once_where_it_is(
    changes: dict[str, Any], path: tuple[str | int, ...], reason: str, why: str
) -> None:
    found = tree_mistakes(make_tree(**changes))

    assert [mistake.path for mistake in found] == [path], why
    assert reason in found[0].reason


def test_all_contradictions_are_raised_at_once() -> None:
    tree = make_tree(
        scale={"type": "out_of_10", "step": 3}, components={"auto": component({"bots": 1})}
    )

    with pytest.raises(InvalidScorecard) as caught:
        scorecard_from_dict(tree)

    assert caught.value.mistakes == (
        "scale.step: 3 does not divide 10 into equal steps",
        "metrics.macro: macro is in no component",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(part=st.sampled_from(list(make_tree())), value=JSON)
def test_finding_contradictions_survives_any_shape(part: str, value: Any) -> None:
    tree_mistakes(make_tree(**{part: value}))
