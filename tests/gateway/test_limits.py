"""How often callers may ask and addresses may fail (G10, G11, rows 88 and 89)."""

import contextlib
import logging
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import parse

from serving.gateway.admission import Admission
from serving.gateway.callers import Caller, Callers
from serving.gateway.counting import InProcess, StorageUri, storage_uri
from serving.gateway.grants import INVOKE, frequency, rate
from serving.gateway.keyring import KeyRing
from serving.gateway.keys import issue, list_keys, pepper_beside, read_pepper
from serving.gateway.limits import STORAGE_REST_S, Limiter, network
from serving.gateway.refusals import FORBIDDEN, Refused
from serving.web.requests import Record
from tests.gateway.fakes import NOON

MEMORY = StorageUri("memory://")


def caller(name="a", **limits):
    return Caller(name, "key", frozenset({INVOKE}), None, **{"rate": None, "quota": None} | limits)


def let_in(limiter, who, times):
    """How many of so many requests are let in, and the last refusal."""
    accepted, refusal = 0, None
    for _ in range(times):
        try:
            limiter.check(who)
            accepted += 1
        except Refused as error:
            refusal = error.refusal
    return accepted, refusal


def test_g10_above_its_rate_a_caller_is_told_to_wait_and_the_window_moves_on():
    limiter = Limiter(MEMORY)

    accepted, refusal = let_in(limiter, caller(rate="5/second"), 20)
    time.sleep(1.05)
    later, _ = let_in(limiter, caller(rate="5/second"), 5)

    assert (accepted, later) == (5, 5)
    assert refusal.status == 429
    assert refusal.body == b'{"message":"Too Many Requests"}'
    assert refusal.error_type == "TooManyRequestsException"
    assert refusal.headers == {"Retry-After": "1"}


def test_g11_a_quota_that_is_used_up_says_so_and_when_there_is_more():
    accepted, refusal = let_in(Limiter(MEMORY), caller(quota="7/hour"), 20)

    assert accepted == 7
    assert refusal.body == b'{"message":"Limit Exceeded"}'
    assert refusal.error_type == "LimitExceededException"
    assert 3590 <= int(refusal.headers["Retry-After"]) <= 3600


def test_what_the_rate_refuses_is_not_taken_from_the_quota():
    limiter = Limiter(MEMORY)
    who = caller(rate="2/second", quota="4/hour")

    assert let_in(limiter, who, 50)[0] == 2
    time.sleep(1.05)
    assert let_in(limiter, who, 50)[0] == 2


def test_callers_are_counted_each_for_themselves_and_their_own_limits_come_first():
    limiter = Limiter(MEMORY, rate="3/minute", quota="2/day")

    assert let_in(limiter, caller("a"), 9)[0] == 2
    assert let_in(limiter, caller("b", quota="9/day"), 9)[0] == 3
    assert let_in(limiter, caller("c", rate="9/minute", quota="5/day"), 9)[0] == 5


def test_without_limits_nobody_is_counted():
    assert let_in(Limiter(MEMORY), caller(), 1000)[0] == 1000


