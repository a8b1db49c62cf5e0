import random
import re

import numpy as np
import pandas as pd
import pytest
from account_folders import AGE, BOTS, PEERS, RATE, USAGE, read, refused, values, write
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring.column import Input
from training.data_digest import data_sha256
from training.errors import DataError, TooManyRefused
from training.tables import read_accounts


def test_accounts_stand_in_the_order_of_peer_dims_and_inputs_in_the_order_asked_for(tmp_path):
    write(tmp_path, peer_dims=PEERS, usage=USAGE)

    accounts = read(tmp_path, (BOTS, AGE))

    assert list(accounts.frame) == ["acct_id", "bots", "age"]
    assert accounts.frame["acct_id"].tolist() == ["B", "A", "C"]
    assert values(accounts) == {"A": 10, "B": 20, "C": 30}
    assert isinstance(accounts.frame.index, pd.RangeIndex)
    assert accounts.notes == ()
    assert accounts.refusals.rows_read == 6
    assert accounts.newest == pd.Timestamp("2024-01-02T00:00Z")


def test_ids_are_text_and_dates_and_categories_are_joined_like_numbers(tmp_path):
    write(
        tmp_path,
        peer_dims="acct_id,age,region\n007,1,north\n1e5,2,\nNA,3,south\n",
        usage="acct_id,since\nNA,2024-01-02\n007,\n",
    )

    accounts = read(
        tmp_path,
        (AGE, Input("region", "category"), Input("since", "date")),
        peer_dimensions=("age", "region"),
    )

    assert accounts.frame["acct_id"].tolist() == ["007", "1e5", "NA"]
    assert values(accounts, "region") == {"007": "north", "1e5": None, "NA": "south"}
    assert values(accounts, "since") == {"007": None, "1e5": None, "NA": pd.Timestamp(2024, 1, 2)}
    assert accounts.frame.dtypes[1:].tolist() == [
        np.dtype("float64"),
        pd.Series(["a text"]).dtype,
        np.dtype("datetime64[us]"),
    ]


def test_one_file_may_hold_everything(tmp_path):
    write(tmp_path, peer_dims="acct_id,bots,age\nA,1,2\n")

    accounts = read(tmp_path)

    assert accounts.frame.to_dict("records") == [{"acct_id": "A", "age": 2.0, "bots": 1.0}]
    assert accounts.newest is None


def test_files_that_cannot_be_joined_or_are_not_needed_are_left_alone(tmp_path):
    write(
        tmp_path, peer_dims=PEERS, usage=USAGE, notes="bots,text\n1,2\n", other="acct_id,x\nZ,1\n"
    )
    (tmp_path / "._usage.csv").write_bytes(b"\0\5\x16\7\xff")  # macOS leaves these
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper", usage=USAGE)

    assert refused(read(tmp_path)) == []


def test_rows_of_unknown_accounts_are_refused(tmp_path):
    write(tmp_path, peer_dims="acct_id,age\nA,1\nB,2\n", usage=USAGE)

    accounts = read(tmp_path)

    assert refused(accounts) == [("usage.csv", 4)]
    assert accounts.refusals.entries[0].reason.startswith("acct_id is not in peer_dims.csv")


def test_accounts_without_a_row_have_missing_metrics(tmp_path):
    write(tmp_path, peer_dims=PEERS, usage="acct_id,bots\nC,1\n")

    accounts = read(tmp_path)

    assert values(accounts) == {"A": None, "B": None, "C": 1}
    assert accounts.notes == (
        "2 accounts of peer_dims.csv without a usable row in usage.csv: "
        "the metrics there are missing",
    )


