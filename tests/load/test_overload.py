"""More is asked than can be done: H4, H5, H7 and rows 35 and 36."""

import socket
import time

import pytest

from tests.contract.wire import ROWS
from tests.load.bodies import PING, accounts, as_json, one_row, post
from tests.load.client import Load, under_load
from tests.load.worker_state import wait_until
from tests.processes import call

pytestmark = pytest.mark.slow

SLOW_S = 0.3
SLOTS, WORKERS = 4, 2
CLIENTS = 64
#: What is refused comes back after this; a caller that does what it is told waits longer.
PAUSE_REFUSED_S = 0.05
PING_LIMIT_S = 0.5
SIZES = [
    3,
    pytest.param(60, marks=pytest.mark.soak),
]


def pings_beside(port):
    return Load(port, [PING], pause_s=0.02)


def told(name, tally):
    """Say how many answers of each status there were, and how long they took."""
    times = ", ".join(
        f"{status}: {len(times)} (p50 {tally.quantile(0.5, status) * 1e3:.0f} ms, "
        f"p99 {tally.quantile(0.99, status) * 1e3:.0f} ms, max {max(times) * 1e3:.0f} ms)"
        for status, times in sorted(tally.took.items())
    )
    return f"{name}: {times}; lost {dict(tally.lost)}"


@pytest.mark.parametrize("seconds", SIZES)
def test_overload_is_refused_at_once_and_what_is_accepted_takes_its_usual_time(
    start_slow, say, seconds
):
    container = start_slow(
        SLOW_S, SCORECARD_WORKERS=str(WORKERS), SCORECARD_SLOTS=str(SLOTS), SCORECARD_THREADS="24"
    )
    unloaded = Load(container.port, [one_row()]).run(count=max(4, seconds))
    load = Load(container.port, [one_row()], clients=CLIENTS, pause_refused_s=PAUSE_REFUSED_S)
    pings = pings_beside(container.port)

    with under_load(pings), under_load(load, seconds=seconds):
        pass

    say(told("accepted and refused", load.tally))
    say(told("ping", pings.tally))
    assert not load.tally.lost
    assert not pings.tally.lost
    assert set(load.tally.answered) == {200, 503}
    assert pings.tally.answered == {200: pings.tally.sent}
    assert pings.tally.longest() < PING_LIMIT_S
    assert load.tally.quantile(0.99) <= 2 * unloaded.quantile(0.99)
    # Less one round, which is under way when the time is up.
    capacity = SLOTS * WORKERS * (seconds / SLOW_S - 1)
    assert load.tally.answered[200] >= 0.9 * capacity


@pytest.mark.parametrize("seconds", SIZES[1:])
def test_with_the_real_scorer_and_large_bodies_ping_stays_fast(start, trained, say, seconds):
    container = start(SCORECARD_MODEL=str(trained), SCORECARD_WORKERS=str(WORKERS))
    large = post(as_json((ROWS * 1667)[:5000]))
    load = Load(container.port, [large], clients=CLIENTS, pause_refused_s=PAUSE_REFUSED_S)
    pings = pings_beside(container.port)

    with under_load(pings), under_load(load, seconds=seconds):
        pass

    say(told("5,000 rows", load.tally))
    say(told("ping", pings.tally))
    say(f"{load.tally.answered[200] * 5000 / seconds:.0f} accounts per second")
    assert not load.tally.lost
    assert set(load.tally.answered) <= {200, 503}
    assert pings.tally.answered == {200: pings.tally.sent}
    assert pings.tally.longest() < PING_LIMIT_S


def test_a_refusal_says_when_to_come_back_in_a_header_and_in_the_body(start_slow):
    container = start_slow(1, SCORECARD_SLOTS="1")
    busy = Load(container.port, [one_row()])

    with under_load(busy):
        wait_until(lambda: busy.tally.sent == 1, within_s=5, why="the slot is taken")
        busy.end()
        time.sleep(0.2)
        began = time.monotonic()
        refused = call(
            container.port, "POST", "/invocations", as_json(accounts(1)),
            Content_Type="application/json",
        )  # fmt: skip
        took_s = time.monotonic() - began

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["retry_after"] == int(refused.headers["retry-after"])
    assert took_s < 0.5  # well before the slot was free again
    assert busy.tally.answered == {200: 1}


@pytest.mark.parametrize("slow_s", [1.2, pytest.param(20, marks=pytest.mark.soak)])
def test_h4_ping_and_its_like_answer_while_the_only_worker_scores(start_slow, slow_s):
    container = start_slow(slow_s)
    busy = Load(container.port, [one_row()], clients=4)

    with under_load(busy):
        wait_until(lambda: busy.tally.sent == 4, within_s=5, why="all slots are taken")
        time.sleep(0.1)
        busy.end()
        began = time.monotonic()
        statuses = {
            path: call(container.port, "GET", path, timeout_s=2).status
            for path in ("/ping", "/livez", "/readyz", "/metrics")
        }
        took_s = time.monotonic() - began

    assert set(statuses.values()) == {200}, statuses
    assert took_s < slow_s / 2  # while they were at work, not after
    assert busy.tally.answered == {200: 4}


def test_h5_a_connection_is_accepted_while_all_threads_are_busy(start_slow):
    container = start_slow(0.5)
    busy = Load(container.port, [one_row()], clients=CLIENTS, pause_refused_s=PAUSE_REFUSED_S)

    with under_load(busy, seconds=0.8):
        longest_s = max(time_to_connect(container.port) for _ in range(20))

    assert longest_s < 0.25
    assert busy.tally.longest_connect_s < 0.25


def time_to_connect(port):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)):
        took_s = time.monotonic() - began
    time.sleep(0.02)
    return took_s


def test_h7_head_is_answered_without_a_body(start):
    container = start()

    for path in ("/ping", "/livez", "/readyz"):
        with socket.create_connection(("127.0.0.1", container.port), timeout=2) as client:
            client.sendall(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = client.makefile("rb").read()

        assert answer.startswith(b"HTTP/1.1 200 "), path
        assert answer.endswith(b"\r\n\r\n"), path


def test_livez_is_200_while_there_is_no_model_and_ping_and_readyz_are_not(start, tmp_path):
    container = start(ready=503, SCORECARD_MODEL=str(tmp_path / "nothing"))

    answers = {
        path: call(container.port, "GET", path).status for path in ("/ping", "/readyz", "/livez")
    }

    assert answers == {"/ping": 503, "/readyz": 503, "/livez": 200}
