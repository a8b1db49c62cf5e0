"""Rows with known answers, replayed on every load: this machine must score as training did."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.errors import ArtifactCorrupt

if TYPE_CHECKING:
    from serving.scoring.scorer import Scorer

#: An artifact with fewer rows proves too little.
MIN_ROWS = 100

#: Largest difference of a peer rank that another processor's arithmetic may cause.
TOLERANCE = 1e-9

_log = logging.getLogger(__name__)


def make_golden(scorer: Scorer, accounts: NDArray[np.float64]) -> dict[str, Any]:
    """Score `accounts`, shape (n_rows, n_inputs), into what ``golden.json`` holds."""
    scores = scorer.score(accounts)
    return {
        "inputs": _rows(accounts),
        "ranks": _rows(scores.ranks),
        "scores": _rows(scores.values),
        "flags": scores.flags.tolist(),
        "statuses": scores.statuses.tolist(),
    }


def check_golden(golden: Mapping[str, Any], scorer: Scorer) -> None:
    """Replay golden rows.

    Raises
    ------
    ArtifactCorrupt
        If a peer rank differs by more than `TOLERANCE`, or a score differs although the ranks
        do not; naming the first row and column.
    """
    width = len(scorer.inputs)
    try:
        accounts, ranks, values = (
            np.array(golden[key], dtype=np.float64) for key in ("inputs", "ranks", "scores")
        )
        flags = np.array(golden["flags"], dtype=np.uint8)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ArtifactCorrupt("golden.json is not a table of rows") from None
    if accounts.ndim != 2 or accounts.shape[1] != width or len(accounts) < MIN_ROWS:
        raise ArtifactCorrupt(f"golden.json needs at least {MIN_ROWS} rows of {width} inputs")
    scores = scorer.score(accounts)
    if (scores.ranks.shape, scores.values.shape) != (ranks.shape, values.shape):
        raise ArtifactCorrupt("golden.json has another number of metrics or scores")
    _compare(
        "peer rank", [metric.name for metric in scorer.scorecard.peer_metrics], scores.ranks, ranks
    )
    # A rank within the tolerance of a rounding edge may give the next score; so scores are
    # compared where the ranks are equal to the bit, which is everywhere on the same processor.
    same = (scores.ranks == ranks) | (np.isnan(scores.ranks) & np.isnan(ranks))
    if not same.all():
        _log.warning("golden rows: %d peer ranks differ in their last bits", (~same).sum())
    rows = same.all(axis=1)
    _compare("score", list(scorer.outputs), scores.values[rows], values[rows])
    told = golden.get("statuses")  # older formats have none
    if told is not None and scores.statuses.tolist() != told:
        raise ArtifactCorrupt("golden.json: statuses differ")
    if scores.flags.shape != flags.shape or (scores.flags != flags)[rows].any():
        raise ArtifactCorrupt("golden.json: flags differ")


def _compare(
    what: str, names: list[str], actual: NDArray[np.float64], expected: NDArray[np.float64]
) -> None:
    equal = np.isclose(actual, expected, rtol=0.0, atol=TOLERANCE, equal_nan=True)
    if equal.all():
        return
    row, column = (int(position) for position in np.argwhere(~equal)[0])
    raise ArtifactCorrupt(
        f"golden row {row}: {what} of {names[column]} is {actual[row, column]!r} here, "
        f"was {expected[row, column]!r} when the artifact was made"
    )


def _rows(array: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if value != value else value for value in row] for row in array.tolist()]
