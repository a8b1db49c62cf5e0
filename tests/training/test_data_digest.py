"""The digest of a table is of what it holds: not of its order, its chunks or where it is."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.bulk.account_batches import column_array
from training.data_digest import columns_sha256, data_sha256

NAN = float("nan")
KINDS = {
    "acct_id": pa.string(),
    "use": pa.float64(),
    "region": pa.string(),
    "since": pa.timestamp("us"),
}
#: As accounts are read; a column that nobody has is of any type in memory.
EMPTY = {"use": [NAN], "region": [None], "since": [pd.NaT]}
ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=3),
        st.sampled_from([NAN, 0.0, -0.0, 1.5, 1e300]),
        st.sampled_from([None, "", "a", "ab", "日本"]),
        st.sampled_from([pd.NaT, pd.Timestamp(2024, 2, 29), pd.Timestamp(9999, 12, 31, 23)]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[0],
)


def frame_of(rows):
    frame = pd.DataFrame(rows, columns=list(KINDS))
    return frame.astype({"acct_id": "str", "region": "str", "since": "datetime64[us]"})


def stored(frame):
    """The table as a file of joined accounts holds it: in the order of the ids."""
    in_order = frame.iloc[np.argsort([text.encode() for text in frame["acct_id"]])]
    return {name: column_array(in_order[name], kind) for name, kind in KINDS.items()}


def in_chunks(array, ends):
    edges = [0, *ends, len(array)]
    return [array.slice(low, high - low) for low, high in itertools.pairwise(edges)]


def digest_of(columns, accounts, ends=()):
    chunks = {name: partial(in_chunks, array, ends) for name, array in columns.items()}
    return columns_sha256(accounts, chunks)


@settings(max_examples=80)
@given(rows=ROWS, data=st.data())
def test_columns_in_any_chunks_have_the_digest_of_the_table(rows, data):
    frame = frame_of(rows)
    ends = data.draw(st.lists(st.integers(0, len(rows)), max_size=4).map(sorted))
    order = data.draw(st.permutations(range(len(rows))))

    expected = data_sha256(frame)

    assert data_sha256(frame.iloc[order][list(reversed(frame.columns))]) == expected
    assert digest_of(stored(frame), len(frame), ends) == expected


@pytest.mark.parametrize("empty", sorted(EMPTY))
def test_a_column_that_no_account_has_counts_the_same_in_memory_and_stored(empty):
    frame = frame_of([("a", 1.0, "x", pd.Timestamp(2024, 1, 1))]).assign(**{empty: EMPTY[empty]})

    assert digest_of(stored(frame), 1) == data_sha256(frame)


@pytest.mark.parametrize("missing", [np.nan, -np.nan, None])
def test_every_missing_number_counts_the_same(missing):
    bits = pa.array([missing], pa.float64())

    assert digest_of({"use": bits}, 1) == digest_of({"use": pa.nulls(1, pa.float64())}, 1)


@pytest.mark.parametrize(
    ("some", "others"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["", "a"], ["a", ""]),
        ([None, "a"], ["", "a"]),
        (["a", None], [None, "a"]),
        (["é"], ["e\u0301"]),
    ],
)
def test_texts_that_differ_have_different_digests(some, others):
    accounts = len(some)

    digests = {digest_of({"region": pa.array(texts)}, accounts) for texts in (some, others)}

    assert len(digests) == 2


def test_a_number_a_name_and_the_number_of_accounts_all_count():
    one = {"use": pa.array([1.0])}

    digests = {
        digest_of(one, 1),
        digest_of(one, 2),
        digest_of({"uses": one["use"]}, 1),
        digest_of({"use": pa.array([np.nextafter(1.0, 2.0)])}, 1),
    }

    assert len(digests) == 4


def make_frame(**changes):
    columns = {
        "acct_id": ["A", "B"],
        "rate": [0.0, np.nan],
        "region": pd.Series(["ab", None], dtype="str"),
        "since": pd.Series([pd.Timestamp(2024, 1, 1), pd.NaT]).astype("datetime64[us]"),
    }
    return pd.DataFrame(columns | changes)


OTHER_NAN = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]


@pytest.mark.parametrize(
    ("frame", "is_same", "why"),
    [
        (make_frame(), True, "the same"),
        (make_frame().iloc[::-1], True, "rows in another order"),
        (make_frame()[["since", "rate", "region", "acct_id"]], True, "columns in another order"),
        (make_frame(rate=[-0.0, np.nan]), True, "one zero"),
        (make_frame(rate=[0.0, OTHER_NAN]), True, "one NaN"),
        (make_frame(rate=[5e-324, np.nan]), False, "the smallest number there is"),
        (make_frame(rate=[np.nan, 0.0]), False, "another account's"),
        (make_frame(acct_id=["A", "C"]), False, "another account"),
        (make_frame(region=pd.Series(["ab", ""], dtype="str")), False, "empty is not missing"),
        (make_frame(region=pd.Series(["a", "b"], dtype="str")), False, "texts run together"),
        (make_frame(since=pd.to_datetime(["2024-01-02", None])), False, "another date"),
        (make_frame().rename(columns={"rate": "bots"}), False, "another metric"),
        (make_frame().iloc[:1], False, "an account less"),
    ],
)
def test_the_checksum_tells_contents_and_only_contents(frame, is_same, why):
    before = frame.copy()

    assert (data_sha256(frame) == data_sha256(make_frame())) == is_same, why
    pd.testing.assert_frame_equal(frame, before)
