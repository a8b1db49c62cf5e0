"""The real program, started in empty folders, and artifacts it made, shared by all system tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made_once import made_once
from tests.processes import BIN, user_environ

PROGRAM = BIN / "scorecard"
SAMPLE = Path(__file__).parents[2] / "data" / "sample"

#: Five of the thirteen metrics: everything a whole run does, in a third of its time.
FIVE_METRICS = """
schema: scorecard/v1
id: five-metrics
scale: {type: out_of_10, step: 1}
peer_dimensions: [acct_age, acct_size]
metrics:
  macro: {kind: peer}
  workflowrules: {kind: peer}
  workflows: {kind: peer}
  activation_rate: {kind: peer}
  utilization_rate: {kind: peer}
components:
  auto: {weight: 3, metrics: {macro: 1, workflowrules: 2, workflows: 3}}
  consumption: {weight: 2, metrics: {activation_rate: 1, utilization_rate: 1}}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def start(*arguments: object, cwd: Path, **changes: str) -> subprocess.Popen[str]:
    """Start the program without waiting for it."""
    return subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=user_environ(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="session")
def run() -> Run:
    """Run the program: `run("score", ..., cwd=folder, stdin="...", TZ="UTC")`."""

    def run(
        *arguments: object, cwd: Path, stdin: str | None = None, text: bool = True, **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            cwd=cwd,
            env=user_environ(**changes),
            input=stdin if stdin is not None else "" if text else b"",
            capture_output=True,
            text=text,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def launch() -> Callable[..., subprocess.Popen[str]]:
    """Start the program and go on."""
    return start


@pytest.fixture(scope="session")
def sample() -> Path:
    """The 5,000 accounts of the repository."""
    return SAMPLE


@pytest.fixture(scope="session")
def trained(trained_by_command: Path) -> SimpleNamespace:
    """What `scorecard train --data data/sample` made: `.artifact`, and `.said`, its stdout."""
    folder = trained_by_command
    return SimpleNamespace(artifact=folder / "artifact", said=(folder / "said").read_text())


@pytest.fixture(scope="session")
def five_metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scorecard of five metrics."""
    path = tmp_path_factory.mktemp("definition") / "five.yaml"
    path.write_text(FIVE_METRICS)
    return path


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """A folder of 1,500 synthetic accounts."""

    def make(folder: Path) -> None:
        made = run("data", "sample", "--accounts", 1500, "--seed", 7, "--out", "data", cwd=folder)
        assert made.returncode == 0, made.stderr

    return made_once(tmp_path_factory, "small", make) / "data"


@pytest.fixture(scope="session")
def small_trained(
    tmp_path_factory: pytest.TempPathFactory, run: Run, small: Path, five_metrics: Path
) -> Path:
    """The artifact of five metrics on 1,500 accounts; copy it before changing it."""

    def make(folder: Path) -> None:
        done = run(
            "train", "--data", small, "--scorecard", five_metrics, "--out", "artifact", cwd=folder
        )
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "small-trained", make) / "artifact"


BROKEN_CARD = """
schema: scorecard/v1
id: broken
scale: {type: out_of_11}
peer_dimensions: [acct_age]
metrics: {bots: {kind: peer, upperr: 1}}
components: {auto: {weight: -1, metrics: {bots: 1, robots: 1}}}
"""


@pytest.fixture
def here(tmp_path, monkeypatch, small, small_trained, five_metrics):
    """A working folder with data, artifact and card, and what goes wrong in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(small)
    shutil.copytree(small_trained, tmp_path / "A")
    shutil.copy(five_metrics, tmp_path / "card.yaml")
    (tmp_path / "broken.yaml").write_text(BROKEN_CARD)
    (tmp_path / "file").write_text("not what you think\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "no_peers").mkdir()
    shutil.copy(small / "usage_metrics.csv", tmp_path / "no_peers")
    (tmp_path / "no_usage").mkdir()
    for name in ("peer_dims.csv", "product_metrics.csv"):
        shutil.copy(small / name, tmp_path / "no_usage")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("dear diary")
    return tmp_path
