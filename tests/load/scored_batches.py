"""Callers who know what every version scores, and check each answer against the one it names."""

import http.client
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from serving.scoring import Scorer, load_scorer
from tests.scoring.builders import Parts, make_accounts, make_parts

#: What a caller waits after an answer, in seconds: the machine is not to be the bottleneck.
PAUSE_S = 0.01
#: Served by the loop at once, by the loop's threads, and in the latter by arrays.
BATCHES = (1, 5, 60)


@dataclass
class Versions:
    """Artifacts that score every account of every batch differently."""

    parts: dict[str, Parts]
    #: version → for each batch the values of its rows, in the order of the answer's keys.
    expected: dict[str, list[list[list[float | None]]]]
    bodies: list[bytes]


def make_versions(folder: Path, count: int) -> Versions:
    parts, scorers = {}, {}
    for seed in range(1, count + 1):
        made = make_parts(seed=seed)
        scorer = load_scorer(made.write(folder / str(seed)))
        parts[scorer.artifact.version] = made
        scorers[scorer.artifact.version] = scorer
    rows = telling_rows(list(scorers.values()), sum(BATCHES))
    ends = np.cumsum(BATCHES)
    batches = [rows[end - size : end] for end, size in zip(ends, BATCHES, strict=True)]
    expected = {
        version: [as_json(scorer.score(batch).values) for batch in batches]
        for version, scorer in scorers.items()
    }
    (first, *_) = scorers.values()
    return Versions(parts, expected, [body_of(first, batch) for batch in batches])


def telling_rows(scorers: list[Scorer], count: int) -> Any:
    """Give accounts of which no two versions say the same."""
    accounts = make_accounts(scorers[0], rows=5000)
    values = [as_json(scorer.score(accounts).values) for scorer in scorers]
    telling = [
        row
        for row in range(len(accounts))
        if len({json.dumps(of_version[row]) for of_version in values}) == len(scorers)
    ]
    assert len(telling) >= count
    return accounts[telling[:count]]


def as_json(values: Any) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in row] for row in values.tolist()]


def body_of(scorer: Scorer, accounts: Any) -> bytes:
    def shown(entry: Any, value: float) -> Any:
        if math.isnan(value):
            return None
        return entry.categories[int(value)] if entry.type == "category" else value

    rows = [
        [shown(entry, value) for entry, value in zip(scorer.inputs, account, strict=True)]
        for account in accounts.tolist()
    ]
    return json.dumps({"instances": [{"features": row} for row in rows]}).encode()


@dataclass
class Callers:
    """What callers saw. Times are in seconds."""

    versions: Versions
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    took: list[tuple[float, float]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def call(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        turn = 0
        while not self.done.is_set():
            batch = turn % len(BATCHES)
            turn += 1
            began = time.perf_counter()
            try:
                connection.request(
                    "POST",
                    "/invocations",
                    self.versions.bodies[batch],
                    {"Content-Type": "application/json"},
                )
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                connection.close()
                continue
            self.took.append((time.monotonic(), time.perf_counter() - began))
            self.check(batch, answer, body)
            if answer.will_close:
                connection.close()
            time.sleep(PAUSE_S)
        connection.close()

    def check(self, batch: int, answer: http.client.HTTPResponse, body: bytes) -> None:
        version = answer.headers.get("X-Scorecard-Version", "")
        self.answers[version] += 1
        if answer.status != 200 or version not in self.versions.expected:
            self.wrong.append(f"{answer.status} of {version!r}: {body[:200]!r}")
            return
        predictions = json.loads(body)["predictions"]
        named = {prediction.pop("artifact_version") for prediction in predictions}
        for prediction in predictions:
            del prediction["last_modified"]
        values = [list(prediction.values()) for prediction in predictions]
        if named != {version} or values != self.versions.expected[version][batch]:
            self.wrong.append(f"{version} named {named} and scored {values}")

    def quantile(self, share: float, since: float = 0.0, until: float = math.inf) -> float:
        """Give the time within which that share of the answers of a while came."""
        times = sorted(took for at, took in self.took if since <= at < until)
        return times[min(int(share * len(times)), len(times) - 1)]


@contextmanager
def calling(versions: Versions, port: int, count: int = 3) -> Iterator[Callers]:
    """Have callers send batches all the time; on leaving all are answered."""
    callers = Callers(versions)
    threads = [threading.Thread(target=callers.call, args=(port,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        callers.done.set()
        for thread in threads:
            thread.join()
