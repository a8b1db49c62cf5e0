import pandas as pd
import pytest
from account_folders import AGE, BOTS, PEERS, USAGE, read, refused, values, write

from serving.scoring.column import Input


def test_a_newer_row_of_an_update_replaces_the_older_one(tmp_path):
    update = "last_updated,acct_id,bots\n2024-03-01,B,99\n2023-01-01,A,1\n"
    write(tmp_path, peer_dims=PEERS, usage=USAGE, usage_update=update)

    accounts = read(tmp_path)

    assert values(accounts) == {"A": 10, "B": 99, "C": 30}
    assert accounts.notes == (
        "usage_update.csv: 1 row replaces an older one",
        "usage_update.csv: 1 row older than the newest of the same account",
    )
    assert accounts.refusals.total == 0
    assert accounts.newest == pd.Timestamp("2024-03-01T00:00Z")


def test_an_update_of_an_update_is_read_last(tmp_path):
    write(
        tmp_path,
        peer_dims=PEERS,
        usage=USAGE,
        usage_update="acct_id,bots,last_updated\nA,11,2024-02-01\n",
        usage_update_update="acct_id,bots,last_updated\nA,12,2024-03-01\n",
    )

    assert values(read(tmp_path)) == {"A": 12, "B": 20, "C": 30}


def test_peer_dims_can_be_updated_too_and_gain_accounts(tmp_path):
    write(
        tmp_path,
        peer_dims="acct_id,age,last_updated\nB,1,2024-01-01\nA,2,2024-01-01\n",
        peer_dims_update="acct_id,age,last_updated\nD,4,2024-02-01\nA,5,2024-02-01\n",
    )

    assert list(values(read(tmp_path, (AGE,)), "age").items()) == [("B", 1), ("A", 5), ("D", 4)]


def test_an_update_may_add_a_column(tmp_path):
    region = Input("region", "category")
    write(
        tmp_path,
        peer_dims=PEERS,
        usage=USAGE,
        usage_update="acct_id,bots,region,last_updated\nA,1,north,2025-01-01\n",
    )

    accounts = read(tmp_path, (AGE, BOTS, region))

    assert values(accounts, "region") == {"A": "north", "B": None, "C": None}
    assert accounts.frame["region"].dtype == pd.Series(["a text"]).dtype


def test_an_update_without_a_base_is_a_file_of_its_own(tmp_path):
    write(tmp_path, peer_dims=PEERS, usage_update="acct_id,bots\nA,1\nB,2\nC,3\n")

    assert values(read(tmp_path)) == {"A": 1, "B": 2, "C": 3}


@pytest.mark.parametrize(
    ("rows", "expected", "lines", "why"),
    [
        ("A,1,2024-01-01\nA,2,2024-01-02\n", 2, [], "the newest wins"),
        ("A,2,2024-01-02\nA,1,2024-01-01\n", 2, [], "in whatever order"),
        ("A,2,2024-01-02\nA,2,2024-01-02\n", 2, [], "a repeated row is one row"),
        ("A,,2024-01-02\nA,,2024-01-02\n", None, [], "missing equals missing"),
        ("A,0.5,2024-01-02\nA,0.50,2024-01-02T00:00Z\n", 0.5, [], "values count, not spelling"),
        ("A,0.0,2024-01-02\nA,-0.0,2024-01-02\n", 0, [], "there is one zero"),
        ("A,1,2024-01-02\nA,2,2024-01-02\n", None, [2, 3], "which is right?"),
        ("A,1,2024-01-02\nA,,2024-01-02\n", None, [2, 3], "missing differs from a number"),
        ("A,1,2024-01-02T01:00+01:00\nA,2,2024-01-02\n", None, [2, 3], "the same moment"),
        ("A,1,2024-01-02\nA,2,2024-01-02\nA,1,2024-01-02\n", None, [2, 3, 4], "no majority vote"),
        ("A,0,2024-01-01\nA,1,2024-01-02\nA,2,2024-01-02\n", None, [3, 4], "no stale value"),
        ("A,1,2024-01-01\nA,2,2024-01-01\nA,3,2024-01-02\n", 3, [], "older ones may contradict"),
    ],
)
def test_of_several_rows_the_newest_counts(tmp_path, rows, expected, lines, why):
    write(tmp_path, peer_dims="acct_id,age\nA,1\nB,2\n", usage=f"acct_id,bots,last_updated\n{rows}")

    accounts = read(tmp_path)

    assert values(accounts) == {"A": expected, "B": None}, why
    assert refused(accounts) == [("usage.csv", line) for line in lines], why
    assert accounts.notes, "several rows are always told of"


def test_a_refused_row_is_not_told_of_again_as_a_repeated_one(tmp_path):
    write(tmp_path, peer_dims="acct_id,age\nA,1\n", usage="acct_id,bots\nA,1\nA,2\nA,1\n")

    accounts = read(tmp_path)

    assert accounts.refusals.total == 3
    assert not any("the same as another row" in note for note in accounts.notes)


def test_rows_of_base_and_update_that_contradict_are_both_refused(tmp_path):
    update = "acct_id,bots,last_updated\nA,11,2024-01-02\n"
    write(tmp_path, peer_dims=PEERS, usage=USAGE, usage_update=update)

    accounts = read(tmp_path)

    assert values(accounts)["A"] is None
    assert refused(accounts) == [("usage.csv", 2), ("usage_update.csv", 2)]
    assert "same last_updated" in accounts.refusals.entries[0].reason


def test_without_last_updated_two_different_rows_are_refused_and_equal_ones_are_one(tmp_path):
    write(tmp_path, peer_dims=PEERS, usage="acct_id,bots,x\nA,1,\nA,2,\nB,3,\nB,3,?\nC,4,\n")

    accounts = read(tmp_path)

    assert values(accounts) == {"A": None, "B": 3, "C": 4}
    assert refused(accounts) == [("usage.csv", 2), ("usage.csv", 3)]
    assert "no last_updated" in accounts.refusals.entries[0].reason
    assert "usage.csv: 1 row with nothing new, the same as another row" in accounts.notes


def test_an_account_whose_peer_dims_contradict_is_not_there(tmp_path):
    write(tmp_path, peer_dims="acct_id,age\nA,1\nB,2\nA,3\n", usage=USAGE)

    accounts = read(tmp_path)

    assert values(accounts) == {"B": 20}
    assert ("usage.csv", 2) in refused(accounts)
