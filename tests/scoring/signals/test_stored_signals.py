"""What an artifact stores of a kind, and how it is read back."""

import json
from typing import Any

import pytest
from signal_builders import GIVEN, SIGNALS, judge, made

from serving.scoring.signals import KINDS
from serving.scoring.signals.stored import keys_of, kind_from_dict, misshapen_keys


def as_json(shape: str) -> dict[str, Any]:
    """Give the keys of a kind as they come out of a file."""
    body: dict[str, Any] = json.loads(json.dumps(SIGNALS[shape].to_dict()))
    assert body.pop("kind") == SIGNALS[shape].kind
    return body


@pytest.mark.parametrize("shape", SIGNALS)
def test_a_kind_comes_back_from_json_as_it_was(shape):
    body = as_json(shape)

    assert list(misshapen_keys(type(SIGNALS[shape]), body)) == []
    assert kind_from_dict(type(SIGNALS[shape]), "metric", body) == SIGNALS[shape]


@pytest.mark.parametrize("shape", SIGNALS)
def test_every_key_is_stored_also_where_nothing_was_said(shape):
    assert list(as_json(shape)) == list(keys_of(type(SIGNALS[shape])))


@pytest.mark.parametrize("shape", SIGNALS)
def test_a_missing_key_an_unknown_one_and_each_of_another_type_are_named(shape):
    kind, body = type(SIGNALS[shape]), as_json(shape)

    assert list(misshapen_keys(kind, {**body, "surprise": 1})) == ["surprise"]
    for key in body:
        without = {name: value for name, value in body.items() if name != key}
        assert list(misshapen_keys(kind, without)) == [key]
        for wrong in (True, 1j, [[1, 2, 3]], {"a": "b"}, ["a", 1], [[True, 1]]):
            assert list(misshapen_keys(kind, {**body, key: wrong})) == [key]


@pytest.mark.parametrize(
    ("shape", "key", "wrong"),
    [
        ("growth", "base", "mean_13m"),
        ("growth", "min_months", 7.5),
        ("growth", "current", None),
        ("indicator", "type", "ternary"),
        ("recency", "steps", {"30": 100}),
        ("recency", "steps", [[30, None]]),
        ("tier", "scores", [["high", 1]]),
        ("tier", "scores", {"high": "1"}),
        ("penalty", "deductions", {"alerts": None}),
        ("linear", "best", "1"),
        ("learned_risk", "inputs", "logins"),
    ],
)
def test_nearly_right_is_wrong(shape, key, wrong):
    body = {**as_json(shape), key: wrong}

    assert list(misshapen_keys(type(SIGNALS[shape]), body)) == [key]


def test_the_order_of_keys_changes_nothing():
    for shape, key in [
        ("tier", "scores"),
        ("indicator of a name", "names"),
        ("penalty", "deductions"),
    ]:
        given = dict(GIVEN[shape])
        given[key] = dict(reversed(given[key].items()))
        turned = made(shape.split()[0], **given)
        row = [1.0] * len(turned.inputs)

        assert turned.inputs == SIGNALS[shape].inputs
        assert judge(turned, row).points.tobytes() == judge(SIGNALS[shape], row).points.tobytes()
        assert turned.change(row, 60) == SIGNALS[shape].change(row, 60)


@pytest.mark.parametrize("name", KINDS)
def test_every_key_says_what_it_means_and_shows_what_to_write(name):
    for key in keys_of(KINDS[name]).values():
        assert key.says.endswith(".")
        assert key.example is not None
