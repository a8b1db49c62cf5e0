"""Limits that all workers count together, in a real Redis, and what happens while it is away."""

import collections
import contextlib
import http.client
import threading
import time

import pytest

from serving.gateway.grants import Grants
from serving.gateway.keys import issue
from tests.gateway.fakes import NOON, running_gateway
from tests.gateway.redis_server import PASSWORD, running_redis
from tests.processes import call, free_port

WORKERS = 2
FAILURES = "scorecard_limits_storage_failures_total"


@pytest.fixture
def redis(tmp_path):
    with running_redis(tmp_path) as server:
        yield server


@contextlib.contextmanager
def gateway_on(container, redis, folder, rate, *, workers=WORKERS, **settings):
    """Start a gateway that counts in Redis; gives it, a key with a rate, and its metrics' port."""
    key = issue(folder / "keys.json", "a", NOON, grants=Grants(rate=rate))
    metrics_port = free_port()
    with running_gateway(
        folder,
        SCORECARD_UPSTREAM=container.url,
        SCORECARD_KEYS_FILE=str(folder / "keys.json"),
        SCORECARD_LIMITS_STORAGE=redis.uri,
        SCORECARD_GATEWAY_METRICS_PORT=str(metrics_port),
        SCORECARD_GATEWAY_WORKERS=str(workers),
        **settings,
    ) as gateway:
        yield gateway, key.secret, metrics_port


def statuses_of(gateway, secret, count):
    """Ask so often, each time on a connection of its own, so that all workers are met."""
    return collections.Counter(gateway.send(x_api_key=secret).status for _ in range(count))


def failures_in(port):
    text = call(port, "GET", "/metrics").body.decode()
    return next(
        float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{FAILURES} ")
    )


def errors_in(gateway):
    return [line for line in gateway.log() if line["level"] == "error"]


def test_two_workers_share_one_rate_in_redis(container, redis, tmp_path):
    with gateway_on(container, redis, tmp_path, "20/hour") as (gateway, secret, metrics_port):
        found = statuses_of(gateway, secret, 60)
        failures = failures_in(metrics_port)

    assert found == {200: 20, 429: 40}
    assert failures == 0
    assert not errors_in(gateway)


@pytest.mark.slow
def test_one_key_s_rate_is_shared_by_gateways_and_a_quota_too(container, redis, tmp_path):
    (tmp_path / "other").mkdir()
    with (
        gateway_on(container, redis, tmp_path, "500/hour", SCORECARD_QUOTA="30/day") as first,
        running_gateway(
            tmp_path / "other",
            SCORECARD_UPSTREAM=container.url,
            SCORECARD_KEYS_FILE=str(tmp_path / "keys.json"),
            SCORECARD_LIMITS_STORAGE=redis.uri,
            SCORECARD_QUOTA="30/day",
        ) as second,
    ):
        found = sum(
            (statuses_of(each, first[1], 25) for each in (first[0], second)),
            start=collections.Counter(),
        )

    assert found == {200: 30, 429: 20}


@pytest.mark.parametrize("how", ["stop", pytest.param("hang", marks=pytest.mark.slow)])
def test_while_redis_is_away_a_worker_counts_for_itself_quickly_and_says_so(
    container, redis, tmp_path, how
):
    with gateway_on(container, redis, tmp_path, "20/hour", workers=1) as (gateway, secret, port):
        before = statuses_of(gateway, secret, 5)
        getattr(redis, how)()
        started = time.monotonic()
        during = statuses_of(gateway, secret, 60)
        took = time.monotonic() - started
        failures, errors = failures_in(port), errors_in(gateway)
        if how == "hang":
            redis.go_on()

    assert before == {200: 5}
    # Nobody is shut out for it, and the rate goes on: anew, in the worker itself.
    assert during == {200: 20, 429: 40}
    assert took < 5
    assert failures >= 1
    assert len(errors) == failures
    assert all("limits are counted per process" in line["event"] for line in errors)
    assert PASSWORD not in gateway.log_file.read_text()


@pytest.mark.slow
def test_when_redis_is_back_it_counts_again(container, redis, tmp_path):
    with gateway_on(container, redis, tmp_path, "20/hour", workers=1) as (gateway, secret, _):
        assert statuses_of(gateway, secret, 5) == {200: 5}
        redis.stop()
        assert statuses_of(gateway, secret, 3) == {200: 3}
        redis.start()  # empty, as after any restart without a disk
        time.sleep(5.1)
        after = statuses_of(gateway, secret, 30)
        (tmp_path / "again").mkdir()
        with running_gateway(
            tmp_path / "again",
            SCORECARD_UPSTREAM=container.url,
            SCORECARD_KEYS_FILE=str(tmp_path / "keys.json"),
            SCORECARD_LIMITS_STORAGE=redis.uri,
        ) as other:
            elsewhere = statuses_of(other, secret, 3)

    assert after == {200: 20, 429: 10}
    # It is Redis that has counted: another gateway knows of it.
    assert elsewhere == {429: 3}


@pytest.mark.soak
def test_row_89_ten_a_second_for_a_minute_are_600_over_all_workers(container, redis, tmp_path):
    accepted = []

    def ask(gateway, secret, until):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        while time.monotonic() < until:
            headers = {"x-api-key": secret}
            connection.request("POST", "/default/invocations", b"{}", headers)
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                accepted.append(time.monotonic())
            time.sleep(0.002)
        connection.close()

    with gateway_on(container, redis, tmp_path, "10/second") as (gateway, secret, port):
        until = time.monotonic() + 60
        askers = [threading.Thread(target=ask, args=(gateway, secret, until)) for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        failures = failures_in(port)

    print(f"{len(accepted)} accepted in a minute, {failures:.0f} failures")  # noqa: T201
    assert 590 <= len(accepted) <= 610
    assert failures == 0
