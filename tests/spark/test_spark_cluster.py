"""A standalone cluster of real processes scores as one machine does, also when a machine goes."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.spark.spark_scores import assert_same_scores, spark_scores
from tests.spark.standalone_cluster import standalone_cluster, until

SCORECARD = Path(sys.executable).parent / "scorecard"


@pytest.fixture
def cluster(tmp_path):
    with standalone_cluster(tmp_path / "cluster") as cluster:
        yield cluster


def start_scoring(artifact, data, out, master, log):
    return subprocess.Popen(
        [
            *(SCORECARD, "score", artifact, "--data", data, "--out", out),
            *("--engine", "spark", "--master", master),
        ],
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable},
        stdout=log,
        stderr=log,
    )


@pytest.mark.soak
def test_a_cluster_gives_the_bits_of_one_machine(artifact, many_accounts, cluster, tmp_path):
    data, expected = many_accounts
    log = tmp_path / "log"

    with log.open("wb") as file:
        run = start_scoring(artifact, data, tmp_path / "out", cluster.master, file)
        assert run.wait(300) == 0, log.read_text()

    local = pd.read_parquet(expected)
    assert f"{len(local):,} accounts scored" in log.read_text()
    assert_same_scores(spark_scores(tmp_path / "out"), local)


def test_a_worker_killed_in_the_middle_costs_no_row_and_doubles_none(
    artifact, many_accounts, cluster, tmp_path
):
    data, expected = many_accounts
    log, out = tmp_path / "log", tmp_path / "out"
    victim = cluster.workers[0]

    with log.open("wb") as file:
        run = start_scoring(artifact, data, out, cluster.master, file)
        until(victim.has_shuffled, "the worker has finished a task that others need")
        victim.kill()
        assert run.poll() is None, "it was the middle"
        assert not out.exists()
        assert run.wait(300) == 0, log.read_text()

    assert "Lost executor" in log.read_text()
    assert_same_scores(spark_scores(out), pd.read_parquet(expected))
