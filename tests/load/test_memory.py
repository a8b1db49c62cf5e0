"""What a worker may come to hold: E10, E11 and row 48."""

import json
import time

import pytest

from tests.contract.wire import ROWS, einstein
from tests.load.bodies import one_row, post
from tests.load.client import Load
from tests.load.worker_state import memory_mb, workers_of

pytestmark = pytest.mark.slow

LIMIT_BYTES = 6_291_456
SLOTS, WORKERS = 4, 2


@pytest.mark.parametrize(
    ("settled", "last"),
    [
        pytest.param(10_000, 40_000, marks=pytest.mark.slow),
        pytest.param(50_000, 200_000, marks=pytest.mark.soak),
    ],
)
def test_e11_memory_stays_what_it_was_from_request_to_request(start, say, settled, last):
    container = start(SCORECARD_WORKERS=str(WORKERS))
    workers = workers_of(container.pid)
    curve = {}

    step = settled // 2
    for done in range(step, last + 1, step):
        tally = Load(container.port, [one_row()], clients=4).run(count=step)
        assert tally.answered == {200: step}
        curve[done] = [memory_mb(worker) for worker in workers]

    say("\n".join(f"{done:>7} requests: {sizes} MiB" for done, sizes in curve.items()))
    assert workers_of(container.pid) == workers
    for before, after in zip(curve[settled], curve[last], strict=True):
        assert after - before <= 2


@pytest.mark.soak
def test_e11_ten_minutes_of_load_grow_memory_by_less_than_5_percent(start, say, trained):
    container = start(SCORECARD_WORKERS=str(WORKERS), SCORECARD_MODEL=str(trained))
    workers = workers_of(container.pid)
    mixed = [post(json.dumps(einstein((ROWS * 334)[:count])).encode()) for count in (1, 3, 1000)]
    Load(container.port, mixed, clients=4).run(seconds=60)
    before = [memory_mb(worker) for worker in workers]

    tally = Load(container.port, mixed, clients=4).run(seconds=600)

    after = [memory_mb(worker) for worker in workers]
    say(f"{tally.sent} requests: {before} MiB, then {after} MiB")
    assert set(tally.answered) == {200}
    assert all(new < 1.05 * old for old, new in zip(before, after, strict=True))


@pytest.mark.slow
def test_e10_ten_thousand_rows_are_answered_within_five_seconds(start, trained, say):
    container = start(SCORECARD_MODEL=str(trained))
    (worker,) = workers_of(container.pid)
    before = memory_mb(worker)
    body = json.dumps(einstein((ROWS * 3334)[:10_000])).encode()

    tally = Load(container.port, [post(body)]).run(count=3)

    grown = memory_mb(worker, "VmHWM") - before
    say(f"10,000 rows: {tally.longest():.2f} s, {grown:.0f} MiB more at the peak")
    assert tally.answered == {200: 3}
    assert tally.longest() < 5
    assert grown < 200


#: An account takes at least 15 bytes to send, 14 commas and a line's end. It becomes 45 numbers
#: (inputs, ranks, scores) and some 750 bytes of answer.
MOST_PER_SLOT_MB = LIMIT_BYTES / 15 * (45 * 8 + 800) / 2**20

#: Bodies of the limit with as many accounts as fit, and the shapes that cost most to read.
WORST = {
    "empty cells": ("text/csv", b"," * 14 + b"\n"),
    "zeros": ("text/csv", b"0," * 14 + b"0\n"),
    "long numbers": ("text/csv", b"0.1234567890123456," * 14 + b"1\n"),
    "lists of nulls": ("application/json", b"[" + b"null," * 14 + b"null],"),
    "lists of zeros": ("application/json", b"[" + b"0," * 14 + b"0],"),
    "lists of empty texts": ("application/json", b"[" + b'"",' * 14 + b'""],'),
    "features": ("application/json", b'{"features":[' + b"0," * 14 + b"0]},"),
    "empty lists": ("application/json", b"[],"),
    "empty objects": ("application/json", b"{},"),
    "deep lists": ("application/json", b"["),
    "lines of lists": ("application/jsonlines", b"[" + b"0," * 14 + b"0]\n"),
}


def body_of(content_type, row):
    if content_type == "application/json":
        rows = row * ((LIMIT_BYTES - 20) // len(row))
        return b'{"instances":[' + rows.rstrip(b",") + b"]}"
    return row * (LIMIT_BYTES // len(row))


@pytest.mark.slow
@pytest.mark.parametrize(
    "worst",
    [
        "empty cells",
        "lists of zeros",
        *(pytest.param(name, marks=pytest.mark.soak) for name in WORST),
    ],
)
def test_bodies_of_the_limit_in_every_slot_take_bounded_memory(start, trained, say, worst):
    content_type, row = WORST[worst]
    container = start(
        SCORECARD_MODEL=str(trained), SCORECARD_WORKERS=str(WORKERS), SCORECARD_SLOTS=str(SLOTS)
    )
    workers = workers_of(container.pid)
    before = [memory_mb(worker) for worker in workers]
    request = post(body_of(content_type, row), content_type=content_type)
    began = time.monotonic()

    tally = Load(container.port, [request], clients=2 * SLOTS * WORKERS).run(
        count=2 * SLOTS * WORKERS
    )

    took_s = time.monotonic() - began
    grown = [memory_mb(worker, "VmHWM") - old for worker, old in zip(workers, before, strict=True)]
    accounts = LIMIT_BYTES // len(row)
    say(f"{worst}: {accounts} rows, {took_s:.1f} s, {dict(tally.answered)}, grown {grown} MiB")
    assert workers_of(container.pid) == workers
    assert not tally.lost
    assert set(tally.answered) <= {200, 400, 503}
    assert max(grown) <= SLOTS * MOST_PER_SLOT_MB
