"""An issuer's public keys: fetched in the background, kept through an outage (G25, row 86)."""

import json
import logging
import os
import threading
import time

import pytest

from serving.gateway import jwks
from serving.gateway.jwks import COOL_DOWN_S, LIFE_S, MAX_AGE_S, FetchedKeys, FileKeys, read_jwks
from serving.gateway.jwks_fetch import MAX_BYTES, FetchFailed, fetch
from serving.gateway.signatures import KeyUnusable, new_key_pair
from serving.gateway.watched import LOOK_EVERY_S
from tests.gateway.issuing import key_server


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def key_set(*names):
    return json.dumps({"keys": [new_key_pair(name)[1] for name in names]}).encode()


@pytest.fixture
def served():
    with key_server(key_set("a")) as (server, uri):
        yield server, uri


@pytest.fixture
def clock():
    return Clock()


def fetched(uri, clock):
    return FetchedKeys(uri, ["ES256"], "issuer", clock)


def test_keys_are_there_before_the_first_token(served, clock):
    _, uri = served

    assert fetched(uri, clock).find("a").algorithms == ("ES256",)


def test_a_key_that_is_new_is_found_after_the_next_fetch_and_one_that_is_gone_is_not(served, clock):
    server, uri = served
    keys = fetched(uri, clock)
    server.text = key_set("b")

    assert keys.find("b") is None
    clock.now += COOL_DOWN_S
    keys.refresh()

    assert keys.find("b")
    assert keys.find("a") is None


def test_g25_through_an_outage_the_last_keys_count_for_a_day_and_no_longer(served, clock, caplog):
    server, uri = served
    keys = fetched(uri, clock)

    for status, text in [(503, b""), (200, b"{"), (200, b'{"keys": []}'), (302, b"")]:
        server.status, server.text = status, text
        clock.now += LIFE_S
        keys.refresh()
        assert keys.find("a")
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 4
    clock.now = 1000.0 + MAX_AGE_S
    assert keys.find("a")
    clock.now += 1
    assert keys.find("a") is None


def test_an_issuer_that_is_away_at_the_start_is_asked_again(served, clock):
    server, uri = served
    server.status = 500
    keys = fetched(uri, clock)
    assert keys.find("a") is None

    server.status = 200
    clock.now += COOL_DOWN_S
    keys.refresh()

    assert keys.find("a")


def test_unknown_keys_make_nobody_fetch_more_often_than_twice_a_minute(served, clock):
    server, uri = served
    keys = fetched(uri, clock)
    asked = len(server.asked_at)

    for number in range(10_000):
        clock.now += 60 / 10_000
        assert keys.find(f"unknown {number}") is None
        if number % 10 == 0:
            keys.refresh()

    assert 1 <= len(server.asked_at) - asked <= 2


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_one_worker_fetches_another_takes_over_also_one_that_is_made_later(served, clock):
    server, uri = served
    keys = fetched(uri, clock)
    server.text = key_set("b")
    clock.now += LIFE_S
    asked = len(server.asked_at)

    # Two processes after each other, made from the one that has the old keys.
    for _ in range(2):
        child = os.fork()
        if child == 0:
            keys.refresh()
            os._exit(0 if keys.find("b") and not keys.find("a") else 1)
        assert os.waitpid(child, 0)[1] == 0

    assert len(server.asked_at) - asked == 1


def test_a_worker_that_dies_while_it_writes_leaves_nothing_that_another_would_trust(served, clock):
    server, uri = served
    keys = fetched(uri, clock)
    os.pwrite(keys._slot._number, b"xx", 60)
    keys._found = jwks._Fetched({}, float("-inf"))

    clock.now += COOL_DOWN_S
    keys.refresh()

    assert keys.find("a")
    assert len(server.asked_at) == 2


