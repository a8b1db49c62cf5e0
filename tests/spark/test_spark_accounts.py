"""A cluster reads, refuses and chooses what one machine does."""

import gzip
import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.scoring.column import Input
from tests.training.account_folders import AGE, BOTS, PEERS, USAGE, write
from training.errors import DataError
from training.spark.accounts import spark_accounts
from training.tables import read_accounts

INPUTS = (
    AGE,
    BOTS,
    Input("region", "category"),
    Input("since", "date"),
    Input("insider", "boolean"),
)
HEADER = "acct_id,bots,region,since,insider,last_updated\n"


def on_spark(spark, folder, inputs=INPUTS):
    with spark_accounts(
        spark, str(folder), inputs, peer_dimensions=["age"], max_refused_share=1.0
    ) as accounts:
        frame = accounts.frame.toPandas()
        frame.columns = ["acct_id", *(each.name for each in inputs)]
        return frame, accounts


def assert_as_on_one_machine(spark, folder, inputs=INPUTS, *, expected_of=None):
    frame, theirs = on_spark(spark, folder, inputs)
    ours = read_accounts(
        expected_of or folder, inputs, peer_dimensions=["age"], max_refused_share=1.0
    )

    assert rows(frame) == rows(ours.frame)
    assert theirs.count == len(ours.frame)
    assert theirs.refusals.counts == ours.refusals.counts
    assert theirs.refusals.rows_read == ours.refusals.rows_read
    assert sorted(entry.reason for entry in ours.refusals.entries) == sorted(
        reason for _, _, reason in theirs.refusals.listed
    )
    assert theirs.notes == ours.notes
    newest = None if theirs.newest is None else pd.Timestamp(theirs.newest, tz="UTC")
    assert newest == ours.newest
    return theirs


def rows(frame):
    return {
        row[0]: [None if pd.isna(value) else value for value in row[1:]]
        for row in frame.itertuples(index=False)
    }


def test_rows_are_chosen_refused_and_told_of_alike(spark, tmp_path):
    write(
        tmp_path,
        peer_dims="acct_id,age,last_updated\n"
        + "".join(f"{account},{place},2024-01-01\n" for place, account in enumerate("ABCDEFGHIJ"))
        + "A,0,2024-01-01\nB,99,2024-01-01\nJ,11,2024-02-01\n,5,2024-01-01\nK,old,2024-01-01\n",
        usage=HEADER
        + "A,1,north,2024-01-02,true,2024-01-02\n"
        + "A,1.0,north,2024-01-02,TRUE,2024-01-02T00:00Z\n"
        + "B,1,x,,,2024-01-02\nC,1,,,,2024-01-02\nC,2,,,,2024-01-02\nC,0,,,,2024-01-01\n"
        + "D,-0.0,NaN,nan,no,2024-01-02T01:00+01:00\nE,5,,,,2024-01-03\nE,4,,,,2024-01-02\n"
        + "Z,1,,,,2024-01-01\nF,1e400,,,,2024-01-01\nG,_1,,,,2024-01-01\nH,1,,soon,,2024-01-01\n"
        + "I,1,,,maybe,2024-01-01\nJ,1,,,,whenever\n",
        usage_update=HEADER + "D,7,south,,yes,2024-03-01\nE,6,,,,2020-01-01\nY,6,,,,2020-01-01\n",
    )

    accounts = assert_as_on_one_machine(spark, tmp_path)

    assert accounts.refusals.total > 8
    assert "(Y)" not in accounts.refusals.summary()
    assert "usage_update.csv: 1 row: acct_id is not in peer_dims.csv" in accounts.refusals.summary()


def test_lines_are_cells_by_the_same_rules(spark, tmp_path):
    tmp_path.joinpath("peer_dims.csv").write_bytes(
        b"\xef\xbb\xbfacct_id,age\r\nA,1\r\n\r\nB,2\r\n,\r\n  \r\nC,3,\r\nD\r\nacct_id,age\r\nE,4"
    )
    write(
        tmp_path,
        usage=HEADER
        + '"A",1,"north, ""by"" east",,,2024-01-01\n"B,1,open,,,2024-01-01\n'
        + 'C,1,a"b,,,2024-01-01\n"E",1,\u00e9,,,2024-01-01\r'
        + 'A,1,"north, ""by"" east",,,2024-01-01\n',
    )

    accounts = assert_as_on_one_machine(spark, tmp_path)

    assert accounts.count == 3


