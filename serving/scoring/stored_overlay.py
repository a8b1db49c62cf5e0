"""``peer_overlay.npz``: plain arrays, checked on every load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.overlay import ScoreOverlay
from serving.scoring.scorecard import Scorecard
from serving.scoring.stored_arrays import StoredArrays, check, pack_arrays

OVERLAY = "peer_overlay.npz"


def pack_overlay(overlay: ScoreOverlay) -> bytes:
    """Pack an overlay; the same overlay gives the same bytes."""
    return pack_arrays(
        {
            "splits": overlay.splits,
            "thresholds": overlay.thresholds,
            "accounts": overlay.accounts,
            "lower": overlay.lower,
            "upper": overlay.upper,
            "scores": overlay.scores,
        }
    )


def read_overlay(data: bytes, scorecard: Scorecard) -> ScoreOverlay:
    """Unpack and check what `pack_overlay` packed.

    Raises
    ------
    ArtifactCorrupt
        Naming the array that is missing, unknown, or not what a fit gives.
    """
    asked = scorecard.overlay
    if asked is None:
        raise ArtifactCorrupt(f"{OVERLAY}: the scorecard has no `peers` to compare scores with")
    arrays = StoredArrays(data, OVERLAY)
    scores = arrays.take("scores", np.float64, (None, None))
    groups, dimensions = len(scores), len(asked.dimensions)
    split = max(groups - 1, 0)
    splits = arrays.take("splits", np.int64, (split, 2))
    thresholds = arrays.take("thresholds", np.float64, (split,))
    accounts = arrays.take("accounts", np.int64, (groups,))
    lower, upper = (
        arrays.take(key, np.float64, (groups, dimensions)) for key in ("lower", "upper")
    )
    arrays.check_all_taken()
    # A split is of a group that there is by then.
    there = np.column_stack([np.arange(1, split + 1), np.full(split, dimensions)])
    check(bool(((splits >= 0) & (splits < there)).all()), "splits", OVERLAY)
    check(_finite(thresholds), "thresholds", OVERLAY)
    check(bool((accounts >= asked.minimum_group).all()), "accounts", OVERLAY)
    good = scores.shape[1] > 0 and _within(scores, scorecard.scale.maximum) and _ascend(scores)
    check(good, "scores", OVERLAY)
    check(bool((lower <= upper).all()) and _finite(lower, upper), "lower", OVERLAY)
    return ScoreOverlay(asked, splits, thresholds, accounts, lower, upper, scores)


def _within(numbers: NDArray[np.float64], most: float) -> bool:
    return bool(((numbers >= 0.0) & (numbers <= most)).all())


def _ascend(numbers: NDArray[np.float64]) -> bool:
    return bool((np.diff(numbers, axis=-1) >= 0.0).all())


def _finite(*arrays: NDArray[np.float64]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays)
