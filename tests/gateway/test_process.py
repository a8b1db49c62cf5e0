"""The process as a whole: stopping, reloading, what it leaves behind."""

import signal
import threading
import time

import pytest

from serving.gateway.keys import issue, revoke
from tests.gateway.fakes import NOON, Reply, running_gateway


@pytest.fixture
def own_keys(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def own_gateway(container, own_keys, tmp_path):
    issue(own_keys, "another", NOON)
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(own_keys),
        SCORECARD_GATEWAY_WORKERS="1",
        HOME=str(tmp_path),
    ) as gateway:
        yield gateway


def test_what_was_accepted_is_answered_after_sigterm(own_gateway, own_keys, container, tmp_path):
    key = issue(own_keys, "a", NOON)
    time.sleep(1.1)
    # One thread reads the keys again and the others go on with the old ones: let this be it.
    assert own_gateway.send(x_api_key=key.secret).status == 200
    container.reply = Reply(delay_s=0.8)
    statuses = []
    callers = [
        threading.Thread(
            target=lambda: statuses.append(own_gateway.send(x_api_key=key.secret).status)
        )
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    deadline = time.monotonic() + 10
    while len(container.invocations) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    own_gateway.process.send_signal(signal.SIGTERM)
    for caller in callers:
        caller.join()

    assert statuses == [200] * 4
    assert own_gateway.process.wait(10) == 0
    left = {path.name for path in tmp_path.iterdir() if path != own_gateway.log_file}
    assert left == {"keys.json", "keys.json.lock", "keys.json.pepper"}


def test_a_reload_brings_no_revoked_key_back(own_gateway, own_keys):
    key = issue(own_keys, "a", NOON)
    revoke(own_keys, key.key_id, NOON)

    own_gateway.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while sum(line["event"].startswith("Booting") for line in own_gateway.log()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert own_gateway.send(x_api_key=key.secret).status == 403
