"""Which file is of which table, and what a job says of channels it cannot use."""

import os

import pandas as pd
import pytest
from job_folders import TABLES, JobFolder, compress, digests, files, read, split

from training.data_digest import data_sha256
from training.errors import DataError
from training.sagemaker_job.channels import definition_file


def test_t9_nested_files_compressed_and_marked_are_all_read_once_in_sorted_order(
    bare, tables, expected
):
    train = bare.channel("train")
    compress(tables / "peer_dims.csv", train / "2026" / "11" / "peer_dims.csv.gz")
    parts = split(tables / "usage_metrics.csv", 3)
    (train / "usage_metrics" / "day=2").mkdir(parents=True)
    for name, text in zip(("z", "day=2/a", "b"), parts, strict=True):
        (train / "usage_metrics" / f"{name}.csv").write_text(text)
    (train / "product_metrics").mkdir()
    pd.read_csv(tables / "product_metrics.csv", dtype={"acct_id": str}).to_parquet(
        train / "product_metrics" / "part-0.snappy.parquet"
    )
    for marker in ("_SUCCESS", ".hidden.csv", "usage_metrics/_committed_1", "_temporary/x.csv"):
        (train / marker).parent.mkdir(exist_ok=True)
        (train / marker).write_text("not a CSV")

    found = files(bare)
    accounts = read(bare)

    assert [file.name for file in found.files] == [
        "train/2026/11/peer_dims.csv.gz",
        "train/product_metrics/part-0.snappy.parquet",
        "train/usage_metrics/b.csv",
        "train/usage_metrics/day=2/a.csv",
        "train/usage_metrics/z.csv",
    ]
    assert data_sha256(accounts.frame) == expected
    assert accounts.refusals.total == 0


def test_a_channel_per_table_gives_the_same_accounts(bare, tables, expected):
    for table in TABLES:
        compress(tables / f"{table}.csv", bare.channel(table) / "part-0.gz")

    assert data_sha256(read(bare).frame) == expected


