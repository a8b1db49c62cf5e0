"""A worker stays up whatever loading a model does."""

import threading

import pytest

from serving.inference.model_source import ModelSource, NoModel
from serving.scoring import ArtifactCorrupt


class Model:
    version = "v1"


def loading(*outcomes):
    """Loads that end one after the other as told; `done` is set by the last."""
    left = list(outcomes)
    done = threading.Event()

    def load():
        outcome = left.pop(0)
        if not left:
            done.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return load, done


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
    source = ModelSource(load, retry_s=0.01)

    source.start()

    assert done.wait(5)
    for _ in range(500):
        try:
            found = source.current()
        except NoModel:
            threading.Event().wait(0.01)
        else:
            break
    assert found is model


def test_there_is_no_model_while_loading_fails():
    load, _ = loading(*[OSError("away")] * 1000)
    source = ModelSource(load, retry_s=60)

    source.start()

    with pytest.raises(NoModel):
        source.current()


def test_a_worker_does_not_wait_long_for_a_model_that_is_slow_to_come():
    may_come = threading.Event()
    model = Model()

    def load():
        may_come.wait(10)
        return model

    source = ModelSource(load, retry_s=60)

    source.start(wait_s=0.01)

    with pytest.raises(NoModel):
        source.current()
    may_come.set()
    for _ in range(500):
        if not raises_no_model(source):
            break
        threading.Event().wait(0.01)
    assert source.current() is model


def raises_no_model(source):
    try:
        source.current()
    except NoModel:
        return True
    return False
