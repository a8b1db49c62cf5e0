import copy
import json
import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from absolute_tree import absolute_tree, with_other
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring.contradictions import tree_mistakes
from serving.scoring.errors import InvalidScorecard
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.tree_shape import misshapen


def test_a_tree_of_every_kind_has_its_shape_and_no_mistake() -> None:
    tree = json.loads(json.dumps(absolute_tree()))

    assert misshapen(tree) is None
    assert tree_mistakes(tree) == []
    assert len(scorecard_from_dict(tree).absolute_metrics) == 8


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("weights_total", "100"),
        ("bands", [75, 0]),
        ("bands", {"Healthy": "75"}),
        ("bands", {"Healthy": True}),
        ("coverage", 0.5),
        ("coverage/minimum", None),
        ("drivers", 3),
        ("drivers/top", 2.5),
        ("drivers/top", True),
        ("peers", ["size"]),
        ("peers/dimensions", "size"),
        ("peers/dimensions", [3]),
        ("peers/minimum_group", 10.5),
        ("events", []),
        ("events/bought", "sum"),
        ("events/bought/event", None),
        ("events/bought/take", "mean"),
        ("events/bought/take", ["sum"]),
        ("events/bought/months", 12.5),
        ("components/adoption/label", 3),
        ("components/adoption/coverage", 0.5),
        ("components/adoption/coverage/minimum", "half"),
        ("components/technical/allow", "ratio"),
        ("components/technical/allow", [3]),
        ("components/technical/allow", {"observability": "ratio"}),
        ("metrics/qbr/label", None),
        ("metrics/qbr/product", 3),
        ("metrics/qbr/cohort", ["insider"]),
        ("metrics/qbr/as_of", None),
        ("metrics/qbr/max_age_days", "30"),
        ("metrics/qbr/steps", {"90": 100}),
        ("metrics/qbr/steps", [[90, 100, 3]]),
        ("metrics/qbr/mystery", 1),
        ("metrics/usage/scores", {"high": "100"}),
        ("metrics/alerts/deductions", ["alerts_90d"]),
        ("metrics/churn/inputs", "logins"),
        ("metrics/orders/min_months", 12.5),
        ("metrics/pages/best", None),
        ("metrics/pages/kind", "rank"),
        ("peer_dimensions", [{"name": "size", "type": "boolean"}]),
    ],
)
def test_a_stored_tree_of_another_shape_is_named_where_it_is(path: str, value: Any) -> None:
    found = misshapen(with_other(path, value))

    assert found is not None
    assert path.replace("/", ".").startswith(found) or found.startswith(path.replace("/", "."))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("bands/Critical", 25.0, "no band from 0 to 25"),
        ("bands/Critical", float("nan"), "outside the scale"),
        ("weights_total", 99.0, "sum to 100, not to 99"),
        ("weights_total", float("nan"), "not a number above 0"),
        ("coverage/minimum", float("nan"), "not a share"),
        ("coverage/minimum", 1.5, "not a share"),
        ("components/adoption/coverage/minimum", 0, "not a share"),
        ("drivers/top", 0, "not a number of drivers"),
        ("peers/minimum_group", 4, "too few to stay anonymous"),
        ("peers/dimensions", [], "is empty"),
        ("peers/dimensions", ["tier"], "is a category"),
        ("metrics/qbr/max_age_days", float("inf"), "not a number of days"),
        ("metrics/qbr/cohort", "tier", "is a category here, and a boolean for"),
        ("metrics/qbr/steps", [[180.0, 50.0], [90.0, 100.0]], "do not ascend"),
        ("metrics/qbr/input", "last qbr", "not a name"),
        ("metrics/pages/input", "size/", "not a name"),
        ("events/bought/take", "latest", "gives a date"),
        ("events/bought/days", 365, "given beside days"),
        ("components/technical/allow", ["linear"], "technical allows linear"),
        ("components/technical/components/observability/allow", [], "observability allows nothing"),
        ("components/technical/allow", {"observability": ["rank"]}, "no kind of metric"),
    ],
)
def test_a_stored_tree_that_contradicts_itself_makes_no_scorecard(
    path: str, value: Any, reason: str
) -> None:
    with pytest.raises(InvalidScorecard) as caught:
        scorecard_from_dict(with_other(path, value))

    assert any(reason in mistake for mistake in caught.value.mistakes)


def places(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in inner:
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from places(value, (*way, key))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**400, "size", "ratio", "insider"])
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), -1, 1e308, math.nan],
    ids=["huge", "huge below 0", "below 0", "large", "none"],
)
def test_a_number_that_is_none_of_a_scorecard_s_is_told_in_words_wherever_it_stands(
    value: float,
) -> None:
    for place in places(absolute_tree()):
        refused_or_made(place, value)


@given(place=st.sampled_from(list(places(absolute_tree()))), value=JSON)
def test_whatever_stands_anywhere_it_is_refused_in_words_or_makes_a_scorecard(
    place: tuple[Any, ...], value: Any
) -> None:
    refused_or_made(place, value)


def refused_or_made(place: tuple[Any, ...], value: Any) -> None:
    tree = copy.deepcopy(absolute_tree())
    branch = tree
    for key in place[:-1]:
        branch = branch[key]
    branch[place[-1]] = value

    mistakes = tree_mistakes(tree)

    if misshapen(tree) is None:
        with nullcontext() if not mistakes else pytest.raises(InvalidScorecard):
            scorecard_from_dict(tree)
