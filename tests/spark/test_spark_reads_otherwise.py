"""Files that Spark itself reads otherwise than one machine: read alike, or refused by name."""

import datetime as dt
import gzip

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.scoring.column import Input
from tests.training.account_folders import AGE, BOTS, PEERS, USAGE, write
from training.errors import DataError
from training.spark.accounts import spark_accounts
from training.spark.session import SparkFailed, open_session
from training.tables import read_accounts


def on_spark(folder, inputs):
    with (
        open_session(None) as session,
        spark_accounts(session, str(folder), inputs, peer_dimensions=["age"]) as accounts,
    ):
        # pandas has no days of long ago that came by way of Spark.
        dates = {f"i{place}" for place, each in enumerate(inputs) if each.type == "date"}
        columns = [
            accounts.frame[name].cast("string").alias(name) if name in dates else name
            for name in accounts.frame.columns
        ]
        frame = accounts.frame.select(columns).toPandas()
        frame = frame.sort_values("acct_id", ignore_index=True)
        frame.columns = ["acct_id", *(each.name for each in inputs)]
        return frame


def assert_as_on_one_machine(folder, inputs):
    ours = read_accounts(folder, inputs, peer_dimensions=["age"]).frame
    ours = ours.sort_values("acct_id", ignore_index=True)
    pd.testing.assert_frame_equal(on_spark(folder, inputs), ours, check_dtype=False)


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("name", ["_usage.csv", "usage.csv/_part-0.csv"])
def test_a_file_that_spark_passes_over_is_not_passed_over_in_silence(tmp_path, name):
    # Within a folder of parts such names are markers of who wrote them, and no part is left.
    write(tmp_path, peer_dims=PEERS)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(USAGE)

    with pytest.raises(DataError, match=r"_usage.csv: Spark passes over .*: rename|no file has"):
        on_spark(tmp_path, (AGE, BOTS))


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("usage.csv", gzip.compress(USAGE.encode()), "usage.csv is gzipped"),
        ("usage.csv.gz", USAGE.encode(), "usage.csv.gz is not gzipped"),
    ],
)
def test_a_name_that_does_not_say_how_a_file_is_packed_is_refused(tmp_path, name, content, message):
    write(tmp_path, peer_dims=PEERS)
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        on_spark(tmp_path, (AGE, BOTS))


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")])
def test_days_of_long_ago_are_those_that_stand_there(tmp_path, kind):
    write(tmp_path, peer_dims=PEERS)
    days = [dt.date(1, 1, 1), dt.date(1582, 10, 10), dt.date(1899, 12, 31)]
    since = pa.array(days).cast(pa.timestamp("us")).cast(kind)
    pq.write_table(pa.table({"acct_id": ["A", "B", "C"], "since": since}), tmp_path / "x.parquet")

    inputs = (AGE, Input("since", "date"))
    assert on_spark(tmp_path, inputs)["since"].tolist() == [f"{day} 00:00:00" for day in days]
    ours = read_accounts(tmp_path, inputs, peer_dimensions=["age"]).frame.set_index("acct_id")
    assert ours["since"].loc[["A", "B", "C"]].dt.date.tolist() == days


@pytest.mark.usefixtures("spark")
def test_a_column_of_nothing_is_missing_everywhere(tmp_path):
    write(tmp_path, peer_dims=PEERS)
    bots = pa.nulls(3)
    pq.write_table(pa.table({"acct_id": ["A", "B", "C"], "bots": bots}), tmp_path / "x.parquet")

    assert_as_on_one_machine(tmp_path, (AGE, BOTS))


@pytest.mark.usefixtures("spark")
def test_what_fails_in_an_executor_is_told_without_its_stack(tmp_path, recwarn):
    write(tmp_path, peer_dims=PEERS)
    table = pa.table({"acct_id": ["A"], "bots": [[1]]})
    pq.write_table(table, tmp_path / "lists.parquet")

    with pytest.raises(
        SparkFailed, match=r"DataError: lists.parquet: bots is of type list"
    ) as told:
        on_spark(tmp_path, (AGE, BOTS))

    assert "\n" not in str(told.value)
    assert not [each for each in recwarn if "toPandas" in str(each.message)]


@pytest.mark.usefixtures("spark")
def test_what_fails_in_java_is_told_by_its_cause(tmp_path):
    write(tmp_path, peer_dims=PEERS)
    packed = gzip.compress(USAGE.encode())
    (tmp_path / "usage.csv.gz").write_bytes(packed[:-20])

    with pytest.raises(SparkFailed, match="Unexpected end of input stream"):
        on_spark(tmp_path, (AGE, BOTS))
