"""Keys that follow each other under load, and keys that are revoked (G5, row 83)."""

import datetime as dt
import itertools
import threading
import time
from contextlib import contextmanager

import pytest

from serving.gateway.keys import issue, revoke, rotate
from tests.gateway.fakes import running_gateway

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
