"""For all tests."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.audit import UNPICKLED, watched
from tests.made_once import made_once
from tests.processes import BIN, user_environ

# At a desk every run tries new examples; in CI the same, so that a red run is about the change.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True)
def nothing_is_unpickled() -> Iterator[None]:
    """Fail a test in which a pickle is loaded in this process, whoever caught what came of it.

    No test needs an exception from this. tests/processes.py watches the servers that tests start.
    """
    with watched(UNPICKLED) as seen:
        yield
    assert not seen, f"unpickled: {seen}"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Make SIGINT raise as in a terminal; what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def trained_by_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `scorecard train --data data/sample` made `artifact` and said `said`."""

    def make(folder: Path) -> None:
        sample = Path(__file__).parents[1] / "data" / "sample"
        words = ["train", "--data", sample, "--out", "artifact"]
        done = subprocess.run(
            [BIN / "scorecard", *words], cwd=folder, env=user_environ(), check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (folder / "said").write_text(done.stdout)

    return made_once(tmp_path_factory, "trained", make)


@pytest.fixture(scope="session")
def trained(trained_by_command: Path) -> Path:
    """The artifact of the sample, some 4 MB with its boosters."""
    return trained_by_command / "artifact"
