"""What a prediction holds beside the scores, where it is told to, and nothing where it is not."""

import datetime as dt
import json
import subprocess

import numpy as np
import pytest

from serving.inference.app import create_app
from serving.inference.model_source import ModelSource
from serving.inference.settings import InferenceSettings
from serving.inference.wire.extras import EXTRAS
from serving.scoring import Flag, load_scorer
from serving.web.settings import SettingsError, read_settings, shown
from tests.processes import BIN

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def scorer(request):
    return load_scorer(request.config.rootpath / "tests" / "data" / "artifacts" / "format-1.tar.gz")


@pytest.fixture(scope="module")
def accounts(scorer):
    """Golden rows: in and beyond the training range, with and without values."""
    return np.array(scorer.artifact.golden["inputs"], dtype=float)


def make_client(scorer, extras=()):
    model = ModelSource(lambda: scorer, retry_s=1)
    model.start()
    return create_app(model, max_body_bytes=2**20, extras=extras, now=lambda: NOON).test_client()


def on_the_wire(scorer, accounts):
    """Turn encoded accounts back into what a caller sends."""
    rows = []
    for account in accounts.tolist():
        row = []
        for entry, value in zip(scorer.inputs, account, strict=True):
            if value != value:
                row.append(None)
            elif entry.type == "category":
                row.append(
                    entry.categories[int(value)] if value in range(len(entry.categories)) else "?"
                )
            elif entry.type == "date":
                row.append((NOON.date() - dt.timedelta(days=value)).isoformat())
            else:
                row.append(value)
        rows.append(row)
    return {"instances": rows}


def predict(scorer, accounts, extras=()):
    answer = make_client(scorer, extras).post("/invocations", json=on_the_wire(scorer, accounts))
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)["predictions"]


def test_without_the_setting_an_answer_is_what_it_was_to_the_byte(scorer, accounts):
    answer = make_client(scorer).post("/invocations", json=on_the_wire(scorer, accounts))

    scores = scorer.score(accounts).values
    stamp = "2026-11-22T12:00:00.000+00:00"
    expected = [
        dict(zip(scorer.outputs, [*(None if np.isnan(v) else v for v in row), stamp], strict=True))
        for row in scores.tolist()
    ]
    assert answer.data == json.dumps({"predictions": expected}, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "extras", [(), ("flags",), ("intervals",), ("artifact_version",), EXTRAS], ids=str
)
def test_the_schema_lists_every_key_an_answer_has_in_its_order(scorer, accounts, extras):
    schema = json.loads(make_client(scorer, extras).get("/schema").data)

    for prediction in predict(scorer, accounts, extras):
        assert [output["name"] for output in schema["outputs"]] == list(prediction)
        kinds = {"number": int | float | None, "string": str, "array": list}
        for output in schema["outputs"]:
            assert isinstance(prediction[output["name"]], kinds[output["type"]])
            assert output["json_path"] == f"$.predictions[*].{output['name']}"


@pytest.mark.parametrize("extras", [("flags",), EXTRAS], ids=str)
def test_whatever_follows_the_scores_stay_as_they_were(scorer, accounts, extras):
    plain = predict(scorer, accounts)

    more = predict(scorer, accounts, extras)

    assert [list(prediction)[: len(scorer.outputs)] for prediction in more] == [
        list(prediction) for prediction in plain
    ]
    assert [{key: prediction[key] for key in scorer.outputs} for prediction in more] == plain


def test_flags_are_names_an_empty_list_where_there_is_nothing_to_say(scorer, accounts):
    said = [prediction["flags"] for prediction in predict(scorer, accounts, ("flags",))]

    flags = [Flag(value) for value in scorer.score(accounts).flags.tolist()]
    assert said == [[flag.name.lower() for flag in flags_of] for flags_of in flags]
    assert {name for names in said for name in names} <= {
        "out_of_range",
        "peer_dimension_missing",
        "few_peers",
        "value_clamped",
    }
    assert any(said)


def test_an_interval_holds_what_would_be_the_score_before_rounding(scorer, accounts):
    ranks = scorer.score(accounts).ranks

    for prediction, account in zip(predict(scorer, accounts, ("intervals",)), ranks, strict=True):
        for key, rank in zip(scorer.metric_keys, account.tolist(), strict=True):
            low, high = prediction[f"{key}_low"], prediction[f"{key}_high"]
            if rank != rank:
                assert (prediction[key], low, high) == (None, None, None)
            else:
                maximum = scorer.scorecard.scale.maximum
                assert 0 <= low <= rank * maximum + 1e-12
                assert rank * maximum - 1e-12 <= high <= maximum


def test_intervals_are_those_of_the_scorer_and_hold_the_score_that_is_shown(scorer, accounts):
    intervals = scorer.intervals(accounts, level=0.9)

    predictions = predict(scorer, accounts, ("intervals",))

    for position, key in enumerate(scorer.metric_keys):
        low, high, shown = (
            np.array([prediction[f"{key}{end}"] for prediction in predictions], dtype=float)
            for end in ("_low", "_high", "")
        )
        expected = intervals.high[:, position] * scorer.scorecard.scale.maximum
        np.testing.assert_array_equal(high, np.maximum(expected, shown))
        scored = ~np.isnan(shown)
        assert ((low <= shown) & (shown <= high))[scored].all()
        known = expected[~np.isnan(expected) & (expected > 0) & (expected < 10)]
        assert (known != np.round(known)).any()


def test_the_artifact_version_stands_in_every_prediction(scorer, accounts):
    predictions = predict(scorer, accounts, ("artifact_version",))

    assert {prediction["artifact_version"] for prediction in predictions} == {
        scorer.artifact.version
    }


def test_no_accounts_have_nothing_beside_their_scores(scorer):
    answer = make_client(scorer, EXTRAS).post("/invocations", json={"instances": []})

    assert answer.data == b'{"predictions":[]}'


@pytest.mark.parametrize(
    ("text", "extras"),
    [
        ("", ()),
        ("flags", ("flags",)),
        (" flags , intervals,", ("intervals", "flags")),
        ("artifact_version,flags,intervals,flags", EXTRAS),
    ],
)
def test_the_setting_is_words_with_commas_between(text, extras):
    settings = read_settings(InferenceSettings, {"SCORECARD_EXTRAS": text})

    assert settings.extras == extras
    assert shown(settings)["SCORECARD_EXTRAS"] == ",".join(extras)


@pytest.mark.parametrize("text", ["flag", "flags intervals", "flags,Intervals", "all"])
def test_an_unknown_word_is_a_mistake_that_names_the_words_there_are(text):
    with pytest.raises(SettingsError) as caught:
        read_settings(InferenceSettings, {"SCORECARD_EXTRAS": text})

    assert "SCORECARD_EXTRAS: may hold intervals, flags, artifact_version, not" in str(caught.value)


def test_the_container_does_not_start_with_an_unknown_word(tmp_path):
    environ = {"SCORECARD_EXTRAS": "flags,colour", "SCORECARD_MODEL": str(tmp_path)}

    started = subprocess.run(
        [BIN / "serve"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )

    assert started.returncode == 2
    assert "SCORECARD_EXTRAS" in started.stderr
    assert "flags, artifact_version, not 'colour'" in started.stderr
