"""`scorecard job`: --status and --export, and what it refuses."""

import contextlib
import csv
import sqlite3

import pyarrow.parquet
import pytest
from click.testing import CliRunner
from werkzeug.wrappers import Response

from training.cli.job import job as job_command
from training.prediction_job.runs import STOPPED


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


def test_the_status_tells_which_scores_are_of_an_older_model(jobs, model):
    jobs.put_all(3)
    jobs.run()
    path = jobs.write()
    assert "of another model" not in CliRunner().invoke(job_command, [str(path), "--status"]).stdout

    model.always = lambda _, real: Response(
        real().get_data(), headers={"X-Scorecard-Version": "promoted"}
    )
    jobs.put("usage_metrics", {"a0001": {"bots": 3}}, file="b.csv", updated="2026-02-01")
    jobs.run()
    said = CliRunner().invoke(job_command, [str(path), "--status"]).stdout

    assert "2 accounts have scores of another model than the newest answer's, promoted" in said
    jobs.run(refresh=True)
    assert "of another model" not in CliRunner().invoke(job_command, [str(path), "--status"]).stdout


def test_a_run_whose_process_is_gone_is_told_as_failed(jobs):
    jobs.put_all(2)
    jobs.run()
    with contextlib.closing(sqlite3.connect(jobs.folder / "state.sqlite")) as state, state:
        state.execute("UPDATE runs SET state = 'InProgress', ended_at = NULL")

    said = CliRunner().invoke(job_command, [str(jobs.write()), "--status"]).stdout
    assert said.startswith("scores: Failed")

    jobs.run()
    assert jobs.ask("SELECT state, reason FROM runs") == [
        ("Failed", STOPPED),
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