def test_newer_rows_in_a_channel_of_their_own_replace_older_ones(bare, tables):
    bare.channel("train").symlink_to(tables)
    update = bare.channel("usage_metrics_update")
    update.mkdir()
    header, row, *_ = (tables / "usage_metrics.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    cells |= {"bots": "12345", "last_updated": "2099-01-01"}
    (update / "rows.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")

    frame = read(bare).frame

    assert frame.set_index("acct_id").loc[cells["acct_id"], "bots"] == 12345
    assert (frame["bots"] == 12345).sum() == 1


@pytest.mark.slow
def test_more_files_than_a_byte_can_count_are_read(bare, tables, expected):
    train = bare.channel("train")
    (train / "usage_metrics").mkdir(parents=True)
    for table in TABLES[:2]:
        (train / f"{table}.csv").symlink_to(tables / f"{table}.csv")
    for number, text in enumerate(split(tables / "usage_metrics.csv", 130)):
        (train / "usage_metrics" / f"{number}.csv").write_text(text)

    assert data_sha256(read(bare).frame) == expected


def test_t12_a_channel_may_be_elsewhere(bare, tables, expected):
    assert data_sha256(read(bare, SM_CHANNEL_TRAIN=str(tables)).frame) == expected


def nothing(_job):
    pass


def empty(job):
    job.channel("train").mkdir()


def listed_only(job):
    job.configure("inputdataconfig", {"train": {"TrainingInputMode": "File"}})


def markers_only(job):
    empty(job)
    (job.channel("train") / "_SUCCESS").touch()


def another_channel(job):
    for name in ("train", "validation"):
        job.channel(name).mkdir()


def nameless(job):
    empty(job)
    (job.channel("train") / "export.csv").write_text("acct_id\n")


def cut(job):
    empty(job)
    target = job.channel("train") / "peer_dims.csv.gz"
    (job.root / "x").write_text("acct_id,acct_age,acct_size\n" + "a,1,2\n" * 10_000)
    compress(job.root / "x", target)
    target.write_bytes(target.read_bytes()[:-20])


def no_ids(job):
    empty(job)
    (job.channel("train") / "peer_dims.csv").write_text("account,acct_age\nA,1\n")


def a_part_without_ids(job):
    listed = job.channel("train") / "peer_dims"
    listed.mkdir(parents=True)
    (listed / "1.csv").write_text("acct_id,acct_age,acct_size\nA,1,2\n")
    (listed / "2.csv").write_text("A,1,2\n")


def a_part_of_another_kind(job):
    listed = job.channel("train") / "peer_dims"
    listed.mkdir(parents=True)
    (listed / "1.csv").write_text("acct_id,acct_age,acct_size\nA,1,2\n")
    (listed / "2.csv").write_text("acct_id,acct_age\nB,1\n")
    (listed.parent / "usage_metrics.csv").write_text("acct_id,bots,workflowrules,activation_rate\n")


def no_text(job):
    empty(job)
    columns = b"acct_id,acct_age,acct_size,bots,workflowrules,activation_rate"
    (job.channel("train") / "peer_dims.csv").write_bytes(columns + b"\nA,\xff,,,,\n")


def unnamed_dimension(job):
    empty(job)
    (job.channel("train") / "peer_dims.csv").write_text("acct_id,age\n")


def damaged_parquet(job):
    empty(job)
    (job.channel("train") / "peer_dims.parquet").write_bytes(b"PAR1 and no more")


def pipe_by_mode(job):
    job.configure("inputdataconfig", {"train": {"TrainingInputMode": "Pipe"}})


def pipe_unlisted(job):
    os.mkfifo(job.channel("train_0"))


def sharded(job):
    empty(job)
    job.configure("resourceconfig", {"current_host": "a", "hosts": ["a", "b"]})
    job.configure("inputdataconfig", {"train": {"S3DistributionType": "ShardedByS3Key"}})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (nothing, "there is no channel with accounts: give train or training"),
        (empty, "channel train is empty"),
        (markers_only, "channel train is empty"),
        (listed_only, "channel train is not there"),
        (another_channel, "channel validation is not known"),
        (nameless, "train/export.csv is of no table"),
        (cut, "train/peer_dims.csv.gz is damaged, or not all of it is there"),
        (no_ids, "train/peer_dims.csv has no column acct_id"),
        (a_part_without_ids, "train/peer_dims/2.csv has no column acct_id"),
        (a_part_of_another_kind, "train/peer_dims/2.csv lacks acct_size, which train/peer_dims/1"),
        (no_text, "train/peer_dims.csv, line 2: not UTF-8"),
        (unnamed_dimension, "train/peer_dims.csv lacks acct_age, acct_size"),
        (damaged_parquet, "train/peer_dims.parquet is damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", "-"),
)
def test_t6_a_channel_that_cannot_be_used_is_named_with_its_file(bare, spoil, message):
    spoil(bare)

    code = bare.run()

    assert code == 1
    assert bare.failure.startswith(message)
    assert not any(bare.model.glob("*"))


@pytest.mark.parametrize("spoil", [pipe_by_mode, pipe_unlisted])
def test_t11_pipe_mode_is_refused_in_words(bare, spoil):
    spoil(bare)

    code = bare.run()

    assert code == 1
    assert bare.failure.startswith("channel train comes in Pipe mode, which is not supported")
    assert "File or FastFile" in bare.failure


def test_a_shard_is_not_taken_for_all_of_the_data(bare):
    sharded(bare)

    assert bare.run() == 1
    assert "choose FullyReplicated" in bare.failure


@pytest.mark.parametrize(
    ("names", "message"),
    [((), "it has none"), (("a.yaml", "b.yml"), "it has a.yaml, b.yml"), (("a.txt",), "none")],
)
def test_a_channel_of_a_definition_holds_one(tmp_path, names, message):
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(DataError, match=message):
        definition_file({"scorecard": tmp_path})


def test_without_a_channel_of_a_definition_there_is_none(tmp_path):
    assert definition_file({"train": tmp_path}) is None


@pytest.mark.slow
def test_a_run_is_the_same_whatever_the_layout(tmp_path, tables, model_bytes):
    job = JobFolder(tmp_path / "ml", tables)
    job.channel("train").unlink()
    for table in TABLES:
        compress(tables / f"{table}.csv", job.channel(table) / "deep" / "part-0.gz")

    assert job.run() == 0
    assert digests(job.model) == model_bytes
