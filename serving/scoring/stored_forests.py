"""Models of many peer dimensions, read back from plain arrays and checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_forest import PeerForest
from serving.scoring.peer_forests import PeerForests, categories_of
from serving.scoring.scorecard import Scorecard
from serving.scoring.smooth_terms import MAX_DIMENSIONS, SmoothTerms
from serving.scoring.stored_arrays import StoredArrays, check, read_pooled
from serving.scoring.stored_trees import is_bounded, read_trees

#: An account without one of its dimensions costs as much as so many others: see `PeerForests`.
MAX_BACKGROUND = 256


def read_forests(arrays: StoredArrays, scorecard: Scorecard) -> PeerForests:
    """Take out and check what `PeerForests.to_npz` packed.

    Raises
    ------
    ArtifactCorrupt
        If an array is missing, has another type or shape, or holds what no fit gives: steps or
        trees over dimensions that there are not, knots that descend, numbers without end.
    """
    # Before anything is laid out: a small file may claim many dimensions.
    check(len(scorecard.peer_dimensions) <= MAX_DIMENSIONS, "axes")
    axes = tuple(_read_axis(arrays, column) for column in scorecard.peer_dimensions)
    terms = SmoothTerms(categories_of(axes)).count
    leverage = arrays.take("leverage", np.float64, (terms, terms))
    check(is_bounded(leverage) and bool((leverage == leverage.T).all()), "leverage")
    # A sum of squares: no place has less than nobody.
    lengths = np.linalg.eigvalsh(leverage)
    check(bool(lengths[0] >= -1e-9 * max(lengths[-1], 1e-12)), "leverage")
    return PeerForests(
        axes=axes,
        metrics={
            metric.name: _read_forest(arrays, metric.name, axes)
            for metric in scorecard.peer_metrics
        },
        background=_read_background(arrays, axes),
        leverage=leverage,
    )


def _read_axis(arrays: StoredArrays, column: Input) -> Axis:
    key = f"axes/{column.name}"
    if column.type == "category":
        check(len(column.categories) > 0, key)
        return Axis(column, None, np.empty(0))
    return Axis(column, read_pooled(arrays, key), np.array([0.0, 1.0]))


def _read_background(arrays: StoredArrays, axes: tuple[Axis, ...]) -> NDArray[np.float64]:
    background = arrays.take("background", np.float64, (None, len(axes)))
    check(0 < len(background) <= MAX_BACKGROUND, "background")
    for column, count in zip(background.T, categories_of(axes), strict=True):
        within = (column >= 0) & (column <= (count - 1 if count else 1.0))
        whole = (column == np.floor(column)) | (count == 0)
        check(bool((within & whole).all()), "background")
    return background


def _read_forest(arrays: StoredArrays, name: str, axes: tuple[Axis, ...]) -> PeerForest:
    key = f"forests/{name}"
    knots = arrays.take(f"{key}/knots", np.float64, (None,))
    check(len(knots) >= 2 and bool((np.diff(knots) > 0).all()), f"{key}/knots")
    check(knots[0] == 0.0 and knots[-1] == 1.0, f"{key}/knots")
    lower, upper = arrays.take(f"{key}/bounds", np.float64, (2,)).tolist()
    check(lower < upper, f"{key}/bounds")
    (observed,) = arrays.take(f"{key}/observed", np.float64, (1,)).tolist()
    check(0.0 <= observed <= 1.0, f"{key}/observed")
    inner = len(knots) - 2
    terms = _read_terms(arrays, key, categories_of(axes))
    offset = arrays.take(f"{key}/offset", np.float64, (inner,))
    coefficients = arrays.take(f"{key}/coefficients", np.float64, (terms.count, inner))
    check(is_bounded(offset), f"{key}/offset")
    check(is_bounded(coefficients), f"{key}/coefficients")
    return PeerForest(
        pooled=read_pooled(arrays, key),
        knots=knots,
        lower=lower,
        upper=upper,
        terms=terms,
        coefficients=coefficients,
        offset=offset,
        trees=read_trees(arrays, key, inner, sum(count or 1 for count in terms.categories)),
        observed=observed,
    )


def _read_terms(arrays: StoredArrays, key: str, categories: tuple[int, ...]) -> SmoothTerms:
    dimensions = arrays.take(f"{key}/step_dimensions", np.int16, (None,))
    ranks = arrays.take(f"{key}/step_ranks", np.float64, (len(dimensions),))
    numbers = [position for position, count in enumerate(categories) if count == 0]
    check(bool(np.isin(dimensions, numbers).all()), f"{key}/step_dimensions")
    check(bool(((ranks >= 0.0) & (ranks <= 1.0)).all()), f"{key}/step_ranks")
    return SmoothTerms(categories, tuple(zip(dimensions.tolist(), ranks.tolist(), strict=True)))
