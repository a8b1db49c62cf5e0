"""Whether what a server answers is what the scorer says, bit by bit."""

import json
from collections.abc import Sequence

import numpy as np

from serving.scoring import Scorer
from tests.benchmarks.http_servers import Program

#: Accounts asked one by one.
SINGLE = 50
#: In every so many accounts a value is missing, each time of another column.
_MISSING_EVERY = 7

Rows = Sequence[Sequence[float | None]]


def body_of(rows: Rows) -> bytes:
    """Write accounts as Einstein Studio sends them."""
    return json.dumps({"instances": [{"features": row} for row in rows]}).encode()


def with_gaps(rows: Rows) -> list[list[float | None]]:
    """Take some values away."""
    gaps = [list(row) for row in rows]
    for at in range(0, len(gaps), _MISSING_EVERY):
        gaps[at][at % len(gaps[at])] = None
    return gaps


def differing(program: Program, scorer: Scorer, rows: Rows) -> int:
    """Count the scores that are not the scorer's: all accounts at once, then some one by one."""
    expected = scorer.score(np.array(rows, dtype=np.float64)).values
    batches = [slice(0, len(rows)), *(slice(at, at + 1) for at in range(SINGLE))]
    return sum(_differing(program, scorer, rows[batch], expected[batch]) for batch in batches)


def _differing(program: Program, scorer: Scorer, rows: Rows, expected: np.ndarray) -> int:
    answer = program.call(body_of(rows))
    if answer.status != 200:
        raise SystemExit(f"{program.name}: {answer.status} {answer.body[:300]!r}")
    predictions = answer.json()["predictions"]
    if len(predictions) != len(rows) or any(tuple(p) != scorer.outputs for p in predictions):
        raise SystemExit(f"{program.name} gives other rows or other keys")
    names = scorer.outputs[:-1]
    scores = np.array([[p[name] for name in names] for p in predictions], dtype=np.float64)
    same = (scores == expected) | (np.isnan(scores) & np.isnan(expected))
    return int((~same).sum())
