"""What is noted of each decision (row 92)."""

import threading
from types import SimpleNamespace

import pytest

from serving.gateway import audit
from serving.gateway.admission import Admission
from serving.gateway.callers import Callers
from serving.gateway.counting import StorageUri
from serving.gateway.grants import Grants
from serving.gateway.keyring import KeyRing
from serving.gateway.keys import issue, list_keys, pepper_beside, read_pepper, revoke
from serving.gateway.limits import Limiter
from serving.gateway.metrics import DecisionMetrics
from serving.gateway.refusals import Refused
from serving.web.metric_board import Board
from serving.web.metric_slots import FOLDER
from serving.web.requests import Record
from tests.gateway.fakes import NOON


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.json"
    issued = {
        "live": issue(path, "a", NOON),
        "revoked": issue(path, "a", NOON),
        "granted a": issue(path, "a", NOON, grants=Grants(endpoints=("a",))),
        "reads": issue(path, "a", NOON, grants=Grants(("model:read",))),
        "used up": issue(path, "a", NOON, grants=Grants(quota="1/day")),
    }
    revoke(path, issued["revoked"].key_id, NOON)
    return issued, KeyRing(list_keys(path), read_pepper(pepper_beside(path)))


def admitted(admission, key, endpoint):
    record = Record("id")
    environ = {"HTTP_X_API_KEY": key, "REMOTE_ADDR": "192.0.2.1", "scorecard.record": record}
    try:
        admission.admit(SimpleNamespace(environ=environ), endpoint=endpoint)
        audit.note_decision(record, "forwarded")
    except Refused as error:
        audit.note_decision(record, "refused", error.reason)
    return record


@pytest.mark.parametrize(
    ("who", "endpoint", "fields"),
    [
        ("live", None, {"decision": "forwarded"}),
        ("live", "b", {"decision": "forwarded", "endpoint": "b"}),
        ("granted a", "a", {"decision": "forwarded", "endpoint": "a"}),
        ("granted a", "b", {"reason": "endpoint not granted", "endpoint": "b"}),
        ("reads", None, {"reason": "scope not granted"}),
        ("used up", None, {"reason": "quota used up"}),
    ],
)
def test_row_92_a_decision_about_a_known_caller_names_it_and_never_its_key(
    keys, who, endpoint, fields
):
    issued, ring = keys
    admission = Admission(
        Callers("x-api-key", ring.find, None).authenticate, Limiter(StorageUri("memory://"))
    )
    if who == "used up":
        admitted(admission, issued[who].secret, endpoint)

    record = admitted(admission, issued[who].secret, endpoint)

    known = {"caller": issued[who].key_id, "caller_kind": "key"}
    assert record.fields == {"decision": "refused"} | known | fields
    assert issued[who].secret not in str(record)


@pytest.mark.parametrize(
    ("key", "reason"),
    [("", "no key"), ("wrong", "mistyped key"), ("a,b", "two credentials")],
)
def test_a_decision_about_nobody_says_why_and_repeats_nothing(keys, key, reason):
    _, ring = keys
    admission = Admission(
        Callers("x-api-key", ring.find, None).authenticate, Limiter(StorageUri("memory://"))
    )

    assert admitted(admission, key, None).fields == {"decision": "refused", "reason": reason}


def test_a_failure_beyond_the_limit_still_says_what_was_wrong(keys):
    issued, ring = keys
    limiter = Limiter(StorageUri("memory://"), failures="1/minute")
    admission = Admission(Callers("x-api-key", ring.find, None).authenticate, limiter)
    admitted(admission, "wrong", None)

    fields = admitted(admission, issued["revoked"].secret, None).fields

    assert fields == {
        "decision": "refused",
        "reason": "too many failures",
        "cause": "revoked key",
    }


def test_every_decision_is_counted_once_by_words_of_a_short_list(monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr("serving.gateway.metrics.keep", lambda _: None)
    metrics = DecisionMetrics()
    records = []
    for decision, reason in [
        ("forwarded", ""),
        ("refused", "unknown key"),
        ("refused", "body: 413"),
        ("failed", "upstream: UpstreamTimedOut"),
        ("refused", "malformed: InvalidHeader"),
    ]:
        record = Record("id")
        audit.note_decision(record, decision, reason)
        records.append(record)

    def observe():
        for _ in range(500):
            for record in [*records, Record("ping")]:
                metrics.count(record)

    threads = [threading.Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    board = Board()
    metrics.flush(board)
    metrics.flush(board)

    (family,) = board.counter("scorecard_decisions_total", "").collect()
    counted = {
        tuple(sample.labels.values()): sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert counted == {
        ("forwarded", "none", "none"): 2000,
        ("refused", "none", "unknown key"): 2000,
        ("refused", "none", "other"): 2000,
        ("refused", "none", "malformed"): 2000,
        ("failed", "none", "other"): 2000,
        ("none", "none", "none"): 2000,
    }


@pytest.mark.parametrize(
    ("record", "decision"),
    [
        (Record("id", None, 400), "refused"),
        (Record("id", "/default/invocations", 500), "failed"),
        (Record("id", "/default/invocations", 503, "deadline"), "failed"),
        (
            Record("id", "/default/invocations", 503, "deadline", {"decision": "forwarded"}),
            "failed",
        ),
        (Record("id", "/default/invocations", 200, "", {"decision": "forwarded"}), "forwarded"),
        (Record("id", "/ping", 200), None),
        (Record("id", "/ping", 503, "", {"decision": "failed"}), "failed"),
    ],
    ids=str,
)
def test_row_92_whoever_ended_a_request_it_has_one_decision(record, decision):
    audit.complete(record)

    assert record.fields.get("decision") == decision
