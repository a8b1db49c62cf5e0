"""`scorecard query` and `job --status`, `--export`: looking without touching."""

import contextlib
import csv
import json
import os
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from job_stand_ins import JobFolder, RecordingModel

from serving.scoring.errors import InvalidInput
from training.cli.query import query
from training.prediction_job.query import answered


@pytest.fixture(scope="module")
def state(scorer, tmp_path_factory):
    """The state of a job that has run on twelve accounts; nobody changes it."""
    folder = tmp_path_factory.mktemp("state")
    with RecordingModel(scorer) as model:
        jobs = JobFolder(folder, model.url)
        jobs.put_all(12)
        jobs.run()
    return folder / "state.sqlite"


def shown(*words):
    return CliRunner().invoke(query, [str(word) for word in words])


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM scores",
        "UPDATE scores SET global_score = 10",
        "INSERT INTO changed VALUES ('a', 1)",
        "DROP TABLE scores",
        "CREATE TABLE mine (a)",
        "CREATE TEMP TABLE mine (a)",
        "ATTACH 'other.sqlite' AS other",
        "VACUUM INTO 'copy.sqlite'",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA table_info(scores)",
        "SELECT * FROM pragma_table_info('scores')",
        "SELECT load_extension('x')",
        "BEGIN IMMEDIATE",
        "WITH a AS (SELECT 1) DELETE FROM scores",
        "SELECT 1; DELETE FROM scores",
        "",
        "-- nothing",
    ],
)
def test_only_one_select_is_answered(state, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*.sqlite"))

    with (
        pytest.raises(InvalidInput, match=r"only SELECT|one SELECT|no such"),
        answered(state, sql) as table,
    ):
        list(table.rows)

    assert sorted(tmp_path.rglob("*.sqlite")) == before
    with answered(state, "SELECT count(*) FROM scores") as table:
        assert list(table.rows) == [(12,)]


def test_a_question_that_does_not_end_is_dropped(state):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"

    with (
        pytest.raises(InvalidInput, match=r"more than 0.2 s"),
        answered(state, endless, max_s=0.2) as table,
    ):
        list(table.rows)


def test_a_wrong_name_lists_the_tables(state):
    with (
        pytest.raises(InvalidInput, match=r"no such table: score; the tables are .*scores_history"),
        answered(state, "SELECT * FROM score"),
    ):
        pass


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_what_is_no_state_is_told(tmp_path, content):
    path = tmp_path / "s.sqlite"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InvalidInput), answered(path, "SELECT * FROM scores"):
        pass

    assert path.exists() == (content is not None)


def test_a_state_is_readable_while_a_job_writes(jobs, model):
    jobs.put_all(3)
    seen = []

    def look(*_):
        with answered(jobs.folder / "state.sqlite", "SELECT state FROM runs") as table:
            seen.extend(table.rows)

    model.always = look
    jobs.run()

    assert seen == [("InProgress",)]


def test_rows_are_shown_as_a_table_and_no_more_than_asked_for(state):
    done = shown("SELECT acct_id, status FROM scores ORDER BY 1", "--state", state, "--limit", 2)

    assert done.stdout.splitlines() == [
        "acct_id  status",
        "-------  -------",
        "a0000    Success",
        "a0001    Success",
    ]
    assert "more than 2 rows" in done.stderr


def test_rows_are_shown_as_csv_and_json(state):
    sql = "SELECT acct_id, NULL AS none, inputs_sha256 FROM scores ORDER BY 1 LIMIT 1"

    [head, row] = csv.reader(shown(sql, "--state", state, "--csv").stdout.splitlines())
    read = json.loads(shown(sql, "--state", state, "--json").stdout)

    assert head == list(read) == ["acct_id", "none", "inputs_sha256"]
    assert row[:2] == ["a0000", ""]
    assert len(row[2]) == len(read["inputs_sha256"]) == 64


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT 9e999 AS x", "infinite, which JSON cannot say; use --csv"),
        ("SELECT 1 AS x, 2 AS y, 3 AS x", "two columns are called x; name one otherwise"),
        ("SELECT '\udcff'", "the question is not UTF-8"),
    ],
)
def test_what_json_cannot_say_is_refused(state, sql, told):
    done = shown(sql, "--state", state, "--json")

    assert isinstance(done.exception, InvalidInput)
    assert told in str(done.exception)


def test_a_parquet_file_has_each_name_once(state, tmp_path):
    path = tmp_path / "o.parquet"

    done = shown("SELECT 1 AS x, 2 AS x", "--state", state, "--out", path)

    assert "two columns are called x" in str(done.exception)
    assert not path.exists()


def test_a_state_in_a_folder_of_others_says_what_it_takes(state):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = folder / "state.sqlite"
        copy.write_bytes(state.read_bytes())
        copy.chmod(0o644)
        folder.chmod(0o555)
        with (
            as_nobody(),
            pytest.raises(InvalidInput, match="to write to its folder") as refused,
            answered(copy, "SELECT * FROM scores") as table,
        ):
            list(table.rows)
        folder.chmod(0o755)

    assert "-shm" in str(refused.value)


@contextlib.contextmanager
def as_nobody():
    """Lay down root's right to write everywhere, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_export_that_cannot_be_is_refused_and_leaves_nothing(state, tmp_path):
    mixed = "SELECT 1 AS a UNION ALL SELECT x'00'"

    done = shown(mixed, "--state", state, "--out", tmp_path / "o.parquet")

    assert isinstance(done.exception, InvalidInput)
    assert "several types" in str(done.exception)
    assert not list(tmp_path.glob("*o.parquet*"))
