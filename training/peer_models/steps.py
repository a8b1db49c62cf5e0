"""Finding where a metric jumps along a peer dimension: the month onboarding ends, a licence tier.

A smooth model cannot follow a jump; what it leaves over has opposite signs on the two sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.peer_models.counting import CellCounts, StripCounting
from training.peer_models.interface import Sample

#: Parts of rank that a dimension is searched in.
_PARTS = 48
#: How far on each side of a boundary accounts are compared, in parts.
_REACH = 3
#: Parts that the surroundings of a step are cut into, again and again until it is found.
_STRIP_PARTS = 4096
#: A mean over the knots of squared standard scores; 1 is expected by chance, 12 by a clear step.
_CLEAR = 12.0


class _Side(NamedTuple):
    """What accounts left over on one side: sums of residuals and of their variances, per knot."""

    residuals: NDArray[np.float64]
    variances: NDArray[np.float64]


def find_step(
    sample: Sample, cells: CellCounts, probability: NDArray[np.float64]
) -> tuple[int, float] | None:
    """Find the clearest step that a model has missed.

    Parameters
    ----------
    cells : CellCounts
        The accounts of `sample`, gathered.
    probability : ndarray of shape (n_cells, n_inner_knots)
        What the model says of the cells.

    Returns
    -------
    tuple of (int, float) or None
        Dimension and rank, the upper side of the step; None if there is no clear one.
    """
    residuals = cells.at_or_below[:, 1:-1] - cells.accounts[:, None] * probability
    variances = cells.accounts[:, None] * probability * (1.0 - probability)
    best, clearest = None, _CLEAR
    for dimension, count in enumerate(sample.categories):
        if count:
            continue
        part = np.minimum(cells.dimensions[:, dimension] * _PARTS, _PARTS - 1).astype(np.intp)
        clarity = _clarity(_by_part(part, residuals), _by_part(part, variances))
        boundary = int(np.argmax(clarity))
        if clarity[boundary] > clearest:
            best, clearest = (dimension, boundary + 1), float(clarity[boundary])
    if best is None:
        return None
    return best[0], _locate(sample, best[0], best[1] / _PARTS)


def _by_part(part: NDArray[np.intp], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum by part of the dimension, then along the parts: shape (_PARTS + 1, n_knots)."""
    sums = np.zeros((_PARTS + 1, amounts.shape[1]))
    np.add.at(sums, part + 1, amounts)
    return sums.cumsum(axis=0)


def _clarity(residuals: NDArray[np.float64], variances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compare the sides of every boundary between two parts: shape (_PARTS - 1,)."""
    middle = np.arange(1, _PARTS)
    low, high = np.maximum(middle - _REACH, 0), np.minimum(middle + _REACH, _PARTS)
    return _contrast(
        _Side(residuals[middle] - residuals[low], variances[middle] - variances[low]),
        _Side(residuals[high] - residuals[middle], variances[high] - variances[middle]),
    )


def _contrast(left: _Side, right: _Side) -> NDArray[np.float64]:
    """Average over the knots the squared standard score of left minus right; shape (n,)."""
    weights = left.variances, right.variances
    both = (weights[0] > 0) & (weights[1] > 0)
    safe = [np.where(both, weight, 1.0) for weight in weights]
    difference = left.residuals / safe[0] - right.residuals / safe[1]
    scores = difference**2 / (1.0 / safe[0] + 1.0 / safe[1])
    mean: NDArray[np.float64] = np.where(both, scores, 0.0).mean(axis=1)
    return mean


def _locate(sample: Sample, dimension: int, near: float) -> float:
    """Place a step between two neighbouring ranks that occur; the middle is as good as any."""
    reach = _REACH / _PARTS
    around = _count(sample, dimension, (near - reach, near + reach))
    # Of a straight line through what is around, nothing is left but the step.
    accounts = around.at_or_below[:, -1].sum()
    share = around.at_or_below[:, :-1].sum(axis=0) / accounts
    total = np.append(share, 1.0) * accounts
    before, strip = np.zeros_like(total), around
    while True:
        upto = before + strip.at_or_below.cumsum(axis=0)
        ends = np.flatnonzero(np.abs(strip.highest - near) <= 1.5 / _PARTS)
        ends = ends[ends < len(strip.highest) - 1]
        if not len(ends):
            return near
        best = int(ends[np.argmax(_contrast(*_sides(upto[ends], total, share)))])
        sides = [(float(strip.lowest[at]), float(strip.highest[at])) for at in (best, best + 1)]
        if all(low == high for low, high in sides):
            return (sides[0][0] + sides[1][1]) / 2.0
        # Several ranks are in these two parts: look at them alone, and closer. Each for itself, or
        # two bunches far apart would fall into the same two parts for ever.
        before = upto[best] - strip.at_or_below[best]
        strip = _count(sample, dimension, *sides)


class _Strip(NamedTuple):
    """Accounts along a dimension, in parts that hold some: outermost ranks, and counts by knot.

    The first knot is left out: nobody is at or below it but by chance; the last counts all.
    """

    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    at_or_below: NDArray[np.float64]


def _count(sample: Sample, dimension: int, *strips: tuple[float, float]) -> _Strip:
    counting = StripCounting(dimension, strips, _STRIP_PARTS, len(sample.knots))
    sums = sample.count(counting)
    present = np.flatnonzero(sums["hits"].any(axis=1))
    at_or_below = sums["hits"][present].cumsum(axis=1)[:, 1:].astype(np.float64)
    return _Strip(sums["lowest"][present], sums["highest"][present], at_or_below)


def _sides(
    upto: NDArray[np.float64], total: NDArray[np.float64], share: NDArray[np.float64]
) -> tuple[_Side, _Side]:
    """Give what the accounts before and after each end leave over, from counts at or before it."""
    spread = np.maximum(share * (1.0 - share), 1e-9)
    left, right = (
        _Side(side[:, :-1] - side[:, -1:] * share, side[:, -1:] * spread)
        for side in (upto, total - upto)
    )
    return left, right
