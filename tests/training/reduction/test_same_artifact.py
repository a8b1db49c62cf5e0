"""A folder trained on in memory and on the disk gives the same artifact, or the same error."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from trainings import artifact_of, both_ways, make_accounts, write_folder

from training import training_accounts
from training.cli.options import evaluation_table
from training.definition import EstimatorOptions

REGION, SINCE = {"name": "region", "type": "category"}, {"name": "since", "type": "date"}
#: Few texts, so that a table over them and a number is small.
CASES = {
    "numbers, and metrics of all kinds": (["acct_age"], ["use", "zeros", "gaps", "never"]),
    "a category and a date": ([REGION, SINCE], ["zeros"]),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_artifact_is_the_same_in_memory_and_on_the_disk(tmp_path, case):
    data, card = write_folder(tmp_path, make_accounts(), *CASES[case])

    within, beyond = both_ways(data, card, tmp_path)

    assert "manifest.json" in within
    assert beyond == within


@pytest.mark.slow
def test_where_estimators_are_chosen_and_steps_are_found_it_is_the_same(tmp_path):
    frame = make_accounts(6000)
    # As many ages as accounts: steps are searched for, and are between two of them.
    frame["acct_age"] += np.random.default_rng(2).random(len(frame))
    data, card = write_folder(tmp_path, frame, ["acct_age", "acct_size"], ["use"])

    within, beyond = both_ways(data, card, tmp_path, estimator=None)

    assert beyond == within
    assert manifest(within)["metrics"]["use"]["steps"]


def manifest(files):
    return json.loads(files["manifest.json"])["training"]


UNUSABLE = {
    "201 categories": {"region": [f"r{number % 201}" for number in range(900)]},
    "no category": {"region": np.nan},
    "an empty dimension": {"acct_age": np.nan},
    "a number too large": {"use": 1.7e308},
}


@pytest.mark.parametrize("why", sorted(UNUSABLE))
def test_what_cannot_be_trained_on_is_refused_in_the_same_words(tmp_path, why):
    frame = make_accounts().assign(**UNUSABLE[why])
    data, card = write_folder(tmp_path, frame, ["acct_age", REGION], ["use"])

    within, beyond = both_ways(data, card, tmp_path)

    assert within.startswith("DataError")
    assert beyond == within


@pytest.mark.parametrize("ids", [["kept-out-0"], ["a"], []])
def test_too_few_accounts_are_refused_in_the_same_words(tmp_path, ids):
    """Nobody to evaluate, or nobody at all."""
    frame = make_accounts(len(ids)).assign(acct_id=ids)
    data, card = write_folder(tmp_path, frame, ["acct_age"], ["use"])

    within, beyond = both_ways(data, card, tmp_path)

    assert within.startswith("DataError")
    assert beyond == within


@pytest.fixture
def at_most_50(monkeypatch):
    monkeypatch.setattr(training_accounts, "MOST_EVALUATED", 50)


@pytest.mark.usefixtures("at_most_50")
def test_of_very_many_kept_out_some_are_evaluated_and_all_that_is_said_says_so(tmp_path):
    data, card = write_folder(tmp_path, make_accounts(), ["acct_age"], ["use"])

    within, beyond = both_ways(data, card, tmp_path)

    assert beyond == within
    evaluation = json.loads(within["evaluation.json"])
    kept_out = manifest(within)["split"]["accounts"]["evaluate"]
    count = evaluation["accounts"]
    assert 25 <= count <= 80 < kept_out == evaluation["accounts_kept_out"]
    said = within["model_card.md"].decode()
    assert f"{kept_out:,} were kept out. Evaluated on {count:,} of these" in said
    assert f"on {count} of {kept_out} accounts" in evaluation_table(evaluation)


def place_of(frame):
    return training_accounts.TrainingAccounts(
        training_accounts.InMemory(frame), refusals=None, notes=(), newest=None
    )


@pytest.mark.usefixtures("at_most_50")
def test_who_is_evaluated_depends_on_ids_alone():
    frame = make_accounts()
    some = set(place_of(frame).to_evaluate()["acct_id"])

    shuffled = frame.sample(frac=1.0, random_state=1).assign(use=0.0, acct_age=1.0)

    assert set(place_of(shuffled).to_evaluate()["acct_id"]) == some
    # With more accounts fewer of these are, and none that was not.
    more = pd.concat([frame, make_accounts(900).assign(acct_id=[f"n{i}" for i in range(900)])])
    assert set(place_of(more).to_evaluate()["acct_id"]) & set(frame["acct_id"]) < some


def test_where_not_so_many_are_kept_out_all_are_evaluated():
    accounts = place_of(make_accounts())

    assert len(accounts.to_evaluate()) == accounts.kept_out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dimensions", "estimator"),
    [
        (["acct_age", "acct_size", "counts", SINCE], EstimatorOptions("marginal")),
        (["acct_age"], EstimatorOptions("parametric", family="gamma")),
    ],
)
def test_what_counts_do_not_suffice_for_is_trained_in_memory(tmp_path, dimensions, estimator):
    data, card = write_folder(tmp_path, make_accounts(500), dimensions, ["use"])

    within, beyond = both_ways(data, card, tmp_path, estimator=estimator)

    assert "manifest.json" in within
    assert beyond == within


@pytest.mark.slow
def test_with_too_many_categories_to_count_by_it_is_trained_in_memory_after_all(tmp_path):
    frame = make_accounts(500)
    frame["region"] = [f"r{number % 30}" for number in range(500)]
    data, card = write_folder(tmp_path, frame, ["acct_age", "acct_size", REGION], ["use"])

    within, beyond = both_ways(data, card, tmp_path, estimator=EstimatorOptions("marginal"))

    assert "manifest.json" in within
    assert beyond == within


#: In a process of its own: what comes back from a worker is unpickled, which no test's process
#: does.
PROGRAM = """
import multiprocessing, os, signal, sys
from pathlib import Path

