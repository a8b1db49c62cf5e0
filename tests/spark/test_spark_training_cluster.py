"""A machine lost in the middle of training costs time: the artifact is the same."""

import os
import subprocess
import sys

import pytest

from tests.spark.standalone_cluster import standalone_cluster
from tests.training.reduction.trainings import make_accounts, write_folder
from training.train import train

#: Trains, and tells of every metric that is fitted when it is.
PROGRAM = """
import sys
from pathlib import Path

from training.spark.training_run import train_on_spark
data, card, out, master = sys.argv[1:]
train_on_spark(
    data, Path(card), Path(out), master=master, done=lambda name, _: print(name, flush=True)
)
"""


def files_of(artifact):
    return {
        str(path.relative_to(artifact)): path.read_bytes()
        for path in artifact.rglob("*")
        if path.is_file()
    }


@pytest.mark.soak
def test_a_worker_killed_between_two_metrics_changes_no_byte(tmp_path):
    accounts = make_accounts(5000)
    data, card = write_folder(tmp_path, accounts, ["acct_age"], ["use", "zeros", "counts"])
    log = tmp_path / "log"

    with standalone_cluster(tmp_path / "cluster") as cluster, log.open("wb") as file:
        run = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, data, card, tmp_path / "there", cluster.master],
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable},
            stdout=subprocess.PIPE,
            stderr=file,
        )
        with run:
            fitted = run.stdout.readline()
            cluster.workers[0].kill()
            rest = run.stdout.read()

    assert run.returncode == 0, log.read_text()
    assert len(fitted.split()) == 1
    assert len(rest.split()) == 2, "it was the middle"
    assert "Lost executor" in log.read_text()
    train(data, card, tmp_path / "here")
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
