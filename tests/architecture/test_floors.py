"""The layout is the architecture: who may import whom."""

import ast
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCORING = "serving.scoring"
WEB = {"flask", "werkzeug", "gunicorn", "orjson", "prometheus_client"}
#: The last holds types only.
S3 = {"boto3", "botocore", "mypy_boto3_s3"}
COMMANDS = {
    "click",
    SCORING,
    "serving.registry",
    "serving.inference",
    "serving.gateway",
    "serving.web",
}
FIELD = {"numpy", "pandas", "pyarrow", "scipy", "threadpoolctl", "xgboost", "matplotlib"}
#: Engines → the one place that knows them: the rest of training runs without. py4j is Spark's way
#: to Java.
ENGINES = {"duckdb": "training/joining", "pyspark": "training/spark", "py4j": "training/spark"}
#: What a prediction job calls the model with, and reads its answers.
JOB = {"jsonpath_ng", "urllib3"}

#: floor → what it may import besides itself and the standard library
MAY_IMPORT = {
    "serving/__init__.py": set(),
    "serving/scoring": {"numpy"},
    "serving/registry": S3 | {SCORING},
    "serving/web": WEB,
    "serving/inference": WEB | {"numpy", SCORING, "serving.registry", "serving.web"},
    "serving/gateway": WEB | S3 | {"jwt", "cryptography", "limits", "serving.web"},
    "serving/commands": COMMANDS,
    "serving/cli.py": COMMANDS | {"serving.commands"},
    "training": FIELD
    | set(ENGINES)
    | S3
    | JOB
    | {"click", "markdown_it", "PIL", "pydantic", "pydantic_core", "tqdm", "yaml"}
    | {SCORING, "serving.registry"},
}


def modules(root: Path, floor: str) -> list[Path]:
    place = root / floor
    return [place] if place.suffix else sorted(place.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, also inside functions and behind TYPE_CHECKING."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively: the floor is not to be seen"
            names.add(str(node.module))
    return names


def strangers(root: Path, floor: str) -> set[str]:
    allowed = MAY_IMPORT[floor] | {floor.removesuffix(".py").replace("/", ".")}
    return {
        f"{path.relative_to(root)} imports {name}"
        for path in modules(root, floor)
        for name in imports_of(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(f"{name}.".startswith(f"{prefix}.") for prefix in allowed)
    }


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_a_floor_imports_only_what_it_may(floor):
    assert modules(ROOT, floor), f"{floor} is empty: was it renamed?"

    assert not strangers(ROOT, floor)


def strangers_with(root: Path, engine: str) -> set[str]:
    return {
        str(path.relative_to(root))
        for path in modules(root, "training")
        if engine in {name.split(".")[0] for name in imports_of(path)}
        and root / ENGINES[engine] not in path.parents
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_is_known_in_one_place(engine):
    assert not strangers_with(ROOT, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_in_another_place_is_seen(tmp_path, engine):
    shutil.copytree(ROOT / "training", tmp_path / "training")
    target = tmp_path / "training/tables.py"
    target.write_text(f"{target.read_text()}\ndef f():\n    import {engine}\n")

    assert strangers_with(tmp_path, engine) == {"training/tables.py"}


def test_every_module_stands_on_a_floor():
    on_a_floor = {path for floor in MAY_IMPORT for path in modules(ROOT, floor)}

    assert {*(ROOT / "serving").rglob("*.py"), *(ROOT / "training").rglob("*.py")} == on_a_floor


@pytest.mark.parametrize(
    ("floor", "file", "line", "why"),
    [
        ("serving/scoring", "rollup.py", "import pandas", "a library of the upper floors"),
        ("serving/scoring", "rollup.py", "from training.split import SALT", "upwards"),
        ("serving/scoring", "rollup.py", "def f():\n    import xgboost", "inside a function"),
        (
            "serving/cli.py",
            "",
            "from training.cli import add_commands",
            "serving knows no training",
        ),
        ("serving/cli.py", "", "import flask", "not the command line's"),
        ("serving/web", "body.py", "import numpy", "HTTP knows no scores"),
        ("serving/inference", "app.py", "import pandas", "a library of training"),
        ("serving/commands", "run.py", "import duckdb", "an engine of training"),
        ("serving/inference", "app.py", "from serving.gateway import keys", "another process"),
        ("serving/gateway", "app.py", "from serving.scoring import Scorer", "only HTTP between"),
        ("serving/registry", "store.py", "import flask", "reading models serves nothing"),
        ("training", "fit.py", "import flask", "training serves nothing"),
        ("training", "fit.py", "from serving.inference import app", "past the ground floor"),
    ],
)
def test_a_forbidden_import_is_seen(tmp_path, floor, file, line, why):
    shutil.copytree(ROOT / "serving", tmp_path / "serving")
    shutil.copytree(ROOT / "training", tmp_path / "training")
    target = tmp_path / floor / file if file else tmp_path / floor
    target.write_text(f"{target.read_text()}\n{line}\n")

    assert len(strangers(tmp_path, floor)) == 1, why
