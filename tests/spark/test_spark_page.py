"""The command lines of deploy/SPARK.md, run where they can be run here."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from serving.scoring import load_scorer
from tests.spark.spark_scores import assert_same_scores, local_scores, spark_scores

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"


def command_of(start):
    """Give the page's first command that starts so, on one line and in words."""
    page = (ROOT / "deploy" / "SPARK.md").read_text().replace("\\\n", " ")
    line = next(line for line in page.splitlines() if line.startswith(start))
    return shlex.split(line)


@pytest.mark.soak
@pytest.mark.parametrize("start", ["scorecard score", "spark-submit --master spark"])
def test_the_pages_command_scores(start, artifact, tmp_path):
    from pyspark.find_spark_home import _find_spark_home

    places = {
        "scorecard": str(Path(sys.executable).parent / "scorecard"),
        "spark-submit": f"{_find_spark_home()}/bin/spark-submit",
        "deploy/spark_scorecard.py": str(ROOT / "deploy" / "spark_scorecard.py"),
        "spark://host:7077": "local[2]",
        "build/artifact": str(artifact),
        "data/sample": str(SAMPLE),
        "hdfs:///accounts": str(SAMPLE),
        "build/scores": str(tmp_path / "out"),
        "hdfs:///scores": str(tmp_path / "out"),
    }
    command = [places.get(word, word) for word in command_of(start)]

    run = subprocess.run(
        command,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        | {"PYSPARK_DRIVER_PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        # `spark-submit` gives what Python says to people as its own output.
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    assert "5,000 accounts scored" in run.stdout
    assert_same_scores(spark_scores(tmp_path / "out"), local_scores(load_scorer(artifact), SAMPLE))


def test_executors_need_numpy_pyarrow_and_pandas_only():
    code = """
import sys
sys.modules.update(dict.fromkeys(["pyspark", "duckdb", "scipy", "xgboost", "click", "tqdm"]))
import training.spark.row_joining, training.spark.row_reading, training.spark.row_scoring
"""
    subprocess.run([sys.executable, "-c", code], check=True)