def test_gzip_and_folders_of_parts_are_tables_too(spark, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    write(whole, peer_dims=PEERS, usage=USAGE + "A,1,2024-01-01\nX,1,2024-01-01\n")
    (parts / "peer_dims.csv.gz").write_bytes(gzip.compress(PEERS.encode()))
    (parts / "usage.csv").mkdir()
    header, *lines = (whole / "usage.csv").read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        (parts / "usage.csv" / f"part-{number}").write_text(header + line)
    (parts / "usage.csv" / "_SUCCESS").touch()

    assert_as_on_one_machine(spark, parts, (AGE, BOTS), expected_of=whole)


def test_parquet_of_several_types_gives_the_values_of_its_texts(spark, tmp_path):
    write(tmp_path, peer_dims=PEERS)
    ids = pa.array(["A", "B", "C", "C", "", "Q"]).dictionary_encode()
    table = pa.table(
        {
            "acct_id": ids,
            "bots": pa.array([1, 2, 3, 3, 5, 6], pa.uint64()),
            "region": pa.array(["n", "", None, None, "s", "s"], pa.large_string()),
            "since": pa.array([0, 1, None, None, 3, 4], pa.timestamp("ns")),
            "insider": pa.array([True, False, None, None, True, True]),
            "last_updated": pa.array([10, 20, 30, 30, 40, 50], pa.timestamp("s", "Asia/Tokyo")),
        }
    )
    pq.write_table(table, tmp_path / "usage.parquet", version="2.6")

    assert_as_on_one_machine(spark, tmp_path)


@pytest.mark.parametrize("size", [10, 1000])
def test_the_size_of_batches_changes_nothing(spark, tmp_path, size):
    write(
        tmp_path,
        peer_dims="acct_id,age\n" + "".join(f"{n % 300},{n % 150 % 7}\n" for n in range(600)),
        usage=HEADER
        + "".join(f"{n % 290},{n // 5},r,,,2024-01-{n % 9 + 1:02}\n" for n in range(1200)),
    )
    setting = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = spark.conf.get(setting)
    spark.conf.set(setting, str(size))
    try:
        assert_as_on_one_machine(spark, tmp_path)
    finally:
        spark.conf.set(setting, before)


def test_names_are_never_sql_nor_patterns(spark, tmp_path):
    folder = tmp_path / "a b [x]{y}*"
    folder.mkdir()
    names = ["`a`.b", "x y", "Bots", "bots", "i0", "told"]
    inputs = (AGE, *(Input(name) for name in names))
    write(folder, peer_dims=PEERS)
    table = {"acct_id": ["A", "B"], **{name: [1.5, 2.5] for name in names}}
    pq.write_table(pa.table(table), folder / "usage.parquet")

    assert_as_on_one_machine(spark, folder, inputs)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no peer_dims.csv; it has no CSV at all"),
        ({"peer_dims": PEERS}, "no file has bots; looked at: peer_dims.csv"),
        ({"peer_dims": "acct_id,age\n", "usage": USAGE}, "peer_dims.csv has no usable row"),
        ({"peer_dims": PEERS, "usage": ""}, "usage.csv is empty"),
        (
            {"peer_dims": PEERS, "usage": USAGE, "more": USAGE},
            "bots is in both more.csv and usage.csv",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_says_what_to_change(spark, tmp_path, files, message):
    write(tmp_path, **files)

    with pytest.raises(DataError, match=re.escape(message)) as refused:
        on_spark(spark, tmp_path, (AGE, BOTS))

    with pytest.raises(DataError) as ours:
        read_accounts(tmp_path, (AGE, BOTS), peer_dimensions=["age"], max_refused_share=1.0)
    # Below it, one tells of lines and the other of accounts.
    assert str(refused.value).splitlines()[0] == str(ours.value).splitlines()[0]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no events.csv to derive bots from, and no other file has it"),
        ({"events": "acct_id,event,date\nA,bot,2026-01-01\n"}, "on one machine only: leave"),
        (
            {"events": "acct_id,event,date\n", "usage": USAGE},
            "bots is in usage.csv, and is derived",
        ),
    ],
)
def test_what_events_would_give_is_refused_by_its_name(spark, tmp_path, files, message):
    write(tmp_path, peer_dims=PEERS, **files)
    events = {"bots": {"event": "bot", "take": "count"}}

    with (
        pytest.raises(DataError, match=message),
        spark_accounts(spark, str(tmp_path), (AGE, BOTS), peer_dimensions=["age"], events=events),
    ):
        pass


def test_a_line_that_is_not_utf8_ends_the_run(spark, tmp_path):
    write(tmp_path, peer_dims=PEERS, usage=USAGE)
    with (tmp_path / "usage.csv").open("ab") as file:
        file.write(b"\xff,1,2024-01-01\n")

    with pytest.raises(DataError, match=r"usage.csv: the line that begins with .* is not UTF-8"):
        on_spark(spark, tmp_path, (AGE, BOTS))


@pytest.mark.parametrize(
    ("tail", "message"), [(b"", "is damaged, or not all"), (b"PAR1", "is damaged")]
)
def test_a_damaged_parquet_file_is_named(spark, tmp_path, tail, message):
    write(tmp_path, peer_dims=PEERS)
    (tmp_path / "usage.parquet").write_bytes(b"PAR1" + b"\x07" * 40 + tail)

    with pytest.raises(DataError, match=f"usage.parquet {message}"):
        on_spark(spark, tmp_path, (AGE, BOTS))


def test_durations_have_no_unit_on_a_cluster_either(spark, tmp_path):
    write(tmp_path, peer_dims=PEERS)
    bots = pa.array([1, 2], pa.duration("s"))
    pq.write_table(pa.table({"acct_id": ["A", "B"], "bots": bots}), tmp_path / "usage.parquet")

    with pytest.raises(DataError, match="bots holds durations"):
        on_spark(spark, tmp_path, (AGE, BOTS))


def test_parts_of_a_table_have_the_same_columns(spark, tmp_path):
    write(tmp_path, peer_dims=PEERS)
    (tmp_path / "usage.csv").mkdir()
    (tmp_path / "usage.csv" / "part-0").write_text(USAGE)
    (tmp_path / "usage.csv" / "part-1").write_text("acct_id,bots\nA,1\n")

    with pytest.raises(DataError, match="part-1 has other columns than part-0"):
        on_spark(spark, tmp_path, (AGE, BOTS))
