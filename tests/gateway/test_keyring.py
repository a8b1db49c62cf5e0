import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.gateway.keyring import KeyRefused, KeyRing, WatchedKeys
from serving.gateway.keys import (
    KeysError,
    issue,
    list_keys,
    pepper_beside,
    read_pepper,
    revoke,
)
from serving.gateway.watched import LOOK_EVERY_S
from tests.gateway.fakes import NOON


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def pass_a_look(self):
        self.now += LOOK_EVERY_S


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def watched(path, clock):
    return WatchedKeys(path, pepper_beside(path), clock)


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (lambda _: b"not a key", "mistyped key"),
        (lambda secret: secret[:-1], "mistyped key"),
        (lambda secret: secret + b"A", "mistyped key"),
        (lambda secret: secret + b"," + secret, "mistyped key"),
        (lambda secret: b" " + secret, "mistyped key"),
        (lambda secret: secret.swapcase(), "mistyped key"),
        (lambda _: b"\xff" * 60, "mistyped key"),
        (lambda _: "ключ".encode(), "mistyped key"),
        (lambda _: b"x" * 5_000_000, "mistyped key"),
    ],
)
def test_what_is_not_exactly_the_key_opens_nothing(path, clock, present, reason):
    secret = issue(path, "a", NOON).secret.encode()

    with pytest.raises(KeyRefused) as refused:
        watched(path, clock).find(present(secret))

    assert str(refused.value) == reason


def test_a_key_of_another_gateway_is_unknown(path, clock, tmp_path):
    issue(path, "a", NOON)
    foreign = issue(tmp_path / "other.json", "a", NOON)

    with pytest.raises(KeyRefused, match="unknown key"):
        watched(path, clock).find(foreign.secret.encode())


@given(presented=st.binary(max_size=100))
def test_nothing_that_is_presented_breaks_the_search(presented):
    with pytest.raises(KeyRefused):
        KeyRing((), b"pepper").find(presented)


def test_the_file_is_looked_at_once_a_second_and_no_more(path, clock):
    key = issue(path, "a", NOON)
    keys = watched(path, clock)
    clock.pass_a_look()
    assert keys.find(key.secret.encode())

    revoke(path, key.key_id, NOON)
    assert keys.find(key.secret.encode())
    clock.pass_a_look()
    with pytest.raises(KeyRefused, match="revoked key"):
        keys.find(key.secret.encode())


def test_a_new_key_opens_at_the_next_look(path, clock):
    issue(path, "a", NOON)
    keys = watched(path, clock)
    new = issue(path, "b", NOON)

    clock.pass_a_look()

    assert keys.find(new.secret.encode()).name == "b"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_text("{"), "broken"),
        (lambda path: path.unlink(), "gone"),
        (lambda path: pepper_beside(path).unlink(), "without pepper"),
        (lambda path: pepper_beside(path).chmod(0o644), "pepper open to others"),
    ],
)
def test_a_bad_file_leaves_the_last_good_keys_and_one_error_in_the_log(
    path, clock, caplog, spoil, why
):
    key = issue(path, "a", NOON)
    keys = watched(path, clock)

    spoil(path)
    for _ in range(3):
        clock.pass_a_look()
        assert keys.find(key.secret.encode()), why

    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "keeping the last good ones" in error.getMessage()


def test_a_mended_file_counts_again(path, clock):
    key = issue(path, "a", NOON)
    keys = watched(path, clock)
    good = path.read_text()
    path.write_text("{")
    clock.pass_a_look()
    assert keys.find(key.secret.encode())

    path.write_text(good)
    revoke(path, key.key_id, NOON)
    clock.pass_a_look()

    with pytest.raises(KeyRefused):
        keys.find(key.secret.encode())


def test_a_file_that_is_emptied_at_run_time_lets_nobody_in(path, clock):
    key = issue(path, "a", NOON)
    keys = watched(path, clock)

    path.write_text('{"schema": 1, "keys": []}')
    clock.pass_a_look()

    with pytest.raises(KeyRefused):
        keys.find(key.secret.encode())


def test_without_a_key_in_the_file_there_is_nothing_to_watch(path, clock):
    issue(path, "a", NOON)
    path.write_text('{"schema": 1, "keys": []}')

    with pytest.raises(KeysError, match="holds no key"):
        watched(path, clock)


def test_every_key_that_opens_nothing_costs_one_digest(path, monkeypatch):
    key = issue(path, "a", NOON)
    revoked = issue(path, "b", NOON)
    revoke(path, revoked.key_id, NOON)
    ring = KeyRing(list_keys(path), read_pepper(pepper_beside(path)))
    lengths = []
    real = __import__("hmac").digest
    monkeypatch.setattr(
        "serving.gateway.secret.hmac.digest",
        lambda pepper, text, name: lengths.append(len(text)) or real(pepper, text, name),
    )

    for presented in [b"", b"x" * 5_000_000, key.secret[:-1].encode(), revoked.secret.encode()]:
        with pytest.raises(KeyRefused):
            ring.find(presented)

    assert len(lengths) == 4
    assert max(lengths) <= 61


def test_a_key_revoked_while_the_file_could_not_be_read_once_is_refused_after_all(
    path, clock, monkeypatch
):
    key = issue(path, "a", NOON)
    keys = watched(path, clock)
    revoke(path, key.key_id, NOON)

    def too_many_open_files(_path):
        raise KeysError("keys.json: Too many open files")

    with monkeypatch.context() as failing:
        failing.setattr("serving.gateway.keyring.list_keys", too_many_open_files)
        clock.pass_a_look()
        keys.find(key.secret.encode())
    clock.pass_a_look()

    with pytest.raises(KeyRefused, match="revoked key"):
        keys.find(key.secret.encode())
