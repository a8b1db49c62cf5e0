"""What answers hold, and how they are written."""

import csv
import io
import json

import numpy as np
import orjson
import pytest

from serving.inference.wire.answers import encode_schema
from serving.inference.wire.extras import EXTRAS
from serving.inference.wire.formats import CSV, FORMATS, JSON, JSON_LINES
from serving.inference.wire.predictions import Predictions
from serving.scoring import load_scorer

STAMP = "2026-11-22T12:00:00.000+00:00"


@pytest.fixture(scope="module")
def scorer(request):
    return load_scorer(request.config.rootpath / "tests" / "data" / "artifacts" / "format-1.tar.gz")


@pytest.fixture(scope="module")
def accounts(scorer):
    """Golden rows: in and beyond the training range, with and without values."""
    return np.array(scorer.artifact.golden["inputs"], dtype=float)


def rows_of(scorer, accounts, bad=(), **choice):
    predictions = Predictions(scorer, **choice)
    return predictions.keys, predictions.rows(accounts, scorer.score(accounts), STAMP, bad)


def written(known, keys, rows, size=None):
    """An answer in blocks of a size."""
    size = size or max(len(rows), 1)
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    pieces = [known.block(keys, block, first=n == 0) for n, block in enumerate(blocks)]
    return known.begin() + b"".join(pieces) + known.end()


def test_a_prediction_is_every_score_and_when_it_was_made(scorer, accounts):
    keys, rows = rows_of(scorer, accounts)

    expected = scorer.score(accounts).values
    assert keys == scorer.outputs
    assert [row[-1] for row in rows] == [STAMP] * len(accounts)
    np.testing.assert_array_equal(np.array([row[:-1] for row in rows]), expected)


def test_json_is_one_object_with_a_prediction_per_row_to_the_byte(scorer, accounts):
    keys, rows = rows_of(scorer, accounts)

    nulls = [[None if value != value else value for value in row] for row in rows]
    expected = {"predictions": [dict(zip(keys, row, strict=True)) for row in nulls]}
    assert written(JSON, keys, rows) == json.dumps(expected, separators=(",", ":")).encode()
    assert b"null" in written(JSON, keys, rows)


def test_json_lines_are_the_same_objects_a_line_each(scorer, accounts):
    keys, rows = rows_of(scorer, accounts, extras=EXTRAS)

    text = written(JSON_LINES, keys, rows)

    assert text.endswith(b"}\n")
    lines = [orjson.loads(line) for line in text.splitlines()]
    assert {"predictions": lines} == orjson.loads(written(JSON, keys, rows))


def test_csv_is_a_line_per_row_in_the_order_of_the_keys_without_a_header(scorer, accounts):
    keys, rows = rows_of(scorer, accounts, extras=EXTRAS)

    text = written(CSV, keys, rows).decode()

    assert text.endswith("\n")
    assert "\r" not in text
    for cells, row in zip(csv.reader(io.StringIO(text)), rows, strict=True):
        for cell, value in zip(cells, row, strict=True):
            if isinstance(value, float):
                assert cell == ("" if np.isnan(value) else repr(value))
            else:
                assert cell == ("|".join(value) if isinstance(value, list) else value or "")


def test_csv_quotes_what_would_break_a_line():
    rows = [['a "b"', "c,d", "e\nf", None, ["x", "y"], [], 1e22, -0.5, 7], [None] * 9]

    text = written(CSV, tuple("abcdefghi"), rows).decode()

    assert text == '"a ""b""","c,d","e\nf",,x|y,,1e+22,-0.5,7\n,,,,,,,,\n'


def test_csv_of_a_single_key_has_a_line_for_a_null_too():
    rows = [[1.0], [None], [float("nan")]]

    assert written(CSV, ("a",), rows) == b'1.0\n""\n""\n'


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.media_types[0])
@pytest.mark.parametrize("extras", [(), EXTRAS], ids=str)
def test_blocks_of_any_size_make_the_same_answer(scorer, accounts, known, extras):
    keys, rows = rows_of(scorer, accounts, bad=[3], extras=extras)

    whole = written(known, keys, rows)

    for size in (1, 2, 7, len(rows) - 1, len(rows) + 1):
        assert written(known, keys, rows, size) == whole


def test_no_accounts_are_no_predictions(scorer, accounts):
    for extras in ((), EXTRAS):
        keys, rows = rows_of(scorer, accounts[:0], extras=extras)

        assert [written(known, keys, rows) for known in FORMATS] == [
            b'{"predictions":[]}',
            b"",
            b"",
        ]


@pytest.mark.parametrize("extras", [(), EXTRAS], ids=str)
def test_a_bad_row_is_all_null_and_changes_no_other(scorer, accounts, extras):
    keys, rows = rows_of(scorer, accounts, extras=extras)
    _, with_bad = rows_of(scorer, accounts, bad={0: "why", 5: "why"}, extras=extras)

    assert with_bad[0] == with_bad[5] == [None] * len(keys)
    assert str(with_bad[1:5] + with_bad[6:]) == str(rows[1:5] + rows[6:])


def test_chosen_outputs_are_exactly_these_and_unknown_ones_are_null(scorer, accounts):
    chosen = ["last_modified", scorer.outputs[3], "not_a_score", scorer.outputs[0]]
    known_keys, known = rows_of(scorer, accounts)

    keys, rows = rows_of(scorer, accounts, outputs=[*chosen, "last_modified"])

    assert keys == tuple(chosen)
    expected = [[row[-1], row[3], None, row[0]] for row in known]
    assert str(rows) == str(expected)
    assert known_keys[3] == chosen[1]


def test_extras_follow_the_chosen_outputs_but_for_those_chosen_among_them(scorer, accounts):
    keys, rows = rows_of(
        scorer, accounts, outputs=["flags", "global_score"], extras=("flags", "artifact_version")
    )

    assert keys == ("flags", "global_score", "artifact_version")
    assert all(isinstance(row[0], list) for row in rows)


@pytest.mark.parametrize(
    ("outputs", "extras"),
    [((), ()), ((), ("flags",)), ((), EXTRAS), (("global_score", "x", "last_modified"), EXTRAS)],
)
def test_the_schema_lists_every_key_an_answer_has_in_its_order(scorer, accounts, outputs, extras):
    predictions = Predictions(scorer, outputs=outputs, extras=extras)
    rows = predictions.rows(accounts, scorer.score(accounts), STAMP)
    schema = json.loads(encode_schema(scorer, predictions))

    kinds = {"number": int | float | None, "string": str | None, "array": list}
    assert [output["name"] for output in schema["outputs"]] == list(predictions.keys)
    for prediction in json.loads(written(JSON, predictions.keys, rows))["predictions"]:
        for output in schema["outputs"]:
            assert isinstance(prediction[output["name"]], kinds[output["type"]])
            assert output["json_path"] == f"$.predictions[*].{output['name']}"


def test_the_schema_says_what_to_send(scorer):
    schema = json.loads(encode_schema(scorer, Predictions(scorer)))

    assert [entry["name"] for entry in schema["inputs"]] == [i.name for i in scorer.inputs]
    assert [entry["position"] for entry in schema["inputs"]] == list(range(len(scorer.inputs)))
    assert schema["artifact_version"] == scorer.artifact.version


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.media_types[0])
def test_no_answer_holds_what_a_strict_reader_refuses(known):
    numbers = [float("nan"), 1e-7, 1e22, 0.1 + 0.2, 5e-324, None, True]

    text = written(known, tuple("abcdegh"), [numbers, numbers[::-1]]).decode().lower()

    assert "nan" not in text
    assert "inf" not in text
