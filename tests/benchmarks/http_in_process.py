"""Decode, score and encode in one process, through our own codecs: what the door can keep at best.

Usage: python -m tests.benchmarks.http_in_process ARTIFACT SECONDS < BODY
Prints a JSON object of `Stages`.
"""

import datetime as dt
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from serving.inference.wire.columns import Columns
from serving.inference.wire.formats import request_format
from serving.inference.wire.predictions import Predictions
from serving.scoring import load_scorer

#: Repetitions before it counts.
_WARM_UP = 5


@dataclass(frozen=True)
class Stages:
    """Medians in ms, and how often a second all three were done."""

    decode: float
    score: float
    encode: float
    per_second: float


def run(artifact: Path, body: bytes, seconds: float) -> Stages:
    """Measure in a process of its own, as a worker is one."""
    module = "tests.benchmarks.http_in_process"
    command = [sys.executable, "-m", module, artifact, str(seconds)]
    done = subprocess.run(command, input=body, stdout=subprocess.PIPE, check=True)
    return Stages(**json.loads(done.stdout))


def _measure(artifact: str, body: bytes, seconds: float) -> Stages:
    scorer = load_scorer(artifact)
    columns, predictions = Columns(scorer.inputs), Predictions(scorer)
    json_format = request_format("application/json")
    times = []
    until = time.perf_counter() + seconds
    while len(times) < _WARM_UP + 3 or time.perf_counter() < until:
        began = time.perf_counter()
        now = dt.datetime.now(dt.UTC)
        decoded = json_format.decode(body, columns, today=now.date(), keep_bad_rows=False)
        has_decoded = time.perf_counter()
        scores = scorer.score(decoded.accounts)
        has_scored = time.perf_counter()
        stamp = now.isoformat(timespec="milliseconds")
        rows = predictions.rows(decoded.accounts, scores, stamp)
        block = json_format.block(predictions.keys, rows, first=True)
        _answer = json_format.begin() + block + json_format.end()
        ended = time.perf_counter()
        times.append((has_decoded - began, has_scored - has_decoded, ended - has_scored))
    columns_of_times = list(zip(*times[_WARM_UP:], strict=True))
    decode, score, encode = (1e3 * statistics.median(column) for column in columns_of_times)
    per_second = len(times[_WARM_UP:]) / sum(map(sum, columns_of_times))
    return Stages(decode, score, encode, per_second)


if __name__ == "__main__":
    stages = _measure(sys.argv[1], sys.stdin.buffer.read(), float(sys.argv[2]))
    print(json.dumps(asdict(stages)))