from training.bulk.processes import WorkerDied
from training.definition import EstimatorOptions
from training.reduction import prepare
from training.train import train

count_cells = prepare.count_cells

def dying(*given):
    for worker in multiprocessing.active_children():
        os.kill(worker.pid, signal.SIGKILL)
    return count_cells(*given)

if __name__ == "__main__":
    data, card, out, case = sys.argv[1:]
    if case == "death":
        prepare.count_cells = dying
    try:
        train(Path(data), Path(card), Path(out), estimator=EstimatorOptions("nearest_peers"),
              jobs=2, memory_bytes=1, max_refused_share=1.0)
        print("done")
    except WorkerDied as error:
        print("WorkerDied:", error)
    print(multiprocessing.active_children())
"""


def train_with_two_processes(folder, data, card, case):
    """Run `PROGRAM`; gives what it printed, and asserts that it left nothing behind."""
    (folder / "program.py").write_text(PROGRAM)
    (folder / "scratch").mkdir()
    done = subprocess.run(
        [sys.executable, folder / "program.py", data, card, folder / "out", case],
        check=True, capture_output=True, text=True,
        env={**os.environ, "TMPDIR": str(folder / "scratch")},
    )  # fmt: skip
    assert not list((folder / "scratch").iterdir())
    said, left = done.stdout.splitlines()
    assert left == "[]"
    return said


@pytest.mark.slow
def test_with_two_processes_the_artifact_is_the_same(tmp_path):
    data, card = write_folder(tmp_path, make_accounts(), *CASES["a category and a date"])
    within = artifact_of(data, card, tmp_path / "within")

    assert train_with_two_processes(tmp_path, data, card, "whole") == "done"

    out = tmp_path / "out"
    del within["told"]
    assert within == {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


@pytest.mark.slow
def test_a_worker_killed_during_a_pass_ends_the_run_and_leaves_nothing(tmp_path):
    data, card = write_folder(tmp_path, make_accounts(200), ["acct_age"], ["use"])

    said = train_with_two_processes(tmp_path, data, card, "death")

    assert said.startswith("WorkerDied: a worker process was ended before its work was done")
    assert not (tmp_path / "out").exists()
