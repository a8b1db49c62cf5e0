import datetime as dt
import json
import os
import stat
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.gateway.keyring import KeyRefused, KeyRing
from serving.gateway.keys import (
    KeysError,
    issue,
    list_keys,
    pepper_beside,
    read_pepper,
    revoke,
)
from tests.gateway.fakes import NOON


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def ring(path):
    return KeyRing(list_keys(path), read_pepper(pepper_beside(path)))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@settings(max_examples=30, deadline=None)
@given(revocations=st.lists(st.booleans(), min_size=1, max_size=5))
def test_a_key_opens_until_it_is_revoked_and_the_file_never_holds_it(tmp_path_factory, revocations):
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    issued = [issue(path, f"caller {n}", NOON) for n in range(len(revocations))]
    for key, is_revoked in zip(issued, revocations, strict=True):
        if is_revoked:
            revoke(path, key.key_id, NOON)

    for key, is_revoked in zip(issued, revocations, strict=True):
        if is_revoked:
            with pytest.raises(KeyRefused, match="revoked key"):
                ring(path).find(key.secret.encode())
        else:
            assert ring(path).find(key.secret.encode()).key_id == key.key_id
        for file in path.parent.iterdir():
            # The key id is public; all that follows it is not.
            assert key.secret[11:].encode() not in file.read_bytes()


def test_what_is_issued_is_listed_oldest_first(path):
    later = NOON + dt.timedelta(days=1)
    first, second = issue(path, "Zoë", NOON), issue(path, "Zoë", later)
    revoke(path, first.key_id, later)

    assert [
        (record.key_id, record.name, record.created_at, record.revoked_at)
        for record in list_keys(path)
    ] == [(first.key_id, "Zoë", NOON, later), (second.key_id, "Zoë", later, None)]


def test_a_secret_shows_in_no_repr(path):
    key = issue(path, "a", NOON)
    (record,) = list_keys(path)

    assert key.secret not in repr(key)
    assert record.digest not in repr(record)


def test_files_and_folder_are_made_for_the_owner_alone(tmp_path):
    path = tmp_path / "new" / "keys.json"

    issue(path, "a", NOON)

    assert {mode(file) for file in path.parent.iterdir()} == {0o600}
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "keys.json",
        "keys.json.lock",
        "keys.json.pepper",
    ]


def test_a_file_that_was_opened_to_the_daemon_s_group_stays_so(path):
    key = issue(path, "a", NOON)
    path.chmod(0o640)

    revoke(path, key.key_id, NOON)

    assert mode(path) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_that_root_changes_still_belongs_to_the_daemon(path):
    key = issue(path, "a", NOON)
    os.chown(path, 1234, 1234)

    revoke(path, key.key_id, NOON)

    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_revoking_again_keeps_the_first_date(path):
    key = issue(path, "a", NOON)

    revoke(path, key.key_id, NOON)
    again = revoke(path, key.key_id, NOON + dt.timedelta(days=1))

    assert again.revoked_at == NOON


def test_a_pepper_can_lie_elsewhere(path, tmp_path):
    pepper = tmp_path / "elsewhere"

    key = issue(path, "a", NOON, pepper_path=pepper)

    assert not pepper_beside(path).exists()
    assert KeyRing(list_keys(path), read_pepper(pepper)).find(key.secret.encode())


def test_keys_of_another_pepper_open_nothing(path, tmp_path):
    key = issue(path, "a", NOON)
    issue(tmp_path / "other.json", "a", NOON)
    stolen = KeyRing(list_keys(path), read_pepper(tmp_path / "other.json.pepper"))

    with pytest.raises(KeyRefused):
        stolen.find(key.secret.encode())


ISSUE_EIGHT = """
import datetime, os, pathlib, sys
from serving.gateway.keys import issue
for number in range(8):
    issue(pathlib.Path(sys.argv[1]), f"{os.getpid()} {number}", datetime.datetime.now(datetime.UTC))
"""


def test_processes_that_issue_at_the_same_time_lose_nothing(path):
    command = [sys.executable, "-c", ISSUE_EIGHT, str(path)]
    workers = [subprocess.Popen(command) for _ in range(4)]

    assert [worker.wait(30) for worker in workers] == [0] * 4
    assert len({record.name for record in list_keys(path)}) == 32
    assert len(list(path.parent.iterdir())) == 3


ENTRY = {
    "key_id": "AAAAAAAA",
    "name": "a",
    "digest": "00" * 32,
    "created_at": "2026-11-21T12:00:00+00:00",
    "revoked_at": None,
}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("{}", "no schema"),
        ('{"schema": 3, "keys": []}', "of a later version"),
        ('{"schema": 1}', "no list"),
        ('{"schema": 1, "keys": {}', "cut off"),
        (json.dumps({"schema": 1, "keys": ["AAAAAAAA"]}), "an entry is no object"),
        (json.dumps({"schema": 1, "keys": [ENTRY, ENTRY]}), "a key id twice"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "scope": "ping"}]}), "an unknown limit"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "key_id": 7}]}), "a number as key id"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "name": ""}]}), "no name"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "digest": ""}]}), "a digest of nothing"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "digest": "xy"}]}), "not hexadecimal"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "digest": None}]}), "no digest"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "created_at": "now"}]}), "not a date"),
        (json.dumps({"schema": 1, "keys": [{**ENTRY, "revoked_at": False}]}), "not a date"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_a_broken_file_is_named_and_never_replaced(path, text, why):
    path.write_text(text)

    for act in (
        lambda: list_keys(path),
        lambda: issue(path, "a", NOON),
        lambda: revoke(path, "AAAAAAAA", NOON),
    ):
        with pytest.raises(KeysError, match=r"keys\.json"):
            act()
    assert path.read_text() == text, why


def test_a_missing_file_has_no_keys_to_list_or_revoke(path):
    for act in (lambda: list_keys(path), lambda: revoke(path, "AAAAAAAA", NOON)):
        with pytest.raises(KeysError, match="No such file"):
            act()


def test_an_unknown_key_cannot_be_revoked(path):
    issue(path, "a", NOON)

    with pytest.raises(KeysError, match="holds no key 'AAAAAAAA'"):
        revoke(path, "AAAAAAAA", NOON)


@pytest.mark.parametrize("name", ["", "a" * 65, "a\nb", "\x1b[31m"])
def test_a_name_is_printable_and_short(path, name):
    with pytest.raises(KeysError, match="printable"):
        issue(path, name, NOON)
    assert not path.exists()


def test_a_lost_pepper_is_not_replaced_under_keys_that_need_it(path):
    issue(path, "a", NOON)
    pepper_beside(path).unlink()

    with pytest.raises(KeysError, match=r"keys\.json\.pepper.*cannot be checked"):
        issue(path, "b", NOON)


@pytest.mark.parametrize("bits", [0o644, 0o604, 0o660, 0o602, 0o601])
def test_a_pepper_that_others_can_read_or_change_is_refused(path, bits):
    issue(path, "a", NOON)
    pepper_beside(path).chmod(bits)

    with pytest.raises(KeysError, match="chmod 600"):
        read_pepper(pepper_beside(path))


def test_a_short_pepper_is_refused(path):
    pepper_beside(path).write_bytes(b"x" * 31 + b"\n")
    pepper_beside(path).chmod(0o600)

    with pytest.raises(KeysError, match="less than 32"):
        issue(path, "a", NOON)
