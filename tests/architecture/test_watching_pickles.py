"""Unpickling is seen: in a test, in its threads, in servers that tests start."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import Process

ROOT = Path(__file__).parents[2]

UNPICKLE = "import pathlib, pickle; pickle.loads(pickle.dumps(pathlib.PurePath))"

TESTS = f"""
import contextlib, threading
from tests.conftest import nothing_is_unpickled

def test_honest():
    pass

def test_unpickling_and_hiding_it():
    with contextlib.suppress(Exception):
        exec({UNPICKLE!r})

def test_unpickling_in_a_thread():
    thread = threading.Thread(target=exec, args=({UNPICKLE!r},))
    thread.start()
    thread.join()
"""


def test_a_test_that_unpickles_fails(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            ".",
            tmp_path,
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert "3 passed, 2 errors" in done.stdout
    assert "unpickled: [('pickle.find_class', ('pathlib', 'PurePath'))]" in done.stdout


@pytest.mark.parametrize(
    "program", [UNPICKLE, f"try:\n    exec({UNPICKLE!r})\nexcept BaseException:\n    pass"]
)
def test_a_server_that_unpickles_ends_and_fails_its_test(program: str, tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", program], tmp_path / "log", port=0)

    assert process.wait() == 86
    with pytest.raises(AssertionError, match=r"see .*log"):
        process.stop()


def test_a_worker_that_unpickles_fails_its_test_though_its_master_lives(tmp_path: Path) -> None:
    program = f"import os\nif not os.fork():\n    {UNPICKLE}\nos.wait()"

    process = Process([sys.executable, "-c", program], tmp_path / "log", port=0)

    assert process.wait() == 0
    with pytest.raises(AssertionError, match=r"see .*log"):
        process.stop()


def test_an_honest_server_ends_as_it_wants(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "raise SystemExit(7)"], tmp_path / "log", port=0)

    assert process.wait() == process.stop() == 7
