"""A scorecard trained on a cluster is the one that a single machine makes, byte for byte."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from serving.scoring import load_scorer
from tests.training.reduction.trainings import make_accounts, write_folder
from training.cli.fit import train as command
from training.data_digest import data_sha256
from training.definition import read_definition
from training.errors import DataError, TooManyRefused
from training.spark.accounts import spark_accounts
from training.spark.packed_sums import pack_sums, unpack_sums
from training.spark.reducing import spark_store
from training.spark.training_run import gathered_on_spark, train_on_spark
from training.split import Split
from training.tables import read_accounts
from training.train import train

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CARDS = Path(__file__).parents[2] / "data" / "scorecards"

REGION, SINCE = {"name": "region", "type": "category"}, {"name": "since", "type": "date"}
METRICS = ["use", "zeros", "gaps", "never"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five thousand accounts, which come in two parts, and a row to refuse: (tables, card)."""
    accounts = make_accounts(5000)
    accounts.loc[3, "region"] = np.nan
    data, card = write_folder(
        tmp_path_factory.mktemp("accounts"), accounts, ["acct_age", REGION, SINCE], METRICS
    )
    with (data / "usage.csv").open("a") as usage:
        usage.write("ä1,oops,1,1,1,2026-11-03\n")
    return data, card


def files_of(artifact):
    return {
        str(path.relative_to(artifact)): path.read_bytes()
        for path in artifact.rglob("*")
        if path.is_file()
    }


def test_a_card_with_a_category_and_a_date_gives_the_bytes_of_one_machine(spark, folder, tmp_path):
    data, card = folder

    here = train(data, card, tmp_path / "here")
    there = train_on_spark(str(data), card, tmp_path / "there", master=None, jobs=2)

    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
    assert there.evaluation == here.evaluation
    assert len(there.accounts) == 5000
    assert there.accounts.refusals.total == 1
    assert there.accounts.notes == here.accounts.notes


def test_accounts_are_told_in_order_whatever_their_parts(spark, tmp_path):
    accounts = make_accounts(5000)
    accounts["since"] = np.resize(["0001-01-01", "9999-12-31T23:59:59.999999", ""], 5000)
    data, card = write_folder(tmp_path, accounts, [REGION, SINCE], METRICS)
    definition = read_definition(card)
    frame = read_accounts(data, definition.columns(), peer_dimensions=["region", "since"]).frame

    with gathered_on_spark(spark, definition, str(data), 0.01) as told:
        assert told.place.data_sha256() == data_sha256(frame)
        kept = told.place.at_least(0.5)
        assert told.place.at_least(1.0).empty

    assert kept["acct_id"].is_monotonic_increasing
    numbers = frame["acct_id"].isin(kept["acct_id"])
    expected = frame[numbers].sort_values("acct_id", ignore_index=True)
    assert 2000 < len(kept) < 3000
    for name in expected:
        if expected[name].dtype == float:
            np.testing.assert_array_equal(kept[name], expected[name])
        else:
            assert kept[name].astype(str).tolist() == expected[name].astype(str).tolist()


def test_categories_are_those_of_accounts_that_fit_or_select(spark, tmp_path):
    accounts = make_accounts(300)
    data, card = write_folder(tmp_path, accounts, [REGION], METRICS)
    columns = list(read_definition(card).columns())
    joining = spark_accounts(spark, str(data), columns, peer_dimensions=["region"])

    with joining as joined, spark_store(joined, columns) as store:
        assert store.categories("region", 3) == ["EU", "US", "日本"]
        assert len(store.categories("region", 1)) == 2
        assert store.split_counts.sum() == 300
        assert store.split_counts[Split.FIT] > store.split_counts[Split.SELECT] > 0


@given(
    st.dictionaries(
        st.text(),
        npst.arrays(
            st.sampled_from([np.int64, np.uint64, np.float64]),
            npst.array_shapes(min_dims=1, max_dims=3, min_side=0),
        ),
    )
)
def test_packed_sums_come_out_as_they_were(sums):
    found = unpack_sums(pack_sums(sums))

    assert list(found) == list(sums)
    for name, array in sums.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.writeable


def test_too_many_refused_rows_leave_no_artifact(spark, folder, tmp_path):
    data, card = folder
    shutil.copytree(data, tmp_path / "data")
    with (tmp_path / "data" / "peer_dims.csv").open("a") as peers:
        peers.write("X,oops,EU,2025-01-01\n" * 300)

    with pytest.raises(TooManyRefused, match="acct_age is not a number"):
        train_on_spark(str(tmp_path / "data"), card, tmp_path / "out", master=None)

    assert not (tmp_path / "out").exists()


def test_accounts_too_few_to_evaluate_are_told_of(spark, tmp_path):
    data, card = write_folder(tmp_path, make_accounts(2), [REGION], METRICS)

    with pytest.raises(DataError, match="2 accounts are too few"):
        train_on_spark(str(data), card, tmp_path / "out", master=None)


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ("account_health.yaml", "the learned_risk .* must be fitted to accounts in memory"),
        ("customer_success_score.yaml", "fitted to accounts in memory|nothing to count"),
    ],
)
def test_what_needs_all_accounts_is_refused_before_spark_starts(card, told, tmp_path):
    with pytest.raises(DataError, match=told):
        train_on_spark(str(SAMPLE), CARDS / card, tmp_path / "out", master="none such")


def test_a_master_needs_the_engine(tmp_path):
    words = ["--data", str(SAMPLE), "--out", str(tmp_path / "out"), "--master", "yarn"]

    told = CliRunner().invoke(command, words)

    assert told.exit_code == 2
    assert "--master is Spark's: give --engine spark, too" in told.output


def test_the_command_trains_on_spark(spark, folder, tmp_path):
    data, card = folder
    words = ["--data", str(data), "--scorecard", str(card), "--out", str(tmp_path / "out")]

    told = CliRunner().invoke(command, [*words, "--engine", "spark", "--jobs", "1"])

    assert told.exit_code == 0, told.output
    assert "5,000 accounts" in told.output
    assert load_scorer(tmp_path / "out").artifact.version in told.output