def hammer(limiter, who, seconds, threads=4):
    accepted = []

    def ask():
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(Refused):
                limiter.check(who)
                accepted.append(time.monotonic())
            time.sleep(0.001)

    askers = [threading.Thread(target=ask) for _ in range(threads)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    return len(accepted)


@pytest.fixture
def impatient_threads():
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("limits", [{"rate": "10/hour"}, {"quota": "10/hour"}], ids=str)
def test_row_89_four_threads_at_once_get_no_more_than_one_would(impatient_threads, limits):
    limiter = Limiter(MEMORY)
    callers = [caller(f"{number}", **limits) for number in range(300)]
    accepted = []

    def ask():
        accepted.extend(let_in(limiter, who, 6)[0] for who in callers)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert sum(accepted) == 10 * len(callers)


@pytest.mark.soak
def test_row_89_ten_a_second_for_a_minute_are_600():
    assert 590 <= hammer(Limiter(MEMORY), caller(rate="10/second"), 60) <= 610


@settings(deadline=None)
@given(
    amount=st.integers(1, 10_000),
    multiple=st.sampled_from(["", "1", "5", "24"]),
    unit=st.sampled_from(["second", "minute", "hour", "day", "month"]),
)
def test_every_rate_that_is_taken_is_one_of_the_library_s(amount, multiple, unit):
    item = parse(rate(f"{amount}/{multiple}{unit}"))

    assert item.amount == amount
    assert item.multiples == int(multiple or 1)
    assert item.GRANULARITY.name == unit


@pytest.mark.parametrize(
    "text",
    ["", "10", "0/second", "-1/second", "10/fortnight", "1/second;2/day", "1 per day", "1/s"],
)
def test_a_rate_that_is_not_plain_is_refused(text):
    with pytest.raises(ValueError, match="10/second"):
        frequency(text)


def test_a_rate_that_would_fill_the_memory_is_refused_and_a_quota_is_not():
    assert frequency("1000000/day")
    with pytest.raises(ValueError, match="quota"):
        rate("1000000/day")


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "keys.json"
    secret = issue(path, "a", NOON).secret
    return secret, KeyRing(list_keys(path), read_pepper(pepper_beside(path)))


def asked(admission, key, source="192.0.2.1"):
    environ = {"HTTP_X_API_KEY": key, "REMOTE_ADDR": source, "scorecard.record": Record("id")}
    try:
        admission.admit(SimpleNamespace(environ=environ))
    except Refused as error:
        return error.refusal.status
    return 200


def test_row_88_an_address_that_fails_too_often_hears_429_and_good_keys_from_there_still_open(
    key_file,
):
    secret, ring = key_file
    admission = Admission(
        Callers("x-api-key", ring.find, None).authenticate, Limiter(MEMORY, failures="20/minute")
    )

    statuses = [asked(admission, "wrong") for _ in range(50)]

    assert statuses == [403] * 20 + [429] * 30
    assert asked(admission, secret) == 200
    assert asked(admission, "wrong", "192.0.2.2") == 403
    assert asked(admission, "") == FORBIDDEN.status


def test_g26_10_000_wrong_keys_do_not_make_a_good_one_slow(key_file):
    secret, ring = key_file
    admission = Admission(Callers("x-api-key", ring.find, None).authenticate, Limiter(MEMORY))

    def slow_quarter():
        took = []
        for _ in range(2000):
            started = time.thread_time()
            assert asked(admission, secret) == 200
            took.append(time.thread_time() - started)
        return sorted(took)[1500]

    before = slow_quarter()
    for number in range(10_000):
        asked(admission, f"wrong {number}", f"192.0.{number % 256}.{number % 199}")

    assert slow_quarter() < 2 * before + 50e-6


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("x\ny", "unknown"),
    ],
)
def test_one_machine_cannot_pass_for_many(source, counted):
    assert network(source) == counted


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("where", ["127.0.0.1:1/0", "a..b:6379", "127.0.0.1:1?marked=1"])
def test_while_the_storage_is_away_each_process_counts_for_itself(caplog, where):
    pytest.importorskip("redis")
    clock = Clock()
    limiter = Limiter(StorageUri(f"redis://:marked-password@{where}"), clock=clock)

    assert let_in(limiter, caller(rate="5/minute"), 20)[0] == 5
    clock.now += STORAGE_REST_S
    assert let_in(limiter, caller(rate="5/minute"), 20)[0] == 0

    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert "per process" in caplog.text
    assert "marked" not in caplog.text


@pytest.mark.parametrize(
    "text",
    ["redis", "nowhere://x", "async+memory://", "memcached://127.0.0.1:1", "postgres://u:marked@h"],
)
def test_a_storage_that_cannot_be_had_is_refused_and_not_repeated(text):
    with pytest.raises(ValueError, match="memory://") as refused:
        storage_uri(text)

    assert "marked" not in str(refused.value)


def test_a_storage_s_password_is_not_shown():
    assert str(StorageUri("redis://user:marked@host:6379/0")) == "redis://host:6379"
    assert "marked" not in repr(StorageUri("redis://user:marked@host:6379/0"))


def test_counts_of_those_who_left_are_forgotten(monkeypatch):
    counts = InProcess()
    for number in range(1000):
        counts.acquire_entry(f"moving {number}", 5, 10)
        counts.incr(f"fixed {number}", 10)
    later = time.time() + 61
    monkeypatch.setattr("serving.gateway.counting.time.time", lambda: later)

    counts.acquire_entry("moving", 5, 10)

    assert set(counts._moments) == {"moving"}
    assert not counts._counts
