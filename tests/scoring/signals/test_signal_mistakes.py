"""What contradicts itself in the definition of a kind is said, with the key it is at."""

from typing import Any

import pytest
from signal_builders import GIVEN, SIGNALS, stored

from serving.scoring.signals import KINDS

COUNT = {"type": "count", "input": "reviews"}
SEEN = {"input": "seen"}


@pytest.mark.parametrize(
    ("kind", "body", "key", "says"),
    [
        ("ratio", {}, "numerator", "missing"),
        ("ratio", {"numerator": "a"}, "denominator", "missing"),
        ("ratio", {"denominator": "a"}, "numerator", "missing"),
        ("ratio", {"numerator": "a", "denominator": "a"}, "denominator", "always 1"),
        ("ratio", {"share": "s", "numerator": "a"}, "numerator", "leave it out"),
        ("growth", {"base": "mean_12m", "min_months": 0}, "min_months", "from 1 to 12, not 0"),
        ("growth", {"base": "mean_12m", "min_months": 13}, "min_months", "not 13"),
        ("growth", {"base": "lag_12m", "min_months": 7}, "min_months", "leave it out"),
        ("growth", {"base": "lag_12m", "baseline": 0}, "baseline", "above 0"),
        ("growth", {"base": "lag_12m", "baseline": 101}, "baseline", "not 101"),
        ("indicator", {"type": "count", "input": "a"}, "steps", "missing"),
        ("indicator", {"type": "named", "input": "a"}, "names", "missing"),
        ("indicator", {"type": "binary", "steps": {0: 0}}, "steps", "leave it out"),
        ("indicator", {**COUNT, "steps": {0: 0}, "names": {"a": 1}}, "names", "leave it out"),
        ("indicator", {**COUNT, "steps": {}}, "steps", "empty"),
        ("indicator", {**COUNT, "steps": {1: 50}}, "steps", "what a count of 0 is worth"),
        ("indicator", {**COUNT, "steps": {0: 0, 1: 120}}, "steps", "from 0 to 100, not 120"),
        ("indicator", {**COUNT, "steps": {0: 0, 1: 50, 2: 20}}, "steps", "rise and fall"),
        ("indicator", {**COUNT, "steps": [[0, 0], [2, 9], [1, 10]]}, "steps", "do not ascend"),
        ("indicator", {**COUNT, "steps": [[0, 0], [0, 9]]}, "steps", "do not ascend"),
        ("indicator", {**COUNT, "steps": {-1: 0, 1: 50}}, "steps", "from 0 on, not -1"),
        ("indicator", {"type": "named", "names": {"a": None}}, "names", "never be a score"),
        ("indicator", {"type": "named", "names": {"a": -1}}, "names", "a: points are from 0"),
        ("recency", SEEN, "steps", "missing"),
        ("recency", {**SEEN, "steps": {1: 5}, "linear": {0: 9, 5: 0}}, "linear", "leave one"),
        ("recency", {**SEEN, "steps": {30: 50, 90: 100}}, "steps", "the more recent"),
        ("recency", {**SEEN, "linear": {30: 50, 90: 100}}, "linear", "the more recent"),
        ("recency", {**SEEN, "linear": {30: 50}}, "linear", "two or more"),
        ("recency", {**SEEN, "steps": {30: 50}, "otherwise": 60}, "otherwise", "more than"),
        ("recency", {**SEEN, "steps": {30: 50}, "otherwise": -1}, "otherwise", "from 0 to 100"),
        (
            "recency",
            {**SEEN, "linear": {0: 9, 5: 0}, "otherwise": 5},
            "otherwise",
            "is for `steps`",
        ),
        ("recency", {**SEEN, "steps": {30: 50}, "never": 101}, "never", "not 101"),
        ("recency", {**SEEN, "steps": {30: float("nan")}}, "steps", "not nan"),
        ("recency", {**SEEN, "steps": {float("inf"): 1}}, "steps", "not inf"),
        ("linear", {"best": 5, "worst": 5.0}, "worst", "is 5, as `best` is"),
        ("linear", {"best": float("inf"), "worst": 0}, "best", "too far away"),
        ("linear", {"best": 1, "worst": 10**400}, "worst", "too far away"),
        ("linear", {"best": float("nan"), "worst": 0}, "best", "too far away"),
        ("tier", {"scores": {}}, "scores", "empty"),
        ("tier", {"scores": {"a": None, "b": None}}, "scores", "never be a score"),
        ("tier", {"scores": {"a": 0, "b": 101}}, "scores", "b: points are from 0 to 100, not 101"),
        ("tier", {"scores": {"": 0}}, "scores", "a label is empty"),
        ("penalty", {"deductions": {}}, "deductions", "empty"),
        ("penalty", {"deductions": {"a": 0}}, "deductions", "a: a deduction is above 0"),
        ("penalty", {"deductions": {"a": 10**400}}, "deductions", "up to 100"),
        ("learned_risk", {"model": "", "inputs": ["a"]}, "model", "empty"),
        ("learned_risk", {"model": "m", "inputs": []}, "inputs", "empty"),
        ("learned_risk", {"model": "m", "inputs": ["a", "a"]}, "inputs", "a is listed twice"),
    ],
)
def test_a_contradiction_is_named_as_written_and_as_stored(kind, body, key, says):
    as_written = list(KINDS[kind].mistakes(body))
    as_stored = list(KINDS[kind].mistakes(stored(body, kind)))

    assert len(as_written) == 1
    assert as_written[0][0] == key
    assert says in as_written[0][1]
    assert as_written[0] in as_stored


@pytest.mark.parametrize("shape", SIGNALS)
def test_what_is_right_has_no_mistakes(shape):
    kind = type(SIGNALS[shape])

    assert list(kind.mistakes(GIVEN[shape])) == []
    assert list(kind.mistakes(SIGNALS[shape].to_dict())) == []


def test_people_may_write_steps_in_any_order():
    body = {"input": "seen", "steps": {90: 50, 30: 100}}

    assert list(KINDS["recency"].mistakes(body)) == []


def test_all_mistakes_are_found_at_once():
    steps: dict[Any, Any] = {5: 120, -1: 30, 9: -4}
    body = {"input": "seen", "steps": steps, "never": 400, "otherwise": 101}

    keys = [key for key, _ in KINDS["recency"].mistakes(body)]

    assert keys == ["steps", "steps", "steps", "otherwise", "never", "steps", "otherwise"]


@pytest.mark.parametrize("shape", SIGNALS)
@pytest.mark.parametrize("wrong", [None, True, "text", 3, 1.5, [], {}, [1], [[1]], {"a": []}])
def test_wrong_types_are_passed_over(shape, wrong):
    body = dict.fromkeys(GIVEN[shape], wrong)

    for key, reason in type(SIGNALS[shape]).mistakes(body):
        assert key in stored({}, SIGNALS[shape].kind)
        assert reason
