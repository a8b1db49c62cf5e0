"""Clients that are gone before they have their answer: rows 49 and 50."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.load.bodies import accounts, as_json, chunked, one_row, post
from tests.load.client import Load
from tests.load.hostile import hang_up, stalled
from tests.load.worker_state import holdings, wait_until, workers_of
from tests.processes import call

pytestmark = pytest.mark.slow

SLOTS, THREADS = 4, 8
LARGE = post(as_json(accounts(2_000)))
CHUNKS = chunked(as_json(accounts(50)), 100)

#: Where a client hangs up: its request, from which byte to which, and what it reads before.
PLACES = [
    (LARGE, (0, 0), 0, "before it says anything"),
    (LARGE, (1, 60), 0, "in the head"),
    (LARGE, (100, len(LARGE) - 1), 0, "in the body"),
    (CHUNKS, (100, len(CHUNKS) - 1), 0, "in a chunked body"),
    (LARGE, (len(LARGE), len(LARGE)), 0, "before the answer is read"),
    (LARGE, (len(LARGE), len(LARGE)), 100, "while the answer is read"),
    (one_row(), (len(one_row()), len(one_row())), 0, "a small request, before the answer"),
]


def hang_up_often(port, count):
    chance = random.Random(5)  # noqa: S311 (test data)

    def once(number):
        request, (first, last), read, _why = PLACES[number % len(PLACES)]
        after = chance.randint(first, last)
        hang_up(port, request, after=after, read=read, reset=bool(chance.getrandbits(1)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(once, range(count)))


def use_all_threads(port):
    """Have every thread made that will ever be made, so that only what is left over counts."""
    with stalled(port, [LARGE[: len(LARGE) // 2]] * 2 * THREADS):
        time.sleep(0.2)
    tally = Load(port, [LARGE, one_row()], clients=2 * THREADS).run(count=100)
    assert set(tally.answered) <= {200, 503}
    hang_up_often(port, len(PLACES))


@pytest.mark.parametrize(
    "count",
    [200, pytest.param(1_000, marks=pytest.mark.slow), pytest.param(5_000, marks=pytest.mark.soak)],
)
def test_clients_that_hang_up_leave_no_slot_thread_or_descriptor_behind(start_slow, say, count):
    container = start_slow(
        0.02,
        SCORECARD_SLOTS=str(SLOTS),
        SCORECARD_THREADS=str(THREADS),
        SCORECARD_READ_TIMEOUT_S="2",
    )
    use_all_threads(container.port)
    (worker,) = workers_of(container.pid)
    before = holdings(worker)

    hang_up_often(container.port, count)

    settled_s = wait_until(
        lambda: holdings(worker).near(before), within_s=20, why=f"{holdings(worker)}, {before}"
    )
    say(f"{count} hung up; {holdings(worker)} {settled_s:.1f} s later, {before} before")
    assert workers_of(container.pid) == [worker]
    # The last of those who hung up may still be scored: a slot is lost if it never comes back.
    wait_until(lambda: all_slots_are_usable(container.port), within_s=20, why="a slot is lost")
    assert not [line for line in container.log_lines() if line["level"] == "error"]
    assert "Traceback" not in container.log()


def all_slots_are_usable(port):
    # As many requests as slots at the same time, several times over: none may find them taken.
    tally = Load(port, [LARGE], clients=SLOTS).run(count=SLOTS * 5)
    return tally.answered == {200: SLOTS * 5}


def test_a_client_that_hangs_up_does_not_disturb_one_that_stays(start_slow):
    container = start_slow(0.02, SCORECARD_SLOTS="16")
    patient = Load(container.port, [LARGE], clients=2)

    with ThreadPoolExecutor(1) as pool:
        rude = pool.submit(hang_up_often, container.port, 30)
        tally = patient.run(count=20)
        rude.result()

    assert tally.answered == {200: 20}
    assert call(container.port, "GET", "/ping").status == 200
