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
    names = overlay.asked.dimensions
    return pack_arrays(
        {
            "accounts": np.array([overlay.accounts]),
            "places": overlay.places,
            "lower": overlay.lower,
            "upper": overlay.upper,
            "scores": overlay.scores,
            **{f"sizes/{name}": own for name, own in zip(names, overlay.sizes, strict=True)},
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
    (accounts,) = arrays.take("accounts", np.int64, (1,)).tolist()
    scores = arrays.take("scores", np.float64, (None, None))
    shape = (len(scores), len(asked.dimensions))
    places, lower, upper = (
        arrays.take(key, np.float64, shape) for key in ("places", "lower", "upper")
    )
    sizes = tuple(arrays.take(f"sizes/{name}", np.float64, (None,)) for name in asked.dimensions)
    arrays.check_all_taken()
    enough = accounts >= asked.minimum_group if len(scores) else accounts == 0
    check(enough, "accounts", OVERLAY)
    good = scores.shape[1] > 0 and _within(scores, scorecard.scale.maximum) and _ascend(scores)
    check(good, "scores", OVERLAY)
    check(_within(places, 1.0), "places", OVERLAY)
    check(bool((lower <= upper).all()) and _finite(lower, upper), "lower", OVERLAY)
    for name, own in zip(asked.dimensions, sizes, strict=True):
        good = (len(own) > 0) == (len(scores) > 0) and _finite(own) and _ascend(own)
        check(good, f"sizes/{name}", OVERLAY)
    return ScoreOverlay(asked, accounts, sizes, places, lower, upper, scores)


def _within(numbers: NDArray[np.float64], most: float) -> bool:
    return bool(((numbers >= 0.0) & (numbers <= most)).all())


def _ascend(numbers: NDArray[np.float64]) -> bool:
    return bool((np.diff(numbers, axis=-1) >= 0.0).all())


def _finite(*arrays: NDArray[np.float64]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays)
