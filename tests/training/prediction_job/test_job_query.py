"""`scorecard query` and `job --status`, `--export`: looking without touching."""

import contextlib
import csv
import json
import sqlite3

import pyarrow.parquet
import pytest
from click.testing import CliRunner
from job_stand_ins import JobFolder, RecordingModel

from serving.scoring.errors import InvalidInput
from training.cli.job import job as job_command
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


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_scores_are_exported_with_their_18_columns(jobs, suffix, tmp_path):
    jobs.put_all(12)
    jobs.run()
    path = tmp_path / f"out.{suffix}"

    done = CliRunner().invoke(job_command, [str(jobs.write()), "--export", str(path)])

    assert done.exit_code == 0, done.output
    columns = ["acct_id", *jobs.read().mapping.outputs]
    rows = jobs.ask(f"SELECT {', '.join(columns)} FROM scores ORDER BY 1")
    if suffix == "parquet":
        table = pyarrow.parquet.read_table(path)
        assert table.column_names == columns
        assert [tuple(row.values()) for row in table.to_pylist()] == rows
        assert str(table.schema.field("global_score").type) == "double"
    else:
        read = list(csv.reader(path.read_text().splitlines()))
        assert read[0] == columns
        assert read[1:] == [["" if cell is None else str(cell) for cell in row] for row in rows]
    assert not list(tmp_path.glob(".*partial"))


def test_an_export_that_cannot_be_is_refused_and_leaves_nothing(state, tmp_path):
    mixed = "SELECT 1 AS a UNION ALL SELECT x'00'"

    done = shown(mixed, "--state", state, "--out", tmp_path / "o.parquet")

    assert isinstance(done.exception, InvalidInput)
    assert "several types" in str(done.exception)
    assert not list(tmp_path.glob("*o.parquet*"))


def test_the_status_tells_what_happened(jobs, model):
    path = jobs.write()
    said = CliRunner().invoke(job_command, [str(path), "--status"]).stdout
    assert said.startswith("scores: Activated; it has not run yet")

    jobs.put_all(4)
    jobs.run()
    said = CliRunner().invoke(job_command, [str(path), "--status"]).stdout

    assert said.startswith("scores: Success; last run from ")
    assert "4 accounts: 4 scored, 0 Error, 0 to be scored" in said
    assert "usage_metrics: 4 accounts from 1 files, newest 2026-01-01" in said


def test_a_run_whose_process_is_gone_is_told_as_failed(jobs):
    jobs.put_all(2)
    jobs.run()
    with contextlib.closing(sqlite3.connect(jobs.folder / "state.sqlite")) as state, state:
        state.execute("UPDATE runs SET state = 'InProgress', ended_at = NULL")

    said = CliRunner().invoke(job_command, [str(jobs.write()), "--status"]).stdout
    assert said.startswith("scores: Failed")

    jobs.run()
    assert jobs.ask("SELECT state, reason FROM runs") == [
        ("Failed", "the job was stopped"),
        ("Success", ""),
    ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--once", "--status"], 2, "give one of"),
        (["--refresh"], 2, "--refresh needs --once"),
    ],
)
def test_options_that_exclude_each_other_are_refused(jobs, words, code, told):
    done = CliRunner().invoke(job_command, [str(jobs.write()), *words])

    assert (done.exit_code, told in done.stderr) == (code, True)


def test_a_refused_job_and_a_wrong_file_have_exit_codes_of_their_own(jobs):
    path = jobs.write()
    good = path.read_text()
    path.write_text(good.replace("Activated", "Draft"))
    draft = CliRunner().invoke(job_command, [str(path), "--once"])
    path.write_text(good.replace("name: scores", "name: 1"))
    wrong = CliRunner().invoke(job_command, [str(path), "--once"])

    assert (draft.exit_code, wrong.exit_code) == (3, 2)
    assert draft.stderr.startswith("refused: the model CSS Mini is Draft")
    assert f"{path}:2: name: must be text, not 1" in wrong.stderr


def test_the_example_is_a_job_file(tmp_path):
    printed = CliRunner().invoke(job_command, ["--example"]).stdout

    path = tmp_path / "job.yaml"
    path.write_text(printed)
    assert CliRunner().invoke(job_command, [str(path), "--status"]).exit_code == 0
