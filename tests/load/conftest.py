"""A small model, a trained one, and containers with settings of one's own."""

import contextlib
import sys
import tarfile
from pathlib import Path

import pytest

from tests.load.worker_state import wait_until, workers_of
from tests.processes import BIN, Process, free_port

ROOT = Path(__file__).parents[2]

SERVE = (BIN / "serve",)
SLOW = (sys.executable, "-m", "tests.load.slow_container")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "model"
    with tarfile.open(ROOT / "tests" / "data" / "artifacts" / "format-1.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def start(tmp_path, model):
    """Start a container and wait until it is ready; all are stopped at the end."""
    started = []

    def start_one(command=SERVE, *, ready=200, **environ):
        port = free_port()
        settings = {"SCORECARD_MODEL": str(model), "SCORECARD_WORKERS": "1", **environ}
        log = tmp_path / f"container{len(started)}.log"
        process = Process(command, log, port=port, SCORECARD_PORT=str(port), **settings)
        started.append(process)
        process.wait_for_ping(ready)
        # One worker answers while the others are still to come, or still load what may change.
        workers = int(settings["SCORECARD_WORKERS"])
        wait_until(
            lambda: len(workers_of(process.pid)) == workers,
            within_s=20,
            why="all workers are there",
        )
        if ready == 200:
            wait_until(
                lambda: (
                    sum(line["event"] == "model loaded" for line in process.log_lines()) >= workers
                ),
                within_s=20,
                why="all workers serve",
            )
        return process

    yield start_one
    for process in started:
        process.stop()


@pytest.fixture
def start_slow(start):
    """Start a container whose scorer takes its time."""

    def start_one(slow_s, **environ):
        return start(SLOW, SLOW_S=str(slow_s), **environ)

    return start_one


@pytest.fixture
def say(request, capsys):
    """Print figures; those of long tests are shown though the test passes."""

    def say_one(text):
        long = any(request.node.iter_markers("slow")) or any(request.node.iter_markers("soak"))
        with capsys.disabled() if long else contextlib.nullcontext():
            sys.stdout.write(f"\n{text}\n" if long else f"{text}\n")

    return say_one
