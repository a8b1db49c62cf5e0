"""The state of a job: whose it is, what its names are, what happens while others hold it."""

import contextlib
import sqlite3
import threading

import pytest
from click.testing import CliRunner

from training.cli.job import job as job_command
from training.prediction_job import state
from training.prediction_job.definition import read_job
from training.prediction_job.errors import InvalidJob, JobRefused, StateFailed
from training.prediction_job.job import run_on, run_once
from training.prediction_job.mapping import default_mapping
from training.prediction_job.runs import STOPPED
from training.prediction_job.state import opened_state


def another_output(jobs):
    """A job file whose mapping has an output that the state does not have."""
    path = jobs.folder / "mapping.yaml"
    before = 'global_score: {type: Number, path: "$.predictions[*].global_score"}'
    text = default_mapping().read_text()
    assert before in text
    new = 'brand_new: {type: Text, path: "$.predictions[*].brand_new"}'
    path.write_text(text.replace(before, new))
    return jobs.write("mapping: mapping.yaml\n")


@pytest.mark.parametrize("words", [["--export", "o.csv"], ["--status"]])
def test_a_state_of_another_mapping_is_neither_exported_nor_described(
    jobs, model, tmp_path, monkeypatch, words
):
    monkeypatch.chdir(tmp_path)
    jobs.put_all(3)
    jobs.run()

    done = CliRunner().invoke(job_command, [str(another_output(jobs)), *words])

    assert done.exit_code == 3
    assert "was made with another mapping" in done.stderr
    assert not (tmp_path / "o.csv").exists()


def test_a_state_of_another_job_is_not_exported(jobs, model, tmp_path):
    jobs.put_all(3)
    jobs.run()
    path = jobs.write(name="others")

    done = CliRunner().invoke(job_command, [str(path), "--export", str(tmp_path / "o.csv")])

    assert (done.exit_code, "is the state of the job scores" in done.stderr) == (3, True)


def test_a_column_that_is_not_there_is_no_text(jobs, model, tmp_path):
    jobs.put_all(3)
    jobs.run()
    with contextlib.closing(sqlite3.connect(jobs.folder / "state.sqlite")) as other, other:
        other.execute("ALTER TABLE scores DROP COLUMN global_score")
    path, out = jobs.write(), tmp_path / "o.csv"

    done = CliRunner().invoke(job_command, [str(path), "--export", str(out)])

    assert "no such column" in str(done.exception)
    assert not out.exists()


@pytest.fixture
def impatient(monkeypatch):
    """A state that waits for others a fifth of a second instead of half a minute."""
    monkeypatch.setattr(state, "WAIT_S", 0.2)


class Held:
    """Holds the state from the moment the model is asked."""

    def __init__(self, jobs):
        self._stack = contextlib.ExitStack()
        self._path = jobs.folder / "state.sqlite"

    def __call__(self, *_):
        other = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._stack.callback(other.close)
        other.execute("BEGIN IMMEDIATE")

    def end(self):
        self._stack.close()


def test_a_run_whose_state_another_program_holds_fails_in_a_line(jobs, model, impatient):
    jobs.put_all(3)
    model.always = hold = Held(jobs)

    with pytest.raises(StateFailed, match=r"state\.sqlite cannot be written: database is locked"):
        jobs.run()

    hold.end()
    model.always = None
    assert jobs.run().scored == 3
    states = jobs.ask("SELECT state, reason FROM runs")
    assert states == [("Failed", STOPPED), ("Success", "")]


def test_a_job_goes_on_after_another_program_held_its_state(jobs, model, impatient, caplog):
    jobs.put_all(3)
    stopping, hold = threading.Event(), Held(jobs)
    asked = []

    def held_at_first(*_):
        asked.append(1)
        if len(asked) == 1:
            hold()
            threading.Timer(1, hold.end).start()
        else:
            stopping.set()

    model.always = held_at_first
    job = jobs.read("every_minutes: 0.005\n")
    run_on(job, jobs.environ, stopping)

    assert "the run failed: " in caplog.text
    assert "database is locked" in caplog.text
    assert len(jobs.stored(job)) == 3
    assert jobs.ask("SELECT state FROM runs ORDER BY id DESC LIMIT 1") == [("Success",)]


def test_a_run_without_room_for_its_state_fails_and_the_job_goes_on(jobs, model, monkeypatch):
    jobs.put_all(3)
    jobs.run()
    ids = jobs.put_all(500)
    job = jobs.read("every_minutes: 0.001\n")
    stopping, connect, runs = threading.Event(), state._connect, []

    def small(path):
        connection = connect(path)
        [(pages,)] = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        def stop_at_the_second(statement):
            if statement.startswith("INSERT INTO runs"):
                runs.append(statement)
            if len(runs) == 2:
                stopping.set()

        connection.set_trace_callback(stop_at_the_second)
        return connection

    monkeypatch.setattr(state, "_connect", small)
    run_on(job, jobs.environ, stopping)
    monkeypatch.undo()

    failed = jobs.ask("SELECT reason FROM runs WHERE state = 'Failed'")
    assert ["disk is full" in reason for (reason,) in failed] == [True, True]
    run_once(job, jobs.environ)
    assert set(jobs.stored(job)) == set(ids)


def test_every_name_the_state_has_is_refused_as_a_name_of_a_job(jobs, model):
    jobs.put_all(3)
    jobs.run()
    names = {name.lower() for (name,) in jobs.ask("SELECT name FROM sqlite_master")}
    own = {name for name in names if name.startswith("scores")}
    taken = {*(names - own), "incoming", "incoming_newest", "sqlitex", "pragma_scores"}
    assert {"refused_rows_of_file", "runs", "accountmini"} <= taken

    for name in sorted(taken):
        with pytest.raises(InvalidJob, match="2: name: "):
            read_job(jobs.write(name=name))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("state: state.sqlite", "state: ''", "3: state: must name a file"),
        ("state: state.sqlite", "state: ' '", "3: state: must name a file"),
        ("state: state.sqlite", 'state: "a\\0b"', "3: state: must name a file"),
        ("key_env: JOB_KEY", 'key_file: "a\\0b"', "model.key_file: must name a file"),
        ("name: scores\n", 'name: scores\nmapping: "a\\0b"\n', "mapping: must name a file"),
        ("AccountMini: AccountMini/", 'AccountMini: "a\\0b/"', "streams.AccountMini: "),
    ],
)
def test_paths_that_are_none_are_mistakes_of_the_file(jobs, before, after, told):
    path = jobs.write()
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))

    with pytest.raises(InvalidJob, match=told):
        read_job(path)


@pytest.mark.parametrize("name", [".", "/", "sub"])
def test_a_folder_is_no_state(jobs, name):
    (jobs.folder / "sub").mkdir()
    path = jobs.write()
    path.write_text(path.read_text().replace("state: state.sqlite", f"state: {name}"))

    with pytest.raises(JobRefused, match="is a folder"), opened_state(read_job(path)):
        pass


def test_a_key_file_of_bytes_is_refused_without_showing_them(jobs):
    (jobs.folder / "k").write_bytes(b"\xff\xfeSECRET")
    path = jobs.write()
    path.write_text(path.read_text().replace("key_env: JOB_KEY", "key_file: k"))

    with pytest.raises(JobRefused, match="what the file k holds is no key") as refused:
        read_job(path).key({})

    assert "SECRET" not in repr(refused.value)
