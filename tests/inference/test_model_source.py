"""A worker stays up whatever loading its first model does."""

import logging
import threading
from pathlib import Path

import pytest
from model_fakes import Model, serves, told, wait_for

from serving.inference.model_origins import AtPath
from serving.inference.model_source import ModelSource, NoModel
from serving.scoring import ArtifactCorrupt


def loading(*outcomes):
    """Loads that end one after the other as told; `done` is set by the last."""
    left = list(outcomes)
    done = threading.Event()

    def load(_=None):
        outcome = left.pop(0)
        if not left:
            done.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return load, done


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "serving")
    return caplog


@pytest.mark.parametrize(
    "failures",
    [
        [ArtifactCorrupt("altered")],
        [OSError("no such bucket"), ArtifactCorrupt("altered")],
        [KeyError("a fault of ours")],
        [OSError("away"), KeyError("a fault of ours"), MemoryError()],
    ],
    ids=str,
)
def test_after_any_failure_it_tries_again_until_there_is_a_model(failures):
    model = Model()
    load, done = loading(*failures, model)
    source = ModelSource(AtPath(Path(), load), poll_s=0.01)

    source.start()

    assert done.wait(5)
    wait_for(lambda: serves(source) is model)


def test_there_is_no_model_while_loading_fails():
    load, _ = loading(*[OSError("away")] * 1000)
    source = ModelSource(AtPath(Path(), load), poll_s=60)

    source.start()

    with pytest.raises(NoModel):
        source.current()


def test_a_failure_without_words_is_told_by_its_kind(log):
    load, _ = loading(MemoryError(), Model())
    source = ModelSource(AtPath(Path(), load), poll_s=0.01)

    source.start()

    wait_for(lambda: serves(source))
    assert ("model not loaded", {"reason": "MemoryError: "}) in told(log)


def test_a_worker_does_not_wait_long_for_a_model_that_is_slow_to_come():
    may_come = threading.Event()
    model = Model()

    def load(_):
        may_come.wait(10)
        return model

    source = ModelSource(AtPath(Path(), load), poll_s=60)

    source.start(wait_s=0.01)

    assert serves(source) is None
    may_come.set()
    wait_for(lambda: serves(source) is model)


def test_what_lies_at_a_path_is_loaded_once():
    load, _ = loading(Model())
    pauses = []
    source = ModelSource(AtPath(Path(), load), poll_s=0.001, sleep=pauses.append)

    source.start()

    assert source.current().version == "v1"
    assert pauses == []
