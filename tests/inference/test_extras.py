"""What a prediction holds beside the scores, where it is told to, and nothing where it is not."""

import json
import subprocess

import numpy as np
import pytest

from serving.inference.settings import InferenceSettings
from serving.inference.wire.extras import EXTRAS
from serving.inference.wire.formats import JSON
from serving.inference.wire.predictions import Predictions
from serving.scoring import Flag, load_scorer
from serving.web.settings import SettingsError, read_settings, shown
from tests.processes import BIN

STAMP = "2026-11-22T12:00:00.000+00:00"


@pytest.fixture(scope="module")
def scorer(request):
    return load_scorer(request.config.rootpath / "tests" / "data" / "artifacts" / "format-1.tar.gz")


@pytest.fixture(scope="module")
def accounts(scorer):
    """Golden rows: in and beyond the training range, with and without values."""
    return np.array(scorer.artifact.golden["inputs"], dtype=float)


def predict(scorer, accounts, extras=()):
    predictions = Predictions(scorer, extras=extras)
    rows = predictions.rows(accounts, scorer.score(accounts), STAMP)
    text = JSON.begin() + JSON.block(predictions.keys, rows, first=True) + JSON.end()
    return json.loads(text)["predictions"]


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


@pytest.mark.parametrize(
    ("text", "extras"),
    [
        ("", ()),
        ("flags", ("flags",)),
        (" flags , intervals,", ("intervals", "flags")),
        ("artifact_version,coverage,flags,band,statuses,intervals,flags", EXTRAS),
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

    words = "intervals, statuses, flags, band, coverage, artifact_version"
    assert f"SCORECARD_EXTRAS: may hold {words}, not" in str(caught.value)


def test_the_container_does_not_start_with_an_unknown_word(tmp_path):
    environ = {"SCORECARD_EXTRAS": "flags,colour", "SCORECARD_MODEL": str(tmp_path)}

    started = subprocess.run(
        [BIN / "serve"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )

    assert started.returncode == 2
    assert "SCORECARD_EXTRAS" in started.stderr
    assert "coverage, artifact_version, not 'colour'" in started.stderr
