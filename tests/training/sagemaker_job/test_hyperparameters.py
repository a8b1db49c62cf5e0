"""Texts become typed values, or the job fails and says which."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring.errors import InvalidInput
from training.sagemaker_job.hyperparameters import Hyperparameters, decode, read_hyperparameters


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("5", 5, "a number"),
        ("true", True, "a truth"),
        ("[1,2]", [1, 2], "a list"),
        ('"abc"', "abc", "a text that an SDK has written as JSON"),
        ("abc", "abc", "a text as the console sends it"),
        ('"5"', 5, "a number that was encoded twice"),
        ('"\\"5\\""', 5, "three times"),
        ("", "", "nothing"),
        ("2026-11-22", "2026-11-22", "no JSON"),
        ("NaN", "NaN", "no JSON either, though Python would take it"),
        ("[" * 5000, "[" * 5000, "nested too deeply to be meant"),
        (7, 7, "already decoded, as SM_HPS holds it"),
    ],
)
def test_t2_texts_are_decoded_to_typed_values(text, value, why):
    decoded = decode(text)

    assert (type(decoded), decoded) == (type(value), value), why


def test_t2_every_kind_of_hyperparameter_is_typed():
    texts = {
        "seed": "7",
        "estimator": '"nearest_peers"',
        "jobs": '"2"',
        "max_refused_share": "0",
        "scoring_date": "2026-11-22",
        "tables": '["peer_dims", "use"]',
        "checkpoints": "false",
    }

    asked = read_hyperparameters(texts)

    assert asked.model_dump() == {
        "seed": 7,
        "estimator": "nearest_peers",
        "jobs": 2,
        "max_refused_share": 0.0,
        "scoring_date": dt.date(2026, 11, 22),
        "tables": ["peer_dims", "use"],
        "checkpoints": False,
    }


@pytest.mark.parametrize("name", ["_tuning_objective_metric", "sagemaker_program", "_x"])
def test_t3_what_sagemaker_adds_is_ignored(name):
    assert read_hyperparameters({name: "rank_crps_ratio"}) == read_hyperparameters({})


def test_t4_an_unknown_hyperparameter_is_named():
    with pytest.raises(InvalidInput, match=r"^hyperparameter sede is not known; known are: seed, "):
        read_hyperparameters({"sede": "1"})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("seed", "-1", "below the least"),
        ("seed", "1.5", "no whole number"),
        ("seed", "true", "a truth is no number"),
        ("seed", "", "forgotten"),
        ("seed", "1e400", "infinite"),
        ("jobs", "0", "nobody would work"),
        ("estimator", "magic", "not one of them"),
        ("max_refused_share", "NaN", "compares with nothing"),
        ("max_refused_share", "1.01", "more than all"),
        ("scoring_date", "20261122", "a number, which a library takes for seconds since 1970"),
        ("scoring_date", "22.11.2026", "another order"),
        ("tables", "peer_dims", "not a list"),
        ("tables", "[]", "none"),
        ("tables", "[1]", "not a name"),
        ("checkpoints", "1", "a number is no truth"),
    ],
)
def test_t5_an_invalid_value_is_named_with_its_hyperparameter(name, text, why):
    with pytest.raises(InvalidInput) as refused:
        read_hyperparameters({name: text})

    assert str(refused.value).startswith(f"hyperparameter {name}: "), why
    assert repr(text) in str(refused.value), why


def test_all_mistakes_are_named_at_once():
    with pytest.raises(InvalidInput) as refused:
        read_hyperparameters({"seed": "x", "jobs": "0", "unknown": "1"})

    assert [line.split()[1].strip(":") for line in str(refused.value).splitlines()] == [
        "seed",
        "jobs",
        "unknown",
    ]


def outcome(given):
    try:
        return read_hyperparameters(given)
    except InvalidInput as refused:
        return str(refused)


NAMES = st.sampled_from(list(Hyperparameters.model_fields)) | st.text(max_size=9)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, st.text(max_size=50) | st.integers() | st.none(), max_size=4))
def test_whatever_is_sent_is_taken_or_refused_in_words(given):
    assert isinstance(outcome(given), Hyperparameters | str)
