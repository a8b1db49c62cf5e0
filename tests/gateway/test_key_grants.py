"""When keys begin and end, what they open, and how one follows another (row 83)."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from serving.gateway.grants import INVOKE, READ_MODEL, Grants
from serving.gateway.key_records import to_entry
from serving.gateway.keyring import KeyRefused, KeyRing
from serving.gateway.keys import (
    KeysError,
    issue,
    list_keys,
    pepper_beside,
    read_pepper,
    revoke,
    rotate,
)
from tests.gateway.fakes import NOON

DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
GRANTS = Grants((INVOKE, READ_MODEL), ("a", "b-2"), "10/second", "1000/day")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def opens(path, secret, at):
    ring = KeyRing(list_keys(path), read_pepper(pepper_beside(path)))
    try:
        return bool(ring.find(secret.encode(), lambda: at))
    except KeyRefused:
        return False


def test_a_key_opens_from_its_first_moment_until_just_before_its_last(path):
    key = issue(path, "a", NOON, not_before=NOON + DAY, expires_at=NOON + 3 * DAY)

    for at, expected in [
        (NOON, False),
        (NOON + DAY - SECOND, False),
        (NOON + DAY, True),
        (NOON + 3 * DAY - SECOND, True),
        (NOON + 3 * DAY, False),
    ]:
        assert opens(path, key.secret, at) is expected, at


def test_times_in_another_zone_are_the_same_times(path):
    east = dt.timezone(dt.timedelta(hours=9))
    key = issue(path, "a", NOON, expires_at=(NOON + DAY).astimezone(east))

    assert opens(path, key.secret, NOON + DAY - SECOND)
    assert not opens(path, key.secret, NOON + DAY)


def test_what_a_key_is_granted_is_kept(path):
    issue(path, "a", NOON, grants=GRANTS)

    (record,) = list_keys(path)
    assert record.grants == GRANTS


@pytest.mark.parametrize(
    ("grants", "says"),
    [
        ({"scopes": ()}, "not empty"),
        ({"scopes": ("score:*",)}, "scopes may hold"),
        ({"scopes": (7,)}, "texts only"),
        ({"endpoints": ()}, "not empty"),
        ({"endpoints": ("../b",)}, "endpoint's name"),
        ({"endpoints": ("",)}, "endpoint's name"),
        ({"rate": "fast"}, "10/second"),
        ({"rate": 10}, "10/second"),
        ({"quota": "0/day"}, "10/second"),
    ],
)
def test_what_could_not_be_kept_is_not_granted(grants, says):
    with pytest.raises(ValueError, match=says):
        Grants(**grants)


@pytest.mark.parametrize(
    ("begins", "ends"), [(None, NOON), (None, NOON - DAY), (NOON + DAY, NOON + DAY)]
)
def test_a_key_that_could_never_open_is_not_issued(path, begins, ends):
    with pytest.raises(KeysError, match="end before it begins"):
        issue(path, "a", NOON, not_before=begins, expires_at=ends)
    assert not path.exists()


def test_rotation_gives_the_same_grants_and_both_keys_open_meanwhile(path):
    old = issue(path, "a", NOON, grants=GRANTS)
    other = issue(path, "b", NOON)

    new = rotate(path, old.key_id, NOON + DAY, overlap=7 * DAY)

    records = {record.key_id: record for record in list_keys(path)}
    assert records[new.key_id].grants == GRANTS
    assert records[new.key_id].name == "a"
    assert opens(path, old.secret, NOON + 8 * DAY - SECOND)
    assert not opens(path, old.secret, NOON + 8 * DAY)
    assert opens(path, new.secret, NOON + DAY)
    assert opens(path, new.secret, NOON + 999 * DAY)
    assert opens(path, other.secret, NOON + 999 * DAY)


def test_a_key_for_ninety_days_is_followed_by_one_for_ninety_and_ends_no_later_than_it_would(path):
    old = issue(path, "a", NOON, expires_at=NOON + 90 * DAY)

    new = rotate(path, old.key_id, NOON + 88 * DAY, overlap=7 * DAY)

    records = {record.key_id: record for record in list_keys(path)}
    assert records[old.key_id].expires_at == NOON + 90 * DAY
    assert records[new.key_id].expires_at == NOON + 178 * DAY


def test_only_a_live_key_is_rotated(path):
    revoked, expired, later = (
        issue(path, "a", NOON),
        issue(path, "a", NOON, expires_at=NOON + SECOND),
        issue(path, "a", NOON, not_before=NOON + 9 * DAY),
    )
    revoke(path, revoked.key_id, NOON)
    before = path.read_bytes()

    for key, state in [(revoked, "revoked"), (expired, "expired"), (later, "not yet valid")]:
        with pytest.raises(KeysError, match=state):
            rotate(path, key.key_id, NOON + DAY, overlap=DAY)
    with pytest.raises(KeysError, match="holds no key"):
        rotate(path, "AAAAAAAA", NOON, overlap=DAY)
    with pytest.raises(KeysError, match="revoke it"):
        rotate(path, later.key_id, NOON + 9 * DAY, overlap=dt.timedelta())
    assert path.read_bytes() == before


def test_a_file_of_the_first_schema_is_read_and_becomes_one_of_the_second(path):
    key = issue(path, "a", NOON)
    (record,) = list_keys(path)
    first = ("key_id", "name", "digest", "created_at", "revoked_at")
    entry = {name: to_entry(record)[name] for name in first}
    path.write_text(json.dumps({"schema": 1, "keys": [entry]}))

    assert list_keys(path) == (record,)
    assert opens(path, key.secret, NOON)
    revoke(path, key.key_id, NOON)
    # What knows the first schema alone refuses the file by this number.
    assert json.loads(path.read_text())["schema"] == 2
    assert list_keys(path) == (replace(record, revoked_at=NOON),)


def spoilt(**changed):
    entry = {
        "key_id": "AAAAAAAA",
        "name": "a",
        "digest": "00" * 32,
        "created_at": "2026-11-21T12:00:00+00:00",
        "not_before": None,
        "expires_at": None,
        "revoked_at": None,
        "scopes": ["score:invoke"],
        "endpoints": None,
        "rate": None,
        "quota": None,
    } | changed
    return {name: value for name, value in entry.items() if value != "left out"}


@pytest.mark.parametrize(
    "changed",
    [
        {"scopes": "score:invoke"},
        {"scopes": []},
        {"scopes": ["score:everything"]},
        {"scopes": None},
        {"endpoints": "abc"},
        {"endpoints": []},
        {"endpoints": [7]},
        {"rate": "10"},
        {"rate": 10},
        {"quota": "often"},
        {"quota": "left out"},
        {"burst": 7},
        {"expires_at": "2026-12-01T00:00:00"},
        {"expires_at": "never"},
        {"expires_at": 7},
        {"not_before": "2027-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z"},
        {"created_at": None},
    ],
    ids=str,
)
def test_a_key_with_a_limit_that_is_not_understood_spoils_the_file(path, changed):
    path.write_text(json.dumps({"schema": 2, "keys": [spoilt()]}))
    assert list_keys(path)
    path.write_text(json.dumps({"schema": 2, "keys": [spoilt(**changed)]}))

    with pytest.raises(KeysError, match=r"keys\.json is not a keys file"):
        list_keys(path)
