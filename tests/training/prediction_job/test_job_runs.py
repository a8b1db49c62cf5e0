"""Which accounts a run sends, and what it stores."""

import contextlib
import os
import sqlite3
import threading

import pytest
from job_stand_ins import KEY, by_scorer

from training.errors import DataError
from training.prediction_job.definition import read_job
from training.prediction_job.errors import JobRefused
from training.prediction_job.job import run_on, run_once
from training.prediction_job.objects import OBJECTS
from training.prediction_job.state import opened_state


def test_the_first_run_scores_every_account_as_the_scorer_does(jobs, model, scorer):
    jobs.put_all(50)

    sent = jobs.run()

    assert (sent.scored, sent.refused, len(model.instances)) == (50, 0, 50)
    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)
    assert jobs.ask("SELECT state, accounts_scored FROM runs") == [("Success", 50)]


def test_five_newer_rows_are_five_instances_and_five_rows_replaced(jobs, model, scorer):
    ids = jobs.put_all(50)
    jobs.run()
    before, model.posts[:] = jobs.stored(jobs.read()), []
    newer = {account: {"bots": 0, "macro": 0} for account in ids[10:15]}

    jobs.put("usage_metrics", newer, file="update.csv", updated="2026-02-01")
    sent = jobs.run()

    after = jobs.stored(jobs.read())
    assert sent.scored == len(model.instances) == 5
    assert after == by_scorer(scorer, jobs)
    assert {account for account in after if after[account] != before[account]} == set(newer)
    assert jobs.ask("SELECT count(*) FROM scores_history") == [(55,)]


@pytest.mark.parametrize(
    ("values", "updated", "why"),
    [
        ({"bots": 7}, "2025-12-31", "an older row is ignored"),
        ({}, "2026-02-01", "newer, but every input is what it was"),
    ],
)
def test_a_row_that_changes_no_input_sends_nothing(jobs, model, values, updated, why):
    for stream in OBJECTS:
        jobs.put(stream, {"a": {}})
    jobs.run()
    stored, model.posts[:] = jobs.ask("SELECT * FROM scores"), []

    jobs.put("usage_metrics", {"a": values}, file="again.csv", updated=updated)

    assert jobs.run().scored == 0, why
    assert (model.posts, jobs.ask("SELECT * FROM scores")) == ([], stored), why


def test_the_same_file_twice_sends_nothing(jobs, model):
    jobs.put_all(20)
    jobs.run()
    model.posts.clear()

    jobs.put_all(20)  # written again: another inode, another time
    source = jobs.folder / "usage_metrics" / "first.csv"
    source.with_name("copy.csv").write_bytes(source.read_bytes())

    assert jobs.run().scored == 0
    assert not model.posts


def test_an_account_without_metrics_is_scored_without_them(jobs, model, scorer):
    jobs.put("AccountMini", {"a": {}, "b": {}})
    jobs.put("product_metrics", {"a": {}, "b": {}})
    jobs.put("usage_metrics", {"a": {}})

    jobs.run()

    stored = jobs.stored(jobs.read())
    assert stored == by_scorer(scorer, jobs)
    assert None in stored["b"]
    assert None not in stored["a"]


def test_metrics_wait_until_their_account_is_known(jobs, model, scorer):
    for stream in OBJECTS:
        jobs.put(stream, {"a": {}})
    jobs.put("usage_metrics", {"a": {}, "b": {"bots": 3}})
    assert jobs.run().scored == 1

    jobs.put("AccountMini", {"b": {}}, file="later.csv")

    assert jobs.run().scored == 1
    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)


def test_a_change_while_its_batch_is_under_way_is_sent_again(jobs, model, scorer):
    for stream in OBJECTS:
        jobs.put(stream, {"a": {}})

    def meanwhile(*_):
        with contextlib.closing(sqlite3.connect(jobs.folder / "state.sqlite")) as other, other:
            other.execute("UPDATE usage_metrics SET bots = 0")
            other.execute("UPDATE changed SET revision = revision + 1")

    model.faults.append(meanwhile)
    jobs.run()
    assert jobs.stored(jobs.read()) != by_scorer(scorer, jobs)

    assert jobs.run().scored == 1

    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)
    assert jobs.ask("SELECT count(*) FROM scores_history") == [(2,)]


