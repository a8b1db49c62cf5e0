"""Batches score what all accounts at once do, bit for bit, whatever their lengths."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from health_artifact import build_health
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring import MissingColumns, load_scorer
from serving.scoring.bands import band_places
from training.bulk.account_batches import account_schema
from training.bulk.score_batches import score_batches, score_schema

DATE = dt.date(2026, 11, 1)

NUMBER = st.none() | st.sampled_from([0.0, 1.0, 7.5, 50.0])
TRUTH = st.none() | st.sampled_from([0.0, 1.0])
DAY = st.none() | st.integers(0, 1000).map(
    lambda days: np.datetime64(DATE, "us") - np.timedelta64(days, "D")
)
TIER = st.none() | st.sampled_from(["high", "medium", "low", "unheard of"])


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return load_scorer(build_health(tmp_path_factory.mktemp("health")))


def make_batch(scorer, rows):
    """A batch of rows of (id, active, bought, tier, day, call, program)."""
    names = ["acct_id", "active", "bought", "usage_tier", "last_qbr", "insider_call",
             "insider_program"]  # fmt: skip
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return pa.RecordBatch.from_pydict(
        {name: list(columns[name]) for name in account_schema(scorer.inputs).names},
        schema=account_schema(scorer.inputs),
    )


def score(scorer, batches, **changes):
    options = {"scoring_date": DATE, "version": None, "stamp": "now"} | changes
    return list(score_batches(scorer, batches, **options))


ROW = st.tuples(st.text(max_size=3), NUMBER, NUMBER, TIER, DAY, TRUTH, TRUTH)


@given(rows=st.lists(ROW, min_size=1, max_size=20), length=st.integers(1, 20))
def test_the_length_of_batches_changes_no_bit(scorer, rows, length):
    batch = make_batch(scorer, rows)
    parts = [batch.slice(start, length) for start in range(0, len(batch), length)]

    (whole,) = score(scorer, [batch], version="v1", with_statuses=True)
    found = score(scorer, parts, version="v1", with_statuses=True)

    assert [len(part) for part in found] == [len(part) for part in parts]
    assert pa.Table.from_batches(found).equals(pa.Table.from_batches([whole]))
    columns = {entry.name: batch.column(entry.name).to_pylist() for entry in scorer.inputs}
    expected = scorer.score(scorer.encode(columns, scoring_date=DATE)).values
    names = scorer.outputs[:-1]
    values = [whole.column(name).to_numpy(zero_copy_only=False) for name in names]
    assert np.array_equal(np.array(values).T, expected, equal_nan=True)
    bands = [band.name for band in scorer.scorecard.bands] + [None]
    assert whole.column("global_band").to_pylist() == [
        bands[place] for place in band_places(expected[:, -1], scorer.scorecard.bands)
    ]


def test_where_there_is_no_score_there_is_null_not_a_number_that_is_none(scorer):
    (found,) = score(scorer, [make_batch(scorer, [("A", None, None, None, None, None, None)])])

    assert found.column("adoption_activation_metric_score").null_count == 1


def test_columns_are_those_of_the_wire_and_the_version_where_it_is_asked_for(scorer):
    batch = make_batch(scorer, [("A", 1.0, 2.0, "high", None, 1.0, 1.0)])

    (plain,) = score(scorer, [batch])
    (versioned,) = score(scorer, [batch], version="abc")

    keys = ["acct_id", *scorer.outputs[:-1], "global_band", "last_modified"]
    assert plain.schema.names == keys
    assert versioned.schema.names == [*keys, "artifact_version"]
    assert versioned.schema == score_schema(scorer, version="abc")
    assert versioned.column("artifact_version").to_pylist() == ["abc"]
    assert versioned.column("last_modified").to_pylist() == ["now"]


def test_other_columns_and_types_of_text_are_taken_as_they_come(scorer):
    batch = make_batch(scorer, [("A", 1.0, 2.0, "high", None, 1.0, 1.0)])
    wide = pa.RecordBatch.from_pydict(
        {
            "other": [1],
            **{name: batch.column(name) for name in reversed(batch.schema.names)},
            "acct_id": batch.column("acct_id").cast(pa.large_string()),
            "usage_tier": batch.column("usage_tier").cast(pa.large_string()),
        }
    )

    assert score(scorer, [wide])[0].equals(score(scorer, [batch])[0])


@pytest.mark.parametrize("column", ["acct_id", "usage_tier"])
def test_a_missing_column_is_named(scorer, column):
    batch = make_batch(scorer, [("A", 1.0, 2.0, "high", None, 1.0, 1.0)])
    names = [name for name in batch.schema.names if name != column]

    with pytest.raises(MissingColumns, match=column):
        score(scorer, [batch.select(names)])


def test_no_batch_is_no_answer_and_an_empty_one_an_empty_one(scorer):
    empty = account_schema(scorer.inputs).empty_table().to_batches()

    assert score(scorer, []) == []
    assert [len(found) for found in score(scorer, empty)] == [0] * len(empty)
