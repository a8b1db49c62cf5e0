"""Gzipped and Parquet files give the accounts that the CSV of the same values gives."""

import gzip
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.scoring.column import Input
from training.data_digest import data_sha256
from training.errors import DataError
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFile, batches_of, files_of, header_of
from training.tables import read_accounts

AGE, BOTS = Input("age"), Input("bots")
REGION, SINCE = Input("region", "category"), Input("since", "date")
INPUTS = (AGE, BOTS, REGION, SINCE)
CSV = (
    "acct_id,age,bots,region,since,last_updated\n"
    "007,1.5,3,north,2024-02-29,2024-01-02T03:04:05Z\n"
    'A,0.1,,"south, east",,2024-01-03\n'
    "B,1e-300,9007199254740993,,1999-12-31,2024-01-04 00:00:00.123456\n"
)


def read(path, inputs=INPUTS):
    refusals = Refusals()
    file = AccountFile(path, "t", path.name)
    return pd.concat(list(batches_of(file, inputs, refusals))), refusals


def as_parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    return path


def test_a_gzipped_csv_is_read_whatever_it_is_called(tmp_path, plain):
    for name in ("t.csv.gz", "t.gz", "t.csv"):
        (tmp_path / name).write_bytes(gzip.compress(CSV.encode()))
        frame, _ = read(tmp_path / name)

        plain.write_text(CSV)
        pd.testing.assert_frame_equal(frame, read(plain)[0])


def test_parquet_gives_what_the_csv_of_the_same_values_gives(tmp_path, plain):
    moments = pd.to_datetime(
        ["2024-01-02T03:04:05", "2024-01-03", "2024-01-04 00:00:00.123456"], format="ISO8601"
    )
    path = as_parquet(
        tmp_path / "t.parquet",
        since=pa.array(["2024-02-29", None, "1999-12-31"]).cast(pa.date32()),
        region=pa.array(["north", "south, east", ""]).dictionary_encode(),
        acct_id=["007", "A", "B"],
        bots=pa.array([3, None, 9007199254740993], pa.int64()),
        age=[1.5, 0.1, 1e-300],
        last_updated=pa.array(moments.tz_localize("UTC")),
    )

    frame, refusals = read(path)

    assert header_of(AccountFile(path, "t", "t"))[:2] == ["since", "region"]
    pd.testing.assert_frame_equal(frame, read(plain)[0])
    assert refusals.rows_read == 3


def test_rows_of_parquet_that_cannot_be_used_are_refused_with_their_row(tmp_path):
    path = as_parquet(
        tmp_path / "t.parquet",
        acct_id=["A", None, "C", "D"],
        age=pa.array([float("nan"), 1.0, float("inf"), 2.0]),
    )

    frame, refusals = read(path, (AGE,))

    assert frame["acct_id"].tolist() == ["A", "D"]
    assert [(entry.line, entry.reason) for entry in refusals.entries] == [
        (3, "has no acct_id"),
        (4, "age is not finite: 'inf'"),
    ]


@pytest.mark.parametrize(
    ("column", "values", "why"),
    [
        (pa.array([1, 2], pa.int32()), [1.0, 2.0], "whole numbers"),
        (pa.array([Decimal("1.50"), None]), [1.5, None], "decimals"),
        (pa.array([0.1, 0.2], pa.float32()), [0.1, 0.2], "short floats, as they are written"),
        (pa.array(["1", ""]), [1.0, None], "texts"),
    ],
)
def test_numbers_of_any_type_are_numbers(tmp_path, column, values, why):
    frame, _ = read(as_parquet(tmp_path / "t.parquet", acct_id=["A", "B"], age=column), (AGE,))

    assert [None if pd.isna(value) else value for value in frame["age"]] == values, why


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["A"]}, "t.parquet has no column acct_id"),
        ({"acct_id": [1.0], "age": [1]}, "t.parquet: acct_id holds fractions"),
        ({"acct_id": [Decimal("1.00")]}, r"acct_id holds fractions \(decimal.*; store it as text"),
        (
            {"acct_id": pa.array([Decimal("1.0")]).dictionary_encode()},
            "t.parquet: acct_id holds fractions",
        ),
        ({"acct_id": ["A"], "age": [timedelta(days=3)]}, "age holds durations .* as hours or days"),
        ({"acct_id": ["A"], "age": [[1]]}, "t.parquet: age is of type list"),
        ({"acct_id": ["A"], "age": [b"\xff"]}, "t.parquet: age is of type binary"),
    ],
)
def test_parquet_that_cannot_be_read_says_why(tmp_path, columns, message):
    path = as_parquet(tmp_path / "t.parquet", **columns)

    with pytest.raises(DataError, match=message):
        read(path, (AGE,))


def test_whole_decimals_are_ids_and_a_duration_nobody_reads_is_no_matter(tmp_path):
    path = as_parquet(
        tmp_path / "t.parquet", acct_id=[Decimal(12)], age=[1], since=[timedelta(days=3)]
    )

    frame, _ = read(path, (AGE,))

    assert frame["acct_id"].tolist() == ["12"]


@pytest.mark.parametrize("end", [-1, -5, -50, 100, 4])
def test_parquet_that_was_cut_says_so(tmp_path, end):
    path = as_parquet(tmp_path / "t.parquet", acct_id=["A"] * 1000, age=[1.0] * 1000)
    path.write_bytes(path.read_bytes()[:end])

    with pytest.raises(DataError, match=r"t\.parquet is damaged"):
        read(path, (AGE,))


@pytest.mark.parametrize("end", [-1, -9, 20, 3])
def test_gzip_that_was_cut_says_so(tmp_path, end):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(CSV.encode() * 50)[:end])

    with pytest.raises(DataError, match=r"t\.csv\.gz is damaged, or not all of it is there"):
        read(tmp_path / "t.csv.gz")


def test_gzip_that_was_altered_says_so(tmp_path):
    data = bytearray(gzip.compress(CSV.encode()))
    data[-6] ^= 1
    (tmp_path / "t.csv.gz").write_bytes(data)

    with pytest.raises(DataError, match=r"t\.csv\.gz is damaged"):
        read(tmp_path / "t.csv.gz")


def test_a_folder_may_mix_formats_and_gives_the_same_accounts(tmp_path):
    for name in ("plain", "mixed"):
        (tmp_path / name).mkdir()
    peers, usage = "acct_id,age\nA,1\nB,2\n", "acct_id,bots\nB,5\nA,\n"
    (tmp_path / "plain" / "peer_dims.csv").write_text(peers)
    (tmp_path / "plain" / "usage.csv").write_text(usage)
    (tmp_path / "mixed" / "peer_dims.csv.gz").write_bytes(gzip.compress(peers.encode()))
    as_parquet(tmp_path / "mixed" / "usage.parquet", acct_id=["B", "A"], bots=[5, None])
    (tmp_path / "mixed" / ".usage.parquet").touch()

    frames = [
        read_accounts(tmp_path / name, (AGE, BOTS), peer_dimensions=["age"]).frame
        for name in ("plain", "mixed")
    ]

    assert data_sha256(frames[0]) == data_sha256(frames[1])


def test_a_table_in_two_formats_is_refused(tmp_path):
    for name in ("usage.csv", "usage.csv.gz"):
        (tmp_path / name).touch()

    with pytest.raises(DataError, match=r"^usage.csv and usage.csv.gz are the same table twice"):
        files_of(tmp_path)