def test_a_file_with_a_header_alone_leaves_its_metrics_missing(tmp_path):
    write(tmp_path, peer_dims=PEERS, usage="acct_id,bots,last_updated\n")

    accounts = read(tmp_path)

    assert set(values(accounts).values()) == {None}
    assert accounts.newest is None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no peer_dims.csv; it has no CSV at all"),
        ({"usage": USAGE}, "has no peer_dims.csv; it has usage.csv"),
        (
            {"peer_dims": "account,age\nA,1\n"},
            "peer_dims.csv has no column acct_id; its columns are: account, age",
        ),
        (
            {"peer_dims": "acct_id,size\nA,1\n", "usage": USAGE},
            "peer_dims.csv lacks age; its columns are: acct_id, size",
        ),
        (
            {"peer_dims": "acct_id,size\nA,1\n", "usage": "acct_id,age,bots\nA,1,1\n"},
            "peer_dims.csv lacks age",
        ),
        ({"peer_dims": PEERS}, "no file has bots; looked at: peer_dims.csv"),
        (
            {"peer_dims": PEERS, "usage": "bots\n1\n"},
            "no file has bots; looked at: peer_dims.csv",
        ),
        (
            {"peer_dims": PEERS, "usage": USAGE, "more": USAGE},
            "bots is in both more.csv and usage.csv",
        ),
        (
            {"peer_dims": PEERS, "usage": "acct_id,age,bots\nA,1,1\n"},
            "age is in both peer_dims.csv and usage.csv",
        ),
        (
            {"peer_dims": PEERS, "usage": USAGE, "usage_update": "acct_id,bots\nA,1\n"},
            "usage_update.csv has no column last_updated",
        ),
        (
            {"peer_dims": PEERS, "usage": "acct_id,bots\nA,1\n", "usage_update": USAGE},
            "usage.csv has no column last_updated",
        ),
        (
            {"peer_dims": PEERS, "usage": USAGE, "usage_update": "acct_id,last_updated\n"},
            "usage_update.csv lacks bots",
        ),
        ({"peer_dims": "acct_id,age\n", "usage": USAGE}, "peer_dims.csv has no usable row"),
        ({"peer_dims": PEERS, "usage": ""}, "usage.csv is empty"),
    ],
)
def test_a_folder_that_cannot_be_used_says_what_to_change(tmp_path, files, message):
    with pytest.raises(DataError, match=re.escape(message)):
        read(write(tmp_path, **files))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere is not a folder"):
        read(tmp_path / "nowhere")


def test_more_than_the_stated_share_of_refused_rows_stops_the_run(tmp_path):
    write(tmp_path, peer_dims=PEERS, usage=USAGE.replace("30", "NA"))

    assert read(tmp_path, max_refused_share=1 / 6).refusals.total == 1
    with pytest.raises(TooManyRefused, match=re.escape("1 of 6 rows (16.667%)")):
        read(tmp_path, max_refused_share=0.16)


def test_a_run_that_states_no_share_allows_one_row_in_a_hundred(tmp_path):
    rows = "".join(f"{account},1\n" for account in range(99))
    write(tmp_path, peer_dims=f"acct_id,age\n{rows}X,bad\n")
    read_accounts(tmp_path, (AGE,), peer_dimensions=["age"])

    write(tmp_path, peer_dims=f"acct_id,age\n{rows}X,bad\nY,bad\n")
    with pytest.raises(TooManyRefused):
        read_accounts(tmp_path, (AGE,), peer_dimensions=["age"])


METRIC = st.sampled_from(["0.25", "-0.0", "0", "", "NaN", "oops", "1e300"])
MOMENT = st.sampled_from(["2024-01-01", "2024-01-02", "2024-01-03T04:05:06Z"])
ACCOUNT = st.sampled_from("ABCDE")


@settings(deadline=None, max_examples=40)
@given(
    usage=st.lists(st.tuples(ACCOUNT, METRIC, METRIC, MOMENT), max_size=12),
    update=st.lists(st.tuples(ACCOUNT, METRIC, METRIC, MOMENT), max_size=4),
    seed=st.integers(0, 2**32),
)
def test_the_order_of_rows_and_columns_changes_nothing(tmp_path_factory, usage, update, seed):
    header = ("acct_id", "bots", "rate", "last_updated")
    tables = {
        "peer_dims": [("acct_id", "age"), *((account, "1") for account in "ABCD")],
        "usage": [header, *usage],
        "usage_update": [header, *update],
    }
    shuffle = random.Random(seed)  # noqa: S311
    folders = [tmp_path_factory.mktemp("given"), tmp_path_factory.mktemp("shuffled")]
    for name, rows in tables.items():
        write(folders[0], **{name: "".join(",".join(row) + "\n" for row in rows)})
        order = shuffle.sample(range(len(rows[0])), len(rows[0]))
        mixed = [rows[0], *shuffle.sample(rows[1:], len(rows) - 1)]
        lines = [",".join(row[position] for position in order) + "\n" for row in mixed]
        write(folders[1], **{name: "".join(lines)})

    given_order, shuffled = (read(folder, (AGE, BOTS, RATE)) for folder in folders)

    assert data_sha256(given_order.frame) == data_sha256(shuffled.frame)
    for column in ("bots", "rate"):
        assert values(given_order, column) == values(shuffled, column)
    assert given_order.refusals.counts == shuffled.refusals.counts
    assert given_order.notes == shuffled.notes
    assert given_order.newest == shuffled.newest
