"""Row 28 with the program itself: slowhttptest's 200 connections keep nobody from the gateway."""

import re
import shutil
import statistics
import subprocess
import threading
import time

import pytest

from tests.gateway.fakes import Reply, running_gateway

pytestmark = pytest.mark.soak

CONNECTIONS, SECONDS = 200, 30
PING_LIMIT_S = 0.2
#: What slowhttptest is told; the rest is the same for all.
ATTACKS = {
    "slow headers": ["-H", "-i", "2", "-x", "24"],
    "slow bodies": ["-B", "-i", "2", "-s", "8192", "-x", "10"],
    "slow reads": ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"],
}


@pytest.fixture
def gateway(container, keys, tmp_path):
    container.reply = Reply(body=b"x" * 50_000)
    with running_gateway(
        tmp_path,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_FAILURE_RATE="10000/second",
    ) as running:
        yield running


@pytest.mark.parametrize("attack", ATTACKS)
def test_row_28_slowhttptest_finds_the_service_available(gateway, keys, attack):
    if shutil.which("slowhttptest") is None:
        pytest.skip("there is no slowhttptest; apt-get install slowhttptest")
    pings, statuses = [], []
    over = threading.Event()

    def ask():
        while not over.wait(0.05):
            started = time.monotonic()
            status = gateway.send("GET", "/ping", None).status
            pings.append((status, time.monotonic() - started))
            statuses.append(gateway.send(x_api_key=keys.key.secret).status)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        done = subprocess.run(
            [
                "slowhttptest", *ATTACKS[attack],
                "-c", str(CONNECTIONS), "-r", "100", "-l", str(SECONDS), "-p", "3",
                "-u", f"http://127.0.0.1:{gateway.port}/default/invocations",
            ],
            check=False, capture_output=True, text=True, timeout=SECONDS + 60,
        )  # fmt: skip
    finally:
        over.set()
        asking.join()

    took = sorted(seconds for _, seconds in pings)
    print(  # noqa: T201
        f"{attack}: {len(pings)} pings, median {statistics.median(took) * 1e3:.0f} ms, p99 "
        f"{took[int(len(took) * 0.99)] * 1e3:.0f} ms, slowest {took[-1] * 1e3:.0f} ms"
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert set(re.findall(r"service available: +(\w+)", said)) == {"YES"}, said
    # Seen by the program itself: all of them were open, or were closed on it.
    assert most_at_once(said) >= CONNECTIONS * 0.9
    assert {status for status, _ in pings} == {200}
    assert took[int(len(took) * 0.99)] < PING_LIMIT_S
    assert set(statuses) == {200}


def most_at_once(said):
    """Give the largest sum of connections the program reports at one moment."""
    moments = said.split("slow HTTP test status")[1:]
    return max(
        sum(int(count) for count in re.findall(r"(?:connected|closed): +(\d+)", moment))
        for moment in moments
    )