def test_an_account_changed_and_changed_back_is_not_sent(jobs, model):
    for stream in OBJECTS:
        jobs.put(stream, {"a": {}})
    jobs.run()
    model.posts.clear()

    jobs.put("usage_metrics", {"a": {"bots": 2}}, file="b.csv", updated="2026-02-01")
    jobs.put("usage_metrics", {"a": {"bots": 1}}, file="c.csv", updated="2026-03-01")

    assert jobs.run().scored == 0
    assert jobs.ask("SELECT * FROM changed") == []


def test_a_refresh_sends_every_account(jobs, model):
    jobs.put_all(20)
    jobs.run()

    assert jobs.run(refresh=True).scored == 20

    assert jobs.ask("SELECT count(*) FROM scores") == [(20,)]
    assert jobs.ask("SELECT count(*) FROM scores_history") == [(40,)]


@pytest.mark.parametrize(
    ("batch", "fits"),
    [
        ("rows: 7", lambda post: len(post) <= 7),
        ("bytes: 1000", lambda post: len(post) <= 7),  # an account has 150 bytes
    ],
)
def test_batches_are_bounded(jobs, model, scorer, batch, fits):
    jobs.put_all(50)

    jobs.run(f"batch: {{{batch}}}\n")

    assert len(model.posts) >= 8
    assert all(map(fits, model.posts))
    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)


def test_the_key_goes_into_the_header_and_nowhere_else(jobs, model, caplog):
    jobs.put_all(3)

    jobs.run()

    assert model.keys == [KEY]
    assert KEY not in caplog.text
    assert not [
        path
        for path in jobs.folder.rglob("*")
        if path.is_file() and KEY.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("status", ["Draft", "Disabled"])
def test_a_model_that_is_not_activated_is_not_used(jobs, model, status):
    jobs.put_all(3)
    path = jobs.write()
    path.write_text(path.read_text().replace("Activated", status))

    with pytest.raises(JobRefused, match=f"CSS Mini is {status}; a job may use an Activated"):
        run_once(read_job(path), jobs.environ)

    assert not model.posts
    assert not (jobs.folder / "state.sqlite").exists()


def test_two_jobs_do_not_work_on_one_state(jobs):
    jobs.put_all(3)
    job = jobs.read()

    with opened_state(job), pytest.raises(JobRefused, match=f"process {os.getpid()}"):
        run_once(job, jobs.environ)

    assert run_once(job, jobs.environ).scored == 3


def test_a_state_of_another_job_is_refused(jobs):
    jobs.put_all(3)
    jobs.run()

    with pytest.raises(JobRefused, match="is the state of the job scores; use another file"):
        run_once(read_job(jobs.write(name="others")), jobs.environ)


def test_a_file_that_is_no_state_is_refused_and_left_alone(jobs):
    jobs.put_all(3)
    (jobs.folder / "state.sqlite").write_text("my diary" * 200)

    with pytest.raises(JobRefused, match="cannot be used as a state"):
        jobs.run()

    assert (jobs.folder / "state.sqlite").read_text() == "my diary" * 200


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_before_anything(jobs, model, key):
    jobs.environ = {"JOB_KEY": key}

    with pytest.raises(JobRefused) as refused:
        jobs.run()

    assert not key.strip() or key not in str(refused.value)


def test_nothing_is_sent_while_an_object_has_no_rows(jobs, model):
    jobs.put("AccountMini", {"a": {}})
    jobs.put("product_metrics", {"a": {}})

    with pytest.raises(DataError, match="usage_metrics: there is no CSV with a usable row"):
        jobs.run()

    assert not model.posts
    assert jobs.ask("SELECT state FROM runs") == [("Failed",)]


def test_a_job_goes_on_after_a_run_that_failed(jobs, model, scorer):
    stopping, runs = threading.Event(), []

    def let_it_succeed(*_):
        runs.append(1)
        stopping.set()

    model.always = let_it_succeed
    job = jobs.read("every_minutes: 0.002\n")
    thread = threading.Thread(target=run_on, args=(job, jobs.environ, stopping))
    thread.start()
    jobs.put_all(3)
    thread.join(30)

    assert not thread.is_alive()
    assert jobs.stored(job) == by_scorer(scorer, jobs)
