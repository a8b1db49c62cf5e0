"""A worker that is killed: H16 and row 42."""

import pytest

from tests.load.bodies import PING, one_row
from tests.load.client import Load, under_load
from tests.load.worker_state import kill_one

pytestmark = pytest.mark.slow

CLIENTS = 4
#: SageMaker's limit for an answer to /ping.
PING_LIMIT_S = 2


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_h16_a_killed_worker_is_replaced_while_ping_goes_on(start, kills):
    container = start(SCORECARD_WORKERS="2")
    load = Load(container.port, [one_row()], clients=CLIENTS, pause_s=0.005)
    pings = Load(container.port, [PING], pause_s=0.02)

    with under_load(load), under_load(pings):
        for _ in range(kills):
            kill_one(container)
    after = Load(container.port, [one_row(), PING], clients=CLIENTS).run(count=500)

    # What the killed worker was at is lost; nothing can answer it.
    assert sum(load.tally.lost.values()) <= kills * CLIENTS
    assert sum(pings.tally.lost.values()) <= kills
    assert set(load.tally.answered) == {200}
    assert set(pings.tally.answered) == {200}
    assert pings.tally.longest() < PING_LIMIT_S
    assert after.answered == {200: 500}


def test_the_only_worker_is_replaced_too(start):
    container = start()

    kill_one(container)

    assert container.wait_for_ping() < 10
    assert Load(container.port, [one_row()], clients=2).run(count=50).answered == {200: 50}
