"""Files that are written while they are read, again, or at a strange time."""

import io
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from job_stand_ins import COLUMNS

from training.cli.job import job as job_command
from training.errors import DataError
from training.prediction_job import sources
from training.prediction_job.definition import read_job
from training.prediction_job.errors import FileReplaced
from training.prediction_job.job import run_once
from training.prediction_job.objects import OBJECTS
from training.prediction_job.sources import InDirectory, source_at


@pytest.fixture
def undated(jobs):
    """A job that has run once; the rows of its accounts carry no moments."""
    for stream in OBJECTS:
        jobs.put(stream, {"a": {}}, updated=None)
    jobs.run()
    return jobs


def put_aged(jobs, age, *, file="first.csv"):
    return jobs.put(
        "AccountMini", {"a": dict.fromkeys(COLUMNS["AccountMini"], age)}, file=file, updated=None
    )


def ages(jobs):
    return jobs.ask("SELECT acct_age, file FROM AccountMini")


def test_undated_rows_of_a_file_from_the_future_are_refused(undated):
    path = put_aged(undated, 5, file="late.csv")
    os.utime(path, (4e9, 4e9))

    with pytest.raises(DataError, match=r"the time of late\.csv, 2096-.*, lies in the future"):
        undated.run()

    assert ages(undated) == [(1.0, "first.csv")]
    os.utime(path)
    assert undated.run().scored == 1
    assert ages(undated) == [(5.0, "late.csv")]


def test_dated_rows_of_a_file_from_the_future_are_taken(undated):
    tomorrow = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
    path = undated.put("usage_metrics", {"a": {"bots": 5}}, file="b.csv", updated=tomorrow)
    os.utime(path, (4e9, 4e9))

    assert undated.run().scored == 1


def test_an_undated_file_replaced_by_an_older_one_replaces_its_rows(undated):
    path = put_aged(undated, 7)
    os.utime(path, (1e9, 1e9))

    assert undated.run().scored == 1

    assert ages(undated) == [(7.0, "first.csv")]


def test_the_same_bytes_uploaded_again_are_the_newest_again(s3, undated):
    path = undated.write()
    text = path.read_text()
    path.write_text(text.replace("AccountMini: AccountMini/", "AccountMini: s3://css-mini-1/in/"))
    job = read_job(path)
    bodies = {}
    for age, file in enumerate(("a.csv", "b.csv"), start=3):
        bodies[file] = put_aged(undated, age, file=file).read_bytes()

    for place, file in enumerate(("a.csv", "b.csv", "a.csv")):
        time.sleep(1.01 if place else 0)  # S3 counts in seconds
        s3.put_object(Bucket="css-mini-1", Key=f"in/{file}", Body=bodies[file])
        run_once(job, undated.environ)

    assert ages(undated) == [(3.0, "in/a.csv")]


def test_a_file_that_is_written_to_all_the_time_is_named_by_the_run_and_the_status(
    undated, monkeypatch
):
    undated.put("AccountMini", {"a": {"acct_age": 55}}, updated=None)
    copied = InDirectory.copied

    def busy(self, file, target):
        with (self._folder / file.name).open("a") as written:
            written.write("\n")
        copied(self, file, target)

    monkeypatch.setattr(InDirectory, "copied", busy)
    undated.run()

    [(state, reason)] = undated.ask("SELECT state, reason FROM runs ORDER BY id DESC LIMIT 1")
    assert state == "Success"
    assert reason == (
        "left for the next run: AccountMini: first.csv was written to while it was read"
    )
    said = CliRunner().invoke(job_command, [str(undated.write()), "--status"]).stdout
    assert reason in said


def test_many_files_that_wait_are_counted_and_a_few_are_named(undated, monkeypatch):
    for number in range(8):
        put_aged(undated, 5, file=f"{number}.csv")

    def gone(self, file, target):
        raise FileReplaced(f"{file.name} is gone again")

    monkeypatch.setattr(InDirectory, "copied", gone)
    undated.run()

    [(reason,)] = undated.ask("SELECT reason FROM runs ORDER BY id DESC LIMIT 1")
    assert reason.count("is gone again") == 5
    assert reason.endswith("; and 3 more")


def test_a_file_that_was_just_cut_within_a_line_waits_for_its_end(undated, monkeypatch):
    path = put_aged(undated, 12345)
    whole = path.read_bytes()
    path.write_bytes(whole.rstrip()[:-2])

    assert undated.run().scored == 0

    [(reason,)] = undated.ask("SELECT reason FROM runs ORDER BY id DESC LIMIT 1")
    assert "the last line of first.csv has no end" in reason
    assert ages(undated) == [(1.0, "first.csv")]
    path.write_bytes(whole)
    assert undated.run().scored == 1
    assert ages(undated) == [(12345.0, "first.csv")]


def test_a_file_that_has_rested_needs_no_line_end(undated):
    path = put_aged(undated, 9)
    path.write_bytes(path.read_bytes().rstrip())
    rested = time.time() - 2 * sources._STILL_WRITTEN_S
    os.utime(path, (rested, rested))

    assert undated.run().scored == 1

    assert ages(undated) == [(9.0, "first.csv")]


def test_a_time_in_no_year_is_told():
    # Few file systems keep such times.
    stat = SimpleNamespace(st_mtime_ns=3 * 10**20)

    with pytest.raises(DataError, match=r"the time of a\.csv is in no year"):
        sources._moment(stat, Path("a.csv"))


def test_a_name_that_is_no_text_is_told(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.csv")).write_text("acct_id\n")

    with pytest.raises(DataError, match=r"the name of the file \?\.csv is not UTF-8"):
        list(source_at(str(tmp_path), tmp_path).found())


def test_signs_in_a_prefix_are_meant_as_they_stand(tmp_path):
    folder = tmp_path / "in[1]"
    folder.mkdir()
    for name in ("acc[1]_x.csv", "acc1.csv", "acc*.csv"):
        (folder / name).touch()

    def names(prefix):
        return [file.name for file in source_at(f"in[1]/{prefix}", tmp_path).found()]

    assert names("acc[1]") == ["acc[1]_x.csv"]
    assert names("acc*") == ["acc*.csv"]


def test_a_file_gone_since_it_was_found_is_not_taken(tmp_path):
    path = tmp_path / "a.csv"
    path.touch()
    source = source_at(str(tmp_path), tmp_path)
    [file] = source.found()
    path.unlink()

    with pytest.raises(FileReplaced, match="is gone again"):
        source.copied(file, io.BytesIO())
