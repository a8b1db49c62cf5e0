"""No file of a channel is left out unseen, and none that is no part of a table is read."""

import re

import pytest
from job_folders import TABLES, read, split

from training.data_digest import data_sha256
from training.errors import DataError
from training.sagemaker_job.channels import account_files


def folder_elsewhere(bare, tables, tmp_path):
    """A channel with a link to a folder of another place, as FastFile and local mode make them."""
    train = bare.channel("train")
    train.mkdir()
    for table in TABLES[:2]:
        (train / f"{table}.csv").symlink_to(tables / f"{table}.csv")
    (tmp_path / "far").mkdir()
    for number, text in enumerate(split(tables / "usage_metrics.csv", 2)):
        (tmp_path / "far" / f"{number}.csv").write_text(text)
    (train / "usage_metrics").symlink_to(tmp_path / "far")
    return train


def test_a_folder_that_is_a_link_is_read_like_any_other(bare, tables, tmp_path, expected):
    folder_elsewhere(bare, tables, tmp_path)

    assert data_sha256(read(bare).frame) == expected


@pytest.mark.parametrize("target", [".", "..", "/", "usage_metrics"])
def test_a_link_to_a_folder_that_is_read_already_is_named(bare, tables, tmp_path, target):
    train = folder_elsewhere(bare, tables, tmp_path)
    (train / "zzz").symlink_to(train / target)

    assert bare.run() == 1
    assert re.match(r".*/train/(zzz|usage_metrics/train) is a link to where ", bare.failure)
    assert "remove the link" in bare.failure


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("usage_metrics.csv", True),
        ("USAGE/usage_metrics.CSV.GZ", True),
        ("usage_metrics/part-00000", True),
        ("usage_metrics/000000_0.gz", True),
        ("usage_metrics/part-0.snappy.parquet", True),
        ("usage_metrics/part-0.c000.csv", True),
        ("usage_metrics.csv.bak", False),
        ("usage_metrics.csv.bak.gz", False),
        ("usage_metrics.old", False),
        ("usage_metrics.csv~", False),
        ("usage_metrics/part-0~", False),
        ("usage_metrics/part-0.csv.1", False),
        ("usage_metrics/notes.txt", False),
    ],
)
def test_a_backup_is_no_part_of_a_table_and_is_named(tmp_path, name, is_read):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()

    if is_read:
        (file,) = account_files({"train": tmp_path}, TABLES).files
        assert (file.table, file.name) == ("usage_metrics", f"train/{name}")
    else:
        with pytest.raises(DataError, match=f"^train/{re.escape(name)} is no table: .*take it out"):
            account_files({"train": tmp_path}, TABLES)
