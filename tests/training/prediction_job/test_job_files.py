"""Which files a job reads, and which rows of them it takes."""

import io
import os

import pytest
from job_stand_ins import COLUMNS, by_scorer

from training.errors import DataError
from training.prediction_job.errors import FileReplaced
from training.prediction_job.objects import OBJECTS
from training.prediction_job.sources import source_at


def names(source):
    return [file.name for file in source.found()]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("in", ["a.csv", "deep/b.CSV", "peer_dims.csv"]),
        ("in/", ["a.csv", "deep/b.CSV", "peer_dims.csv"]),
        ("in/peer", ["peer_dims.csv"]),
        ("in/none", []),
    ],
)
def test_a_directory_s_csvs_are_found(tmp_path, address, found):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a.csv", "deep/b.CSV", "peer_dims.csv", ".hidden.csv", "notes.txt", "_SUCCESS"):
        (tmp_path / "in" / name).touch()

    assert names(source_at(address, tmp_path)) == found


def test_a_folder_that_is_not_there_is_an_error_and_not_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        names(source_at("nowhere/peer", tmp_path))


def test_a_file_written_to_while_it_is_read_is_not_taken(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("acct_id\n1\n")
    source = source_at(str(tmp_path), tmp_path)
    [file] = source.found()

    path.write_text("acct_id\n1\n2\n")

    with pytest.raises(FileReplaced, match="was written to while it was read"):
        source.copied(file, io.BytesIO())


def test_a_prefix_in_s3_ends_where_it_says(s3, tmp_path):
    for key in ("in/product/a.csv", "in/product/2026/b.csv", "in/product_old/c.csv", "in/d.txt"):
        s3.put_object(Bucket="css-mini-1", Key=key, Body=b"acct_id\n")

    assert names(source_at("s3://css-mini-1/in/product/", tmp_path)) == [
        "in/product/2026/b.csv",
        "in/product/a.csv",
    ]
    assert len(names(source_at("s3://css-mini-1/in/product", tmp_path))) == 3


def test_an_object_replaced_since_it_was_listed_is_not_taken(s3, tmp_path):
    s3.put_object(Bucket="css-mini-1", Key="a.csv", Body=b"acct_id\n1\n")
    source = source_at("s3://css-mini-1", tmp_path)
    [file] = source.found()

    s3.put_object(Bucket="css-mini-1", Key="a.csv", Body=b"acct_id\n2\n")

    with pytest.raises(FileReplaced, match="was replaced since it was listed"):
        source.copied(file, io.BytesIO())
    [now] = source.found()
    source.copied(now, read := io.BytesIO())
    assert read.getvalue() == b"acct_id\n2\n"


@pytest.mark.slow
def test_a_job_reads_its_streams_from_s3(s3, jobs, model, scorer):
    ids = jobs.put_all(10)
    path = jobs.write()
    text = path.read_text()
    for stream in OBJECTS:
        text = text.replace(f"{stream}: {stream}/", f"{stream}: s3://css-mini-1/{stream}/")

    def upload(stream, file):
        body = (jobs.folder / stream / file).read_bytes()
        s3.put_object(Bucket="css-mini-1", Key=f"{stream}/{file}", Body=body)

    def run():
        from training.prediction_job.definition import read_job
        from training.prediction_job.job import run_once

        path.write_text(text)
        return run_once(read_job(path), jobs.environ)

    for stream in OBJECTS:
        upload(stream, "first.csv")
    assert run().scored == 10
    jobs.put("usage_metrics", {ids[4]: {"bots": 9}}, file="update.csv", updated="2026-02-01")
    upload("usage_metrics", "update.csv")
    upload("usage_metrics", "first.csv")  # the same bytes again

    assert run().scored == 1
    assert run().scored == 0
    assert len(model.instances) == 11
    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)


@pytest.fixture
def first(jobs):
    """A job that has run on one account."""
    for stream in OBJECTS:
        jobs.put(stream, {"a": {}})
    jobs.run()
    return jobs


