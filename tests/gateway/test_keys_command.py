"""`scorecard keys`, as people type it."""

import json
import stat
import time

import click
import pytest
from click.testing import CliRunner

from serving.commands import add_commands
from serving.gateway.issuers import read_issuers
from serving.gateway.keyring import KeyRing
from serving.gateway.keys import list_keys, pepper_beside, read_pepper
from serving.gateway.tokens import Tokens


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def keys(path):
    root = click.Group()
    add_commands(root)

    def run(*arguments, file=path):
        options = ["--keys", str(file)] if file else []
        return CliRunner().invoke(root, ["keys", *arguments, *options])

    return run


def opens(path, secret):
    return KeyRing(list_keys(path), read_pepper(pepper_beside(path))).find(secret.encode())


def test_a_key_is_issued_with_all_its_limits_and_printed_alone(keys, path):
    given = ["--expires", "90d", "--scope", "score:invoke", "--endpoint", "a", "--endpoint", "b"]

    done = keys("issue", "einstein", *given, "--rate", "10/second", "--quota", "1000/day")

    assert done.exit_code == 0
    record = opens(path, done.stdout.strip())
    assert (record.expires_at - record.created_at).days == 90
    assert record.grants.endpoints == ("a", "b")
    assert (record.grants.rate, record.grants.quota) == ("10/second", "1000/day")
    assert done.stdout.strip() not in done.stderr


def test_a_key_that_begins_later_lasts_from_then_on(keys, path):
    assert keys("issue", "a", "--not-before", "2999-01-01", "--expires", "1h").exit_code == 0

    (record,) = list_keys(path)
    assert record.not_before.isoformat() == "2999-01-01T00:00:00+00:00"
    assert record.expires_at.isoformat() == "2999-01-01T01:00:00+00:00"


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--expires", "soon", "write 7d"),
        ("--expires", "0d", "write 7d"),
        ("--not-before", "tomorrow", "write 2026-12-01"),
        ("--rate", "10", "10/second"),
        ("--rate", "99999/second", "up to 10000"),
        ("--quota", "many", "10/second"),
        ("--scope", "all", "scopes may hold"),
        ("--endpoint", "a/b", "endpoint's name"),
    ],
)
def test_a_mistyped_limit_is_explained_and_no_key_is_issued(keys, path, option, value, says):
    done = keys("issue", "a", option, value)

    assert done.exit_code == 2
    assert option in done.stderr
    assert says in done.stderr
    assert not path.exists()


def test_a_list_tells_what_keys_open_and_never_a_digest(keys, path):
    keys("issue", "a", "--rate", "10/second")
    keys("issue", "b", "--not-before", "2999-01-01")
    first, second = list_keys(path)
    keys("revoke", first.key_id)

    listed = keys("list", "--json")

    entries = json.loads(listed.stdout)
    assert [entry["state"] for entry in entries] == ["revoked", "not yet valid"]
    assert entries[0]["rate"] == "10/second"
    assert first.digest not in listed.stdout + keys("list").stdout
    assert f"{second.key_id}  " in keys("list").stdout
    assert "score:invoke rate=10/second  a" in keys("list").stdout


def test_rotation_prints_the_new_key_and_when_the_old_one_ends(keys, path):
    old = keys("issue", "a", "--quota", "5/day").stdout.strip()
    key_id = list_keys(path)[0].key_id

    done = keys("rotate", key_id, "--overlap", "7d")

    assert done.exit_code == 0
    assert opens(path, done.stdout.strip()).grants == opens(path, old).grants
    ends = opens(path, old).expires_at
    assert f"key {key_id} ends {ends.isoformat(timespec='seconds')}" in done.stderr


def test_keys_can_be_made_for_a_pepper_that_lies_elsewhere(keys, path, tmp_path):
    pepper = tmp_path / "elsewhere"

    first = keys("issue", "a", "--pepper", str(pepper))
    key_id = list_keys(path)[0].key_id
    second = keys("rotate", key_id, "--pepper", str(pepper))

    ring = KeyRing(list_keys(path), read_pepper(pepper))
    assert ring.find(first.stdout.strip().encode())
    assert ring.find(second.stdout.strip().encode())
    assert not pepper_beside(path).exists()


def test_a_token_of_an_issuer_on_this_machine_opens_what_its_own_issuers_file_describes(
    keys, tmp_path
):
    folder = tmp_path / "issuer"

    printed = [
        keys("jwt", str(folder), "--sub", sub, file=None).stdout.strip() for sub in ("me", "you")
    ]

    tokens = Tokens(read_issuers(folder / "issuers.json", time.monotonic), frozenset)
    callers = [tokens.verify(token.encode()) for token in printed]
    assert [caller.id.partition("|")[2] for caller in callers] == ["me", "you"]
    assert callers[0].scopes == {"score:invoke"}
    assert stat.S_IMODE((folder / "private-key.pem").stat().st_mode) == 0o600


def test_a_token_that_no_gateway_would_take_is_not_made(keys, tmp_path):
    folder = str(tmp_path / "issuer")
    assert keys("jwt", folder, file=None).exit_code == 0

    for option, value, says in [
        ("--audience", "other", "another issuer or audience"),
        ("--issuer", "https://other", "another issuer or audience"),
        ("--expires", "2h", "at most 3600 seconds"),
        ("--sub", "", "1 to 256 printable characters"),
        ("--sub", "a" * 257, "1 to 256 printable characters"),
        ("--scope", "all", "scopes may hold score:invoke, explain:invoke, model:read"),
    ]:
        done = keys("jwt", folder, option, value, file=None)
        assert done.exit_code == (2 if option == "--scope" else 1)
        assert says in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize("option", ["--issuer", "--audience"])
@pytest.mark.parametrize("value", ["", "a" * 600, "a\n"])
def test_an_issuer_that_no_gateway_would_take_is_not_made(keys, tmp_path, option, value):
    folder = tmp_path / "issuer"

    done = keys("jwt", str(folder), option, value, file=None)

    assert done.exit_code == 1
    assert f"{option[2:]} must be a text of 1 to 512 printable characters" in done.stderr
    assert not folder.exists()


def test_a_key_that_would_end_after_all_dates_is_refused_in_words(keys, path):
    done = keys("issue", "a", "--not-before", "9999-12-31", "--expires", "90d")

    assert done.exit_code == 1
    assert "after the year 9999" in done.stderr
    assert not path.exists()


def test_rotation_tells_when_the_new_key_ends_which_may_be_soon(keys, path):
    keys("issue", "a")
    key_id = list_keys(path)[0].key_id

    first = keys("rotate", key_id, "--overlap", "7d")
    second = keys("rotate", key_id, "--overlap", "7d")

    _, endless, soon = list_keys(path)
    assert f"key {endless.key_id} has no end" in first.stderr
    ends = soon.expires_at.isoformat(timespec="seconds")
    assert f"key {soon.key_id} ends {ends}" in second.stderr
