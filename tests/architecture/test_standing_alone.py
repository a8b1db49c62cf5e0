"""Each side works where the other's packages are not installed."""

import subprocess
import sys

import pytest

FIELD = ["pandas", "pyarrow", "scipy", "sklearn", "xgboost", "matplotlib", "pydantic", "yaml"]
ENGINES = ["duckdb", "pyspark", "py4j"]
WEB = ["flask", "werkzeug", "gunicorn", "boto3"]

IMPORT_WITHOUT = """
import importlib, sys
module, *missing = sys.argv[1:]
sys.modules.update(dict.fromkeys(missing))  # importing one of them now raises ImportError
importlib.import_module(module)
"""

IMPORTED_BY = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted({name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        ("serving.scoring", [*FIELD, *ENGINES, *WEB, "click", "training"]),
        ("serving.cli", [*FIELD, *ENGINES, *WEB, "training"]),
        ("serving.inference.server", [*FIELD, *ENGINES, "boto3", "training", "serving.gateway"]),
        (
            "serving.gateway.server",
            [*FIELD, *ENGINES, "numpy", "boto3", "training", "serving.scoring"],
        ),
        ("training.train", [*ENGINES, *WEB, "click"]),
        ("training.bulk.score_batches", [*ENGINES, *WEB, "pandas", "click"]),
        ("training.cli", [*FIELD, *ENGINES, *WEB]),
    ],
)
def test_imports_without(module, missing):
    subprocess.run([sys.executable, "-c", IMPORT_WITHOUT, module, *missing], check=True)


@pytest.mark.parametrize("module", ["serving.inference.server", "serving.gateway.server"])
def test_a_serving_process_does_not_import_the_libraries_of_training(module):
    imported = subprocess.run(
        [sys.executable, "-c", IMPORTED_BY, module], check=True, capture_output=True, text=True
    )

    # boto3 too: it takes longer to import than all the rest, and a model on disk needs none.
    assert not set(imported.stdout.split()) & {*FIELD, *ENGINES, "training", "boto3"}


def test_the_scorer_imports_numpy_and_nothing_else():
    imported = subprocess.run(
        [sys.executable, "-c", IMPORTED_BY, "serving.scoring"],
        check=True,
        capture_output=True,
        text=True,
    )

    # Leading underscores: what a virtual environment's own start-up files import.
    names = {name for name in imported.stdout.split() if not name.startswith("_")}
    assert names <= {"numpy", "serving"}
