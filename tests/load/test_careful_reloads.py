"""SIGHUP never takes away a model that is served."""

import shutil
import signal
import time

import pytest

from tests.load.bodies import one_row
from tests.load.client import Load, under_load
from tests.load.worker_state import memory_mb, wait_until, workers_of


@pytest.fixture
def place(model, tmp_path):
    """A model's directory to be altered."""
    shutil.copytree(model, tmp_path / "model")
    return tmp_path / "model"


def damage(place):
    tables = place / "peer_tables.npz"
    tables.write_bytes(tables.read_bytes()[:-1] + b"x")


def told(container, event):
    return [line for line in container.log_lines() if line["event"] == event]


def is_replaced(container, workers):
    now = workers_of(container.pid)
    return len(now) == len(workers) and not set(now) & set(workers)


def test_a_model_that_cannot_be_loaded_leaves_the_workers_that_have_one(start, place):
    container = start(SCORECARD_MODEL=str(place), SCORECARD_WORKERS="2")
    workers = workers_of(container.pid)

    with under_load(Load(container.port, [one_row()], clients=2, pause_s=0.005)) as load:
        damage(place)
        container.send(signal.SIGHUP)
        wait_until(
            lambda: told(container, "not reloaded: the workers go on with what they have"),
            within_s=20,
            why="it is refused",
        )
        time.sleep(0.2)

    assert load.tally.answered == {200: load.tally.sent}
    assert workers_of(container.pid) == workers
    (refused,) = told(container, "model not loaded")
    assert "peer_tables.npz" in refused["reason"]


def test_after_a_refusal_a_good_model_is_reloaded(start, place, model):
    container = start(SCORECARD_MODEL=str(place))
    workers = workers_of(container.pid)
    damage(place)
    container.send(signal.SIGHUP)
    wait_until(lambda: told(container, "model not loaded"), within_s=20, why="it is refused")
    shutil.copytree(model, place, dirs_exist_ok=True)

    container.send(signal.SIGHUP)

    wait_until(lambda: is_replaced(container, workers), within_s=20, why="a new worker alone")
    container.wait_for_ping()


def test_workers_without_a_model_are_replaced_once_there_is_one(start, model, tmp_path):
    place = tmp_path / "later"
    container = start(SCORECARD_MODEL=str(place), SCORECARD_POLL_S="3600", ready=503)
    workers = workers_of(container.pid)
    shutil.copytree(model, place)

    container.send(signal.SIGHUP)

    wait_until(lambda: is_replaced(container, workers), within_s=20, why="a new worker alone")
    container.wait_for_ping(200)


@pytest.mark.slow
def test_the_master_holds_nothing_of_the_models_it_checks(start, trained):
    container = start(SCORECARD_MODEL=str(trained))
    before = memory_mb(container.pid)

    for _ in range(5):
        workers = workers_of(container.pid)
        container.send(signal.SIGHUP)
        wait_until(
            lambda workers=workers: is_replaced(container, workers), within_s=20, why="a new one"
        )

    assert memory_mb(container.pid) - before < 2
