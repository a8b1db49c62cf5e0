"""One real container, shared by the whole folder."""

import pytest

from tests.processes import BIN, Process, free_port


@pytest.fixture
def start_container(tmp_path):
    """Start containers with settings of one's own; all are stopped at the end."""
    yield from _starting(tmp_path)


@pytest.fixture(scope="module")
def start_module_container(tmp_path_factory):
    """The same for a whole module; they are up when they are given."""

    def start(*arguments, **environ):
        process = start_one(*arguments, **environ)
        process.wait_for_ping()
        return process

    starting = _starting(tmp_path_factory.mktemp("containers"))
    start_one = next(starting)
    yield start
    next(starting, None)


def _starting(folder):
    started = []

    def start(*arguments, **environ):
        port = free_port()
        settings = {"SCORECARD_PORT": str(port), "SCORECARD_WORKERS": "1", **environ}
        log = folder / f"container{len(started)}.log"
        started.append(Process([BIN / "serve", *arguments], log, port=port, **settings))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture(scope="session")
def container(trained, tmp_path_factory):
    log = tmp_path_factory.mktemp("container") / "log"
    process = Process(
        [BIN / "serve"],
        log,
        port=(port := free_port()),
        SCORECARD_MODEL=str(trained),
        SCORECARD_PORT=str(port),
        SCORECARD_WORKERS="1",
    )
    process.wait_for_ping()
    yield process
    process.stop()
