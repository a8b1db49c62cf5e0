"""Many callers at once, many chunks, slow readers: E8 and rows 22, 24 and 30."""

import json
import time
from contextlib import ExitStack

import pytest

from serving.scoring import load_scorer
from tests.load.bodies import PING, accounts, as_json, chunked, one_row, post
from tests.load.client import Load, under_load
from tests.load.hostile import connect

pytestmark = pytest.mark.slow

CALLERS = 64
PING_LIMIT_S = 0.5
NAMES = ("age", "bots", "rate", "region")


def predictions_of(body):
    """Predictions without the stamp, which differs from call to call."""
    return [
        {key: value for key, value in prediction.items() if key != "last_modified"}
        for prediction in json.loads(body)["predictions"]
    ]


def predicted(scorer, rows):
    """What the scorer itself says of the accounts, as an answer holds it."""
    table = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    values = scorer.score(scorer.encode(table)).values
    return [
        {
            key: None if score != score else score
            for key, score in zip(scorer.outputs, row, strict=False)
        }
        for row in values.tolist()
    ]


@pytest.mark.parametrize(
    "count", [640, pytest.param(20_000, marks=pytest.mark.soak)], ids=["640", "20000"]
)
def test_e8_parallel_requests_get_their_own_rows_back(start, model, count):
    scorer = load_scorer(model)
    batches = [accounts(8 + number % 23, seed=number) for number in range(CALLERS)]
    expected = [predicted(scorer, rows) for rows in batches]
    assert len({json.dumps(one) for one in expected}) == CALLERS  # else a mix-up would not show
    container = start(SCORECARD_WORKERS="2", SCORECARD_SLOTS="64", SCORECARD_THREADS="65")
    wrong = []

    def compare(number, status, body):
        if status != 200 or predictions_of(body) != expected[number]:
            wrong.append((number, status))

    requests = [post(as_json(rows)) for rows in batches]
    load = Load(container.port, requests, clients=CALLERS, on_answer=compare)
    tally = load.run(count=count)

    assert tally.answered == {200: count}
    assert not wrong


def test_200_000_chunks_of_one_byte_are_read_and_hold_nobody_up(start):
    container = start()
    rows = accounts(5)
    body = as_json(rows).ljust(200_000)
    heard = []
    chunks = Load(
        container.port, [chunked(body, 1)], on_answer=lambda *answer: heard.append(answer)
    )
    others = Load(container.port, [PING, one_row()], pause_s=0.01)

    with under_load(others), under_load(chunks, count=1):
        pass

    ((_, status, answer),) = heard
    assert status == 200
    assert len(predictions_of(answer)) == len(rows)
    assert chunks.tally.longest() < 5
    assert others.tally.answered == {200: others.tally.sent}
    assert others.tally.quantile(0.99) < PING_LIMIT_S


@pytest.mark.parametrize("seconds", [1.0, pytest.param(30.0, marks=pytest.mark.soak)])
def test_slow_readers_of_large_answers_hold_nobody_up(start, seconds):
    container = start()
    large = post(as_json(accounts(10_000)))

    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(begin_to_read(container.port, large)) for _ in range(10)]
        beside = Load(container.port, [PING, one_row()], pause_s=0.01)
        with under_load(beside):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(0.1)
                assert all(reader.recv(100) for reader in slow)

    assert not beside.tally.lost
    assert beside.tally.answered == {200: beside.tally.sent}
    assert beside.tally.longest() < PING_LIMIT_S
    assert Load(container.port, [large]).run(count=1).answered == {200: 1}


def begin_to_read(port, request):
    """Ask for a large answer and take no more than its beginning; asks again while refused."""
    while True:
        client = connect(port, receive_buffer=4096)
        client.sendall(request)
        if client.recv(12) == b"HTTP/1.1 200":
            return client
        client.close()
        time.sleep(0.1)


@pytest.mark.parametrize(
    "seconds", [1, pytest.param(60, marks=pytest.mark.soak)], ids=["1 s", "60 s"]
)
def test_sustained_load_is_answered_with_200_alone(start, say, seconds):
    container = start(SCORECARD_WORKERS="2")
    load = Load(container.port, [one_row(), PING], clients=4)

    tally = load.run(seconds=seconds)

    say(f"{tally.sent / seconds:.0f} requests per second, p99 {tally.quantile(0.99) * 1e3:.1f} ms")
    assert tally.answered == {200: tally.sent}
    assert tally.connections == 4
