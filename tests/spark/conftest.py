"""Tests that start Apache Spark; skipped, with the reason, where it cannot be started."""

import importlib.util
import os
from pathlib import Path

import pytest

from serving.scoring import load_scorer
from tests.made_once import made_once
from training.spark.session import SparkUnavailable, check_java, open_session

ARTIFACTS = Path(__file__).parents[1] / "data" / "artifacts"


def _missing() -> str | None:
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed: make spark-test has it"
    try:
        check_java(os.environ)
    except SparkUnavailable as error:
        return str(error)
    return None


def pytest_collection_modifyitems(items):
    missing = _missing()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.spark)
            # pyspark 3.5 asks for versions in ways that Python has since deprecated.
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="session")
def spark():
    with open_session("local[2]") as session:
        yield session


@pytest.fixture(scope="session")
def artifact():
    """One that scores the accounts of `scorecard data sample`."""
    return ARTIFACTS / "format-2.tar.gz"


@pytest.fixture(scope="session")
def mixed_artifact():
    """One whose inputs are of every type."""
    return ARTIFACTS / "format-3.tar.gz"


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(100_000, id="100000"),
        pytest.param(1_000_000, id="1000000", marks=pytest.mark.soak),
    ],
)
def many_accounts(tmp_path_factory, artifact, request):
    """Many accounts and, beside them, what one machine scores them: (folder, scores)."""
    from tests.spark.spark_scores import local_scores
    from training.synthetic import write_sample

    def make(folder):
        write_sample(folder / "data", request.param, 7)
        local_scores(load_scorer(artifact), folder / "data").to_parquet(folder / "scores.parquet")

    folder = made_once(tmp_path_factory, f"many-accounts-{request.param}", make)
    return folder / "data", folder / "scores.parquet"
