"""Results of a cluster appear whole, or not at all."""

import pytest

from training.errors import DataError
from training.spark.hadoop_files import HadoopFiles
from training.spark.output_folder import OutputFolder


class Broken(Exception):
    """What stops a writer."""


@pytest.fixture(params=["moves folders", "is an object store"])
def file_system(request, monkeypatch):
    monkeypatch.setattr(HadoopFiles, "renames", request.param == "moves folders")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_holds_what_was_written(spark, tmp_path, file_system, is_there):
    if is_there:
        (tmp_path / "out").mkdir()

    OutputFolder(spark, str(tmp_path / "out")).write(spark.range(3).write.parquet)

    assert names(tmp_path) == ["out"]
    assert "_SUCCESS" in names(tmp_path / "out")


def test_a_run_that_fails_removes_what_it_wrote(spark, tmp_path, file_system):
    def write(place):
        spark.range(3).write.parquet(place)
        raise Broken

    with pytest.raises(Broken):
        OutputFolder(spark, str(tmp_path / "out")).write(write)

    assert names(tmp_path) == []


def test_a_folder_that_appears_in_the_meantime_is_not_mixed_with(spark, tmp_path):
    def write(place):
        spark.range(3).write.parquet(place)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").touch()

    with pytest.raises(DataError, match="appeared while"):
        OutputFolder(spark, str(tmp_path / "out")).write(write)

    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["theirs"]


def test_a_file_is_no_place_for_scores(spark, tmp_path):
    (tmp_path / "out").touch()

    with pytest.raises(DataError, match="out is there already"):
        OutputFolder(spark, str(tmp_path / "out"))