def test_row_86_while_an_issuer_hangs_its_tokens_are_checked_at_once(served, monkeypatch):
    monkeypatch.setattr("serving.gateway.jwks_fetch.TIMEOUT_S", 1.0)
    server, uri = served
    keys = FetchedKeys(uri, ["ES256"], "issuer")
    server.delay_s = 60
    hanging = threading.Thread(target=keys.refresh)
    keys._slot.write(jwks.EMPTY)  # the cool-down is over
    hanging.start()
    time.sleep(0.2)
    assert hanging.is_alive()

    slowest = 0.0
    for _ in range(1000):
        started = time.perf_counter()
        assert keys.find("a")
        assert keys.find("unknown") is None
        slowest = max(slowest, time.perf_counter() - started)

    assert slowest < 0.05
    hanging.join(5)
    assert not hanging.is_alive()
    assert keys.find("a")


def test_the_thread_of_a_worker_fetches_what_a_token_asks_for(served, monkeypatch):
    monkeypatch.setattr(jwks, "COOL_DOWN_S", 0.1)
    server, uri = served
    keys = FetchedKeys(uri, ["ES256"], "issuer")
    keys.start()
    server.text = key_set("b")

    deadline = time.monotonic() + 5
    while not keys.find("b"):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    keys.stop()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({"status": 404}, "not found"),
        ({"status": 301, "headers": {"Location": "http://127.0.0.1:1/"}}, "a redirect"),
        ({"text": b"x" * (MAX_BYTES + 1)}, "too large"),
        ({"text": b"{}", "headers": {"Content-Encoding": "gzip"}}, "compressed"),
        ({"text": b"{}", "headers": {"Content-Length": "200"}}, "cut off"),
        ({"text": b"{}" * 500, "drip_s": 0.02}, "drips"),
    ],
)
def test_an_answer_that_is_not_plain_is_no_answer(served, monkeypatch, spoil, why):
    server, uri = served
    for name, value in spoil.items():
        setattr(server, name, value)
    monkeypatch.setattr("serving.gateway.jwks_fetch.TIMEOUT_S", 0.5)
    started = time.monotonic()

    with pytest.raises(FetchFailed):
        fetch(uri)

    assert time.monotonic() - started < 2, why


def test_no_proxy_of_the_environment_hears_of_it(served, monkeypatch):
    server, uri = served
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert fetch(uri) == server.text


PUBLIC = new_key_pair("a")[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "it is not"),
        (b"[]", "it is not"),
        (b'{"keys": 7}', "no key"),
        (b'{"keys": [7]}', "no kid"),
        (json.dumps({"keys": [{**PUBLIC, "kid": 7}]}), "no kid"),
        (json.dumps({"keys": [{**PUBLIC, "d": "AAAA"}]}), "private part"),
        (json.dumps({"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}), "private part"),
        (json.dumps({"keys": [{**PUBLIC, "use": "enc"}]}), "not for signatures"),
        (json.dumps({"keys": [{**PUBLIC, "alg": "ES384"}]}), "none of the issuer's"),
        (json.dumps({"keys": [{**PUBLIC, "crv": "P-384"}]}), "none of the issuer's"),
        (json.dumps({"keys": [{**PUBLIC, "kty": ["EC"]}]}), "none of the issuer's"),
        (json.dumps({"keys": [{**PUBLIC, "x": "AAAA"}]}), "broken"),
        (json.dumps({"keys": [{**PUBLIC, "x": 7}]}), "broken"),
    ],
)
def test_keys_that_must_not_be_used_are_named(text, says):
    with pytest.raises(KeyUnusable, match=says):
        read_jwks(text, ["ES256"])


def test_a_key_that_cannot_be_used_does_not_spoil_the_others():
    assert set(read_jwks(json.dumps({"keys": [{}, {**PUBLIC, "use": "sig"}]}), ["ES256"])) == {"a"}


def test_keys_in_a_file_are_read_again_and_a_bad_file_keeps_the_last_good_ones(tmp_path, clock):
    path = tmp_path / "jwks.json"
    path.write_bytes(key_set("a"))
    keys = FileKeys(path, ["ES256"], clock)

    for text in (b"{", key_set("b")):
        assert keys.find("a")
        path.write_bytes(text)
        clock.now += LOOK_EVERY_S

    assert keys.find("b")
    assert keys.find("a") is None
