"""Models without scores, registries that bring what they are told, and who listens."""

import threading
from types import SimpleNamespace

from serving.inference.model_origins import Offer
from serving.inference.model_source import NoModel


class Model:
    def __init__(self, version="v1"):
        self.version = version
        self.scorer = SimpleNamespace(scorecard=SimpleNamespace(id="card"))


MADE = []


class Registry:
    """What polls bring, one after the other; the last is repeated. `polled` counts them."""

    changes = True

    def __init__(self, *outcomes, accepted=None):
        self.left = list(outcomes)
        self.polled = 0
        self.accepted = []
        self.last = accepted
        MADE.append(self)

    def newer(self):
        if self not in MADE:
            threading.Event().wait()  # The test is over, and its thread shall be still.
        self.polled += 1
        outcome = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if callable(outcome):
            outcome = outcome()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome and Offer(outcome, lambda: self.accepted.append(outcome.version))

    def last_accepted(self):
        return self.last and Offer(self.last, lambda: self.accepted.append(self.last.version))


class Counts:
    def __init__(self):
        self.results = []
        self.served = []

    def count(self, result):
        self.results.append(result)

    def serve(self, version, _):
        self.served.append(version)


def wait_for(true):
    for _ in range(500):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("not within five seconds")


def serves(source):
    try:
        return source.current()
    except NoModel:
        return None


def told(caplog):
    return [
        (record.getMessage(), getattr(record, "fields", {}))
        for record in caplog.records
        if record.name == "serving.inference.model_source"
    ]
