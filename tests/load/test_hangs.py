"""A scorer that takes too long or never comes back: E7 and row 44."""

import time

import pytest

from tests.load.bodies import PING, accounts, as_json, many_rows, one_row
from tests.load.client import Load, under_load
from tests.load.slow_container import HOLDS, SPINS, WAITS
from tests.load.worker_state import wait_until, workers_of
from tests.processes import call

pytestmark = pytest.mark.slow

DEADLINE_S = 0.5
#: What comes on top of the deadline until a request that hangs is answered.
GRACE_S = 4
#: SageMaker gives up on a request after 60 s; a worker may hang for little longer.
REPLACED_S = 65
PING_LIMIT_S = 2


def test_e7_a_request_beyond_the_deadline_is_503_and_no_hang(start_slow):
    container = start_slow(DEADLINE_S + 0.3, SCORECARD_DEADLINE_S=str(DEADLINE_S))

    tally = Load(container.port, [one_row(), many_rows()], clients=2).run(count=2)
    answer = call(
        container.port, "POST", "/invocations", as_json(accounts(3)),
        Content_Type="application/json",
    )  # fmt: skip

    assert tally.answered == {503: 2}
    assert tally.longest() < DEADLINE_S + GRACE_S
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) >= {"message", "request_id"}
    assert len(workers_of(container.pid)) == 1


@pytest.mark.parametrize(
    ("make", "trigger", "where"),
    [
        (one_row, WAITS, "wait_for_ever"),
        (many_rows, SPINS, "spin_for_ever"),
        pytest.param(many_rows, WAITS, "wait_for_ever", marks=pytest.mark.slow),
        pytest.param(one_row, SPINS, "spin_for_ever", marks=pytest.mark.slow),
    ],
)
def test_a_scorer_that_hangs_costs_one_503_and_its_worker(start_slow, say, make, trigger, where):
    container = start_slow(0, SCORECARD_DEADLINE_S=str(DEADLINE_S))
    (worker,) = workers_of(container.pid)
    hanging = Load(container.port, [make(trigger)])
    others = Load(container.port, [one_row(), PING, many_rows()], clients=2, pause_s=0.01)

    with under_load(others):
        with under_load(hanging, count=1):
            pass
        replaced_s = wait_until(
            lambda: (
                workers_of(container.pid) not in ([], [worker])
                and worker not in workers_of(container.pid)
            ),
            within_s=REPLACED_S,
            why="the worker is replaced",
        )

    say(f"503 after {hanging.tally.longest():.1f} s, replaced {replaced_s:.1f} s later")
    assert hanging.tally.answered == {503: 1}
    assert hanging.tally.longest() < DEADLINE_S + GRACE_S
    assert set(others.tally.answered) <= {200, 503}
    assert others.tally.answered[200] > 50
    assert not others.tally.lost
    assert others.tally.longest() < PING_LIMIT_S
    assert where in container.log()
    assert "slow_container" in container.log()


def test_while_a_scorer_hangs_health_checks_are_answered(start_slow):
    container = start_slow(0, SCORECARD_DEADLINE_S=str(DEADLINE_S))
    hanging = Load(container.port, [one_row(WAITS)])
    pings = Load(container.port, [PING], pause_s=0.02)

    with under_load(hanging, count=1):
        time.sleep(0.2)
        tally = pings.run(seconds=1.2)

    assert tally.answered == {200: tally.sent}
    assert tally.longest() < PING_LIMIT_S


@pytest.mark.soak  # it waits for a minute
def test_a_worker_in_which_nothing_runs_any_more_is_replaced(start_slow, say):
    container = start_slow(0, SCORECARD_WORKERS="2", SCORECARD_DEADLINE_S=str(DEADLINE_S))
    before = workers_of(container.pid)
    hanging = Load(container.port, [many_rows(HOLDS)], timeout_s=100)
    pings = Load(container.port, [PING], pause_s=0.05, timeout_s=PING_LIMIT_S)

    with under_load(hanging, count=1):
        time.sleep(0.5)
        hanging.end()
        replaced_s = wait_until(
            lambda: len(now := workers_of(container.pid)) == 2 and now != before,
            within_s=100,
            why="the worker is replaced",
        )
    tally = pings.run(count=50)

    say(f"replaced after {replaced_s:.0f} s; {dict(hanging.tally.answered)}")
    assert tally.answered == {200: 50}