def refused(jobs):
    return jobs.ask("SELECT object, file, line, reason FROM refused_rows ORDER BY line")


def test_rows_that_cannot_be_used_are_listed_and_stop_no_others(first):
    path = first.put("usage_metrics", {"a": {"bots": 3}}, file="b.csv", updated="2026-02-01")
    good = path.read_text()
    last = "a,1,1,1,1,1,1,1,1,1"
    path.write_text(f"{good}{last.replace('1', 'x', 1)},2026-03-01\n{last},2999-01-01\nshort\n")

    assert first.run().scored == 1

    assert first.ask("SELECT bots FROM usage_metrics") == [(3.0,)]
    assert [line for _, _, line, _ in refused(first)] == [3, 4, 5]
    assert "lies in the future" in refused(first)[1][3]


def test_a_file_of_which_too_much_cannot_be_used_is_left_out_whole(first, model):
    path = first.put("usage_metrics", {"a": {"bots": 3}}, file="b.csv", updated="2026-02-01")
    path.write_text(path.read_text() + "nonsense\n" * 11)
    model.posts.clear()

    with pytest.raises(DataError, match=r"11 of 12 rows of b\.csv cannot be used"):
        first.run()

    assert first.ask("SELECT bots FROM usage_metrics") == [(1.0,)]
    assert not model.posts


def test_a_file_without_a_column_is_refused_naming_it(first):
    (first.folder / "usage_metrics" / "b.csv").write_text("acct_id,last_updated\na,2026-02-01\n")

    with pytest.raises(DataError, match=r"usage_metrics: b.csv lacks bots, email2case, .*; its"):
        first.run()


def test_rows_of_one_file_that_contradict_each_other_are_both_refused(first):
    path = first.put("usage_metrics", {"a": {"bots": 3}}, file="b.csv", updated="2026-02-01")
    path.write_text(path.read_text() + "a,9,1,1,1,1,1,1,1,1,2026-02-01\n")

    assert first.run().scored == 0

    assert [line for _, _, line, _ in refused(first)] == [2, 3]
    assert first.ask("SELECT bots FROM usage_metrics") == [(1.0,)]


def test_a_row_that_contradicts_one_of_another_file_is_refused(first):
    first.put("usage_metrics", {"a": {"bots": 3}}, file="b.csv")

    assert first.run().scored == 0

    [(_, file, line, reason)] = refused(first)
    assert (file, line) == ("b.csv", 2)
    assert reason.startswith("a row of another file has the same acct_id and last_updated")


def test_a_file_written_again_replaces_its_own_rows(first, model, scorer):
    first.put("usage_metrics", {"a": {"bots": 3}})

    assert first.run().scored == 1

    assert first.stored(first.read()) == by_scorer(scorer, first)
    assert refused(first) == []


def test_the_newest_row_of_a_file_counts_wherever_it_stands(first):
    path = first.put("usage_metrics", {"a": {"bots": 3}}, file="b.csv", updated="2026-03-01")
    row = "a,9,1,1,1,1,1,1,1,1,2026-02-01\n"
    path.write_text(path.read_text() + row + row)

    first.run()

    assert first.ask("SELECT bots FROM usage_metrics") == [(3.0,)]


def test_without_moments_the_later_file_counts(first):
    columns = COLUMNS["AccountMini"]
    first.put("AccountMini", {"a": dict.fromkeys(columns, 5)}, file="b.csv", updated=None)
    old = first.put("AccountMini", {"a": dict.fromkeys(columns, 7)}, file="c.csv", updated=None)
    os.utime(old, (1, 1))

    first.run()

    assert first.ask("SELECT acct_age, file FROM AccountMini") == [(5.0, "b.csv")]


def test_a_missing_cell_replaces_a_value(first, scorer):
    first.put("usage_metrics", {"a": {"bots": ""}}, file="b.csv", updated="2026-02-01")

    assert first.run().scored == 1

    assert first.ask("SELECT bots FROM usage_metrics") == [(None,)]
    assert first.stored(first.read()) == by_scorer(scorer, first)
