"""SIGHUP under load: rows 22 and 39 of the reliability table."""

import signal
import time

import pytest

from tests.load.bodies import PING, one_row
from tests.load.client import Load, under_load
from tests.load.worker_state import holdings, wait_until, workers_of

CLIENTS = 8


def reload(container, old):
    """Reload and wait until other workers have taken over."""
    container.send(signal.SIGHUP)

    def taken_over():
        now = workers_of(container.pid)
        return len(now) == len(old) and not set(now) & set(old)

    wait_until(taken_over, within_s=40, why="new workers alone")
    return workers_of(container.pid)


@pytest.mark.parametrize(
    ("reloads", "requests"),
    [
        (2, 0),
        pytest.param(8, 2_000, marks=pytest.mark.slow),
        pytest.param(20, 10_000, marks=pytest.mark.soak),
    ],
)
def test_reloads_under_keep_alive_load_lose_no_request(start, say, reloads, requests):
    container = start(SCORECARD_WORKERS="2")
    load = Load(container.port, [one_row(), PING], clients=CLIENTS, pause_s=0.002)

    with under_load(load):
        workers = workers_of(container.pid)
        for _ in range(reloads):
            workers = reload(container, workers)
        wait_until(lambda: load.tally.sent > requests, within_s=120, why="enough requests")

    tally = load.tally
    say(f"{reloads} reloads, {tally.sent} requests, {tally.connections} connections")
    assert not tally.lost
    assert not tally.not_connected
    assert tally.answered == {200: tally.sent}


def test_a_reload_finishes_what_the_old_workers_are_at(start_slow):
    container = start_slow(0.7)
    load = Load(container.port, [one_row()], clients=2)

    with under_load(load):
        wait_until(lambda: load.tally.sent == 2, within_s=5, why="requests are under way")
        time.sleep(0.1)
        container.send(signal.SIGHUP)
        load.end()

    assert load.tally.answered == {200: 2}


@pytest.mark.slow
def test_reloads_leave_no_descriptor_or_thread_behind_in_the_master(start):
    container = start(SCORECARD_WORKERS="2")
    workers = reload(container, workers_of(container.pid))
    before = holdings(container.pid)

    for _ in range(10):
        workers = reload(container, workers)

    assert holdings(container.pid).near(before)
    assert container.wait_for_ping() < 2
