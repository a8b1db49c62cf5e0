"""A worker follows where its models come from, and serves the last good one whatever happens."""

import logging
import threading

import pytest
from model_fakes import MADE, Counts, Model, Registry, told, wait_for

from serving.inference.model_origins import Offer
from serving.inference.model_source import ModelSource
from serving.registry.errors import BadVersion, RegistryError
from serving.scoring import ArtifactCorrupt


@pytest.fixture(autouse=True)
def end_of_threads():
    yield
    MADE.clear()


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "serving")
    return caplog


def test_what_a_registry_has_next_is_served_next_and_accepted(log):
    registry = Registry(Model("v1"), None, Model("v2"), None, Model("v3"), None)
    counts = Counts()
    source = ModelSource(registry, poll_s=0.01, metrics=counts)

    source.start()

    wait_for(lambda: registry.polled > 6)
    assert source.current().version == "v3"
    assert registry.accepted == counts.served == ["v1", "v2", "v3"]
    assert counts.results == ["loaded"] * 3
    loaded = [fields for event, fields in told(log) if event == "model loaded"]
    assert loaded == [{"artifact_version": version} for version in ("v1", "v2", "v3")]


def test_who_took_a_model_keeps_it():
    registry = Registry(Model("v1"), Model("v2"), None)
    source = ModelSource(registry, poll_s=0.05)
    source.start()

    taken = source.current()

    wait_for(lambda: source.current().version == "v2")
    assert taken.version == "v1"


def test_two_causes_that_come_in_turns_are_told_once_each(log):
    away, bad = RegistryError("no answer"), ArtifactCorrupt("golden row 3")
    registry = Registry(bad, away, bad, away, bad, away, bad)
    registry.last_accepted = lambda: (_ for _ in ()).throw(ArtifactCorrupt("the remembered one"))
    counts = Counts()

    ModelSource(registry, poll_s=0.01, metrics=counts).start()

    wait_for(lambda: registry.polled > 8)
    reasons = [fields["reason"] for _, fields in told(log)]
    assert sorted(reasons) == ["golden row 3", "no answer", "the remembered one"]


def test_a_bad_version_is_told_and_counted_once_and_the_old_one_goes_on(log):
    registry = Registry(Model("v1"), ArtifactCorrupt("golden row 3"), None)
    counts = Counts()
    source = ModelSource(registry, poll_s=0.01, metrics=counts)

    source.start()

    wait_for(lambda: registry.polled > 10)
    assert source.current().version == "v1"
    refused = ("model refused", {"reason": "golden row 3", "artifact_version": "v1"})
    assert [entry for entry in told(log) if entry[0] != "model loaded"] == [refused]
    assert counts.results == ["loaded", "refused"]


def test_a_registry_that_is_away_is_told_once_and_counted_every_time(log):
    registry = Registry(Model("v1"), RegistryError("no answer"))
    counts = Counts()
    source = ModelSource(registry, poll_s=0.01, metrics=counts)

    source.start()

    wait_for(lambda: len(counts.results) > 5)
    assert source.current().version == "v1"
    away = ("registry not read", {"reason": "no answer", "artifact_version": "v1"})
    assert [entry for entry in told(log) if entry[0] != "model loaded"] == [away]
    assert set(counts.results[1:]) == {"failed"}


@pytest.mark.parametrize("why", [RegistryError("no answer"), BadVersion("altered")], ids=str)
def test_without_a_first_model_the_one_accepted_last_is_served_until_there_is_another(log, why):
    registry = Registry(why, why, Model("v2"), None, accepted=Model("v1"))
    counts = Counts()
    source = ModelSource(registry, poll_s=0.05, metrics=counts)

    source.start()

    assert source.current().version == "v1"
    wait_for(lambda: source.current().version == "v2")
    again = [fields for event, fields in told(log) if event == "serving the version accepted last"]
    assert again == [{"artifact_version": "v1", "reason": str(why)}]
    assert counts.served == ["v1", "v2"]


def test_a_registry_that_is_slow_to_answer_does_not_keep_a_worker_waiting(monkeypatch):
    monkeypatch.setattr("serving.inference.model_source._PATIENCE_S", 0.05)
    may_answer = threading.Event()

    def answer():
        may_answer.wait(10)
        return Model("v2")

    registry = Registry(answer, None, accepted=Model("v1"))
    source = ModelSource(registry, poll_s=0.01)

    source.start()

    assert source.current().version == "v1"
    may_answer.set()
    wait_for(lambda: source.current().version == "v2")
    assert registry.accepted == ["v1", "v2"]


def test_a_cache_that_cannot_be_written_does_not_keep_a_model_from_being_served(log):
    def fail():
        raise RegistryError("the disk is full")

    registry = Registry(None)
    registry.newer = lambda: Offer(Model("v1"), fail)
    source = ModelSource(registry, poll_s=60)

    source.start()

    assert source.current().version == "v1"
    assert ("the model in use cannot be remembered", {"reason": "the disk is full"}) in told(log)


def test_workers_look_within_the_interval_and_not_all_at_once():
    pauses = []
    enough = threading.Event()

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 100:
            enough.set()
            threading.Event().wait()

    source = ModelSource(Registry(Model(), None), poll_s=10, sleep=sleep)

    source.start()

    assert enough.wait(5)
    assert 5 < min(pauses) < max(pauses) < 10
    assert len(set(pauses)) > 50
