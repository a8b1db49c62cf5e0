"""Keys that follow each other under load, and keys that are revoked (G5, row 83)."""

import datetime as dt
import itertools
import json
import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from serving.gateway.keys import issue, revoke, rotate
from tests.gateway.fakes import running_gateway
from tests.load.worker_state import workers_of

pytestmark = pytest.mark.slow


def now():
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def gateway(container, path, tmp_path):
    issue(path, "another", now())
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(path),
        SCORECARD_FAILURE_RATE="10000/second",
        SCORECARD_GATEWAY_WORKERS="2",
        SCORECARD_GATEWAY_THREADS="100",
    ) as running:
        yield running


@contextmanager
def callers_with(gateway, key, statuses, threads=4):
    """Callers who ask without a pause, with whatever key is the newest."""
    done = threading.Event()

    def ask():
        while not done.is_set():
            statuses.append(gateway.send(x_api_key=key[-1].secret).status)

    asking = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in asking:
        thread.start()
    yield
    done.set()
    for thread in asking:
        thread.join()


def refusals_while_rotating(gateway, path, rotations):
    keys = [issue(path, "a", now())]
    statuses = []
    with callers_with(gateway, keys, statuses):
        for _ in range(rotations):
            # Used at once, by callers on all workers.
            keys.append(rotate(path, keys[-1].key_id, now(), overlap=dt.timedelta(seconds=5)))
            asked = len(statuses)
            while len(statuses) < asked + 20:
                time.sleep(0.005)
    assert len(statuses) >= 20 * rotations
    return [status for status in statuses if status != 200]


def test_row_83_ten_rotations_under_load_refuse_nobody(gateway, path):
    assert refusals_while_rotating(gateway, path, 10) == []


@pytest.mark.soak
def test_row_83_a_hundred_rotations_under_load_refuse_nobody(gateway, path):
    assert refusals_while_rotating(gateway, path, 100) == []


def test_g5_a_revoked_key_is_refused_by_every_worker_within_five_seconds(gateway, path):
    keys = [issue(path, "a", now())]
    statuses = []

    with callers_with(gateway, keys, statuses):
        while statuses.count(200) < 50:
            time.sleep(0.01)
        revoke(path, keys[0].key_id, now())
        time.sleep(5)
        seen = len(statuses)
        while len(statuses) < seen + 100:
            time.sleep(0.01)

    # At first some are let in and some not, as workers look after each other; in the end none is.
    assert set(statuses[seen + 4 :]) == {403}
    assert set(statuses) == {200, 403}


def test_a_key_that_ends_stops_opening_at_that_moment_without_a_change_to_the_file(gateway, path):
    key = issue(path, "a", now(), expires_at=now() + dt.timedelta(seconds=2))
    asked_at = time.monotonic()

    for _ in itertools.count():
        if gateway.send(x_api_key=key.secret).status == 403:
            break
        assert time.monotonic() < asked_at + 5

    assert time.monotonic() - asked_at > 1.5
    assert gateway.send(x_api_key=key.secret).status == 403


def statuses_of(gateway, key, count):
    """Ask all at once, with a body that is too long for a worker's loop, so in threads."""
    statuses = []
    start = threading.Barrier(count)

    def ask():
        start.wait()
        statuses.append(gateway.send(x_api_key=key.secret, body=b" " * 5000).status)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(statuses)


def wait_for_new_workers(gateway, old):
    deadline = time.monotonic() + 20
    while len(new := workers_of(gateway.process.pid)) < len(old) or set(new) & set(old):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def add_keys(path, count):
    """Make the file so long that others come while one reads it."""
    document = json.loads(path.read_text())
    entry = document["keys"][0]
    document["keys"] += [{**entry, "key_id": f"{number:08d}"} for number in range(count)]
    path.write_text(json.dumps(document))


def test_row_83_after_a_silence_a_revoked_key_opens_to_none_of_forty_at_once(gateway, path):
    key = issue(path, "a", now())
    assert gateway.send(x_api_key=key.secret).status == 200
    add_keys(path, 1000)
    revoke(path, key.key_id, now())
    time.sleep(5)
    workers = workers_of(gateway.process.pid)

    assert statuses_of(gateway, key, 40) == {403}

    gateway.process.send_signal(signal.SIGHUP)
    wait_for_new_workers(gateway, workers)
    assert statuses_of(gateway, key, 40) == {403}


def test_a_worker_that_replaces_a_dead_one_knows_the_keys_of_a_file_that_broke_since(gateway, path):
    revoked, kept = issue(path, "a", now()), issue(path, "b", now())
    assert statuses_of(gateway, revoked, 4) == {200}
    revoke(path, revoked.key_id, now())
    issued = issue(path, "c", now())
    time.sleep(1)
    assert statuses_of(gateway, issued, 4) == {200}
    path.write_text("{")
    workers = workers_of(gateway.process.pid)

    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    wait_for_new_workers(gateway, workers)

    assert statuses_of(gateway, revoked, 40) == {403}
    assert statuses_of(gateway, kept, 4) == {200}
    assert statuses_of(gateway, issued, 4) == {200}
