"""Container workers that are killed behind the gateway: row 42, and row 96 beside it."""

import pytest

from tests.gateway.fakes import FakeContainer, Reply
from tests.load.behind_gateway import gateway_on
from tests.load.bodies import accounts, as_json, many_rows, one_row, post
from tests.load.client import Load, under_load
from tests.load.worker_state import kill_one, wait_until

pytestmark = pytest.mark.slow

CLIENTS = 8


@pytest.mark.parametrize(
    ("kills", "requests"), [(4, 1_000), pytest.param(20, 10_000, marks=pytest.mark.soak)]
)
def test_killed_workers_lose_no_request(start, tmp_path, say, kills, requests):
    container = start(SCORECARD_WORKERS="2", SCORECARD_SLOTS="16")
    with gateway_on(tmp_path, container.port) as gateway:
        # The last one is too large for the loop of the container: a thread serves it.
        plain = [*map(one_row, (5.0, 12.0, 60.0)), post(as_json(accounts(150)))]
        asked = [gateway.request(request) for request in plain]
        load = Load(gateway.port, asked, clients=CLIENTS)

        with under_load(load):
            for done in range(1, kills + 1):
                share_s = 120 / kills
                wait_until(
                    lambda: load.tally.sent >= requests * done / (kills + 1),  # noqa: B023
                    within_s=share_s,
                    why="the load goes on",
                )
                kill_one(container)
            wait_until(lambda: load.tally.sent >= requests, within_s=60, why="all are sent")

        failed = [
            (line["status"], line["reason"], line["upstream_ms"])
            for line in gateway.process.log_lines()
            if line.get("status", 0) >= 500
        ]
    say(f"{load.tally.sent} requests over {kills} SIGKILLs, lost {sum(load.tally.lost.values())}")
    assert not failed
    assert not load.tally.lost
    assert set(load.tally.answered) == {200}


@pytest.mark.parametrize("request_of", [one_row, many_rows])
def test_a_container_that_always_says_503_hears_each_request_once(tmp_path, request_of):
    container = FakeContainer()
    container.reply = Reply(503, {"Retry-After": "1"})
    with gateway_on(tmp_path, container.port) as gateway:
        tally = Load(gateway.port, [gateway.request(request_of())], clients=4).run(count=400)
    heard = len(container.invocations)
    container.close()

    assert tally.answered == {503: 400}
    assert heard == 400
