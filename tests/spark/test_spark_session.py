"""What is missing for Spark is said at once, and how to get it."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from training.spark.session import SparkUnavailable, check_java

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SCORECARD = Path(sys.executable).parent / "scorecard"


def score(artifact, out, *more, **environment):
    return subprocess.run(
        [SCORECARD, "score", artifact, "--data", SAMPLE, "--out", out, "--engine", "spark", *more],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PATH": ""}, "there is no java: install it"),
        ({"PATH": "", "JAVA_HOME": "/nowhere"}, "JAVA_HOME (/nowhere) holds none"),
    ],
)
def test_a_machine_without_java_is_told_so(environment, message):
    with pytest.raises(SparkUnavailable, match=re.escape(message)):
        check_java(environment)


def test_the_command_line_tells_of_missing_java(artifact, tmp_path):
    run = score(artifact, tmp_path / "out", JAVA_HOME="/nowhere")

    assert run.returncode == 1
    assert run.stderr == "error: Spark needs Java 17, and JAVA_HOME (/nowhere) holds none\n"


def test_a_master_that_is_not_there_is_named(artifact, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{closed.getsockname()[1]}"

        run = score(artifact, tmp_path / "out", "--master", master)

    assert run.returncode == 1
    assert run.stderr.startswith(f"error: no master answers at {master}: ")
    assert not (tmp_path / "out").exists()


def test_a_master_that_spark_does_not_know_is_named(artifact, tmp_path):
    run = score(artifact, tmp_path / "out", "--master", "nonsense")

    assert run.returncode == 1
    assert run.stderr.startswith("error: nonsense is no master of Spark's: give local[2], ")


def test_a_broken_address_of_a_master_is_told(artifact, tmp_path):
    run = score(artifact, tmp_path / "out", "--master", "spark://host")

    assert run.returncode == 1
    assert "it takes a host and a port" in run.stderr
