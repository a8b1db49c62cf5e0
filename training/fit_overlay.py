"""Making the overlay: from accounts with scores to groups in which nobody can be recognised.

Accounts are split about in the middle, by one dimension after the other, as long as both sides hold
enough. Every account is in one group, and every group holds the minimum at least. Stored is:

- of the scores of a group, means of at least `_TOGETHER` accounts that follow each other, rounded
  to a hundredth of the scale. The lowest and the highest score are in a mean as well.
- of its sizes, where it ends, as such means; and where it was split off, as one;
- how many it holds; no identifiers and no order of accounts.

So no stored number is one account's score, and what is answered is made of stored numbers alone:
whoever asks often, or reads the artifact itself, learns nothing beyond them. Groups have no account
in common, so that none can be pinned to fewer accounts than its group has.
Someone who knows the scores of all others of a group can narrow the last one down; only a larger
minimum group is against that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import LARGEST_VALUE
from serving.scoring.errors import InvalidInput
from serving.scoring.overlay import ScoreOverlay, nobody
from serving.scoring.scorecard import PeerOverlay
from serving.scoring.scorer import Scorer
from serving.scoring.stored_overlay import pack_overlay

#: Fewest accounts whose mean is stored.
_TOGETHER = 3
#: Most means of a group's scores.
_MEANS = 20
#: A group holds a quarter of the accounts, and not more than so many without need.
_QUARTER, _ENOUGH = 4, 100
#: Most groups.
_GROUPS = 64
#: Where a group may be split, in quarters of its accounts: in the middle if that can be.
_CUTS = (2, 1, 3)


class _Split(NamedTuple):
    """Whoever is larger than the threshold leaves the group; see `ScoreOverlay.splits`."""

    group: int
    dimension: int
    threshold: float


def fit_overlay(scorer: Scorer, accounts: NDArray[np.float64]) -> bytes:
    """Make ``peer_overlay.npz`` of accounts; the same accounts in any order give the same bytes.

    Parameters
    ----------
    scorer : Scorer
        Of a scorecard with `peers`.
    accounts : ndarray of shape (n_accounts, n_inputs)
        As `Scorer.score` takes them. Whoever has no score or no size is left out.

    Raises
    ------
    InvalidInput
        If the scorecard does not ask for a comparison.
    """
    asked = scorer.scorecard.overlay
    if asked is None:
        raise InvalidInput(f"{scorer.scorecard.id} has no `peers`: nothing is compared beside it")
    names = [column.name for column in scorer.inputs]
    sizes = accounts[:, [names.index(name) for name in asked.dimensions]]
    scores = scorer.score(accounts).values[:, -1]
    known = (np.abs(sizes) <= LARGEST_VALUE).all(axis=1) & ~np.isnan(scores)
    made = make_overlay(asked, sizes[known], scores[known], scorer.scorecard.scale.maximum)
    return pack_overlay(made)


def make_overlay(
    asked: PeerOverlay, sizes: NDArray[np.float64], scores: NDArray[np.float64], maximum: float
) -> ScoreOverlay:
    """Group accounts of which all is known.

    Parameters
    ----------
    sizes : ndarray of shape (n_accounts, n_dimensions)
    scores : ndarray of shape (n_accounts,)
    maximum : float
        Of the scale.
    """
    if len(scores) < asked.minimum_group:
        return nobody(asked)
    order = np.lexsort([scores, *sizes.T])  # what the order of accounts must not change
    sizes, scores = sizes[order], scores[order]
    count = len(scores)
    least = max(asked.minimum_group, min(count // _QUARTER, _ENOUGH), -(-count // _GROUPS))
    splits, groups = _partition(sizes, least)
    ends = [[_means(np.sort(own), len(own))[[0, -1]] for own in sizes[group].T] for group in groups]
    low, high = np.moveaxis(_significant(np.array(ends), 2), 2, 0)
    most = min(_MEANS, min(map(len, groups)) // _TOGETHER)
    means = np.array([_means(np.sort(scores[group]), most) for group in groups])
    step = maximum / 100.0
    return ScoreOverlay(
        asked,
        splits=np.array([split[:2] for split in splits], dtype=np.int64).reshape(-1, 2),
        thresholds=np.array([split.threshold for split in splits], dtype=np.float64),
        accounts=np.array([len(group) for group in groups], dtype=np.int64),
        lower=low,
        upper=high,
        scores=np.round(np.rint(means / step) * step, 10),
    )


def _partition(
    sizes: NDArray[np.float64], least: int
) -> tuple[list[_Split], list[NDArray[np.int64]]]:
    """Split groups as long as both sides hold `least` accounts."""
    splits: list[_Split] = []
    groups, turns = [np.arange(len(sizes))], [0]
    number = 0
    while number < len(groups):
        group = groups[number]
        found = _split(sizes[group], turns[number], least)
        if found is None:
            number += 1
            continue
        dimension, threshold = found
        larger = sizes[group, dimension] > threshold
        splits.append(_Split(number, dimension, threshold))
        groups[number] = group[~larger]
        groups.append(group[larger])
        turns[number] = dimension + 1
        turns.append(dimension + 1)
    return splits, groups


def _split(sizes: NDArray[np.float64], turn: int, least: int) -> tuple[int, float] | None:
    """Find a dimension and a threshold, beginning with the dimension whose turn it is."""
    count, dimensions = sizes.shape
    for dimension in np.roll(np.arange(dimensions), -turn).tolist():
        own = np.sort(sizes[:, dimension])
        for cut in _CUTS:
            first = count * cut // 4 - _TOGETHER // 2
            near = _means(own[max(first, 0) : first + _TOGETHER], 1)
            threshold = float(_significant(near, 3)[0])
            if least <= np.count_nonzero(own > threshold) <= count - least:
                return dimension, threshold
    return None


def _means(ascending: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Give means of equally many numbers, give or take one, of `_TOGETHER` at least."""
    parts = np.array_split(ascending, max(1, min(most, len(ascending) // _TOGETHER)))
    # Divided first: a sum could overflow.
    return np.array([np.sum(part / len(part)) for part in parts])


def _significant(numbers: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(numbers)))
    # Nearer to 0 than any size there is, a unit would be 0 itself.
    unit = 10.0 ** np.maximum(np.where(np.isfinite(exponent), exponent - digits + 1, 0.0), -300.0)
    rounded: NDArray[np.float64] = np.rint(numbers / unit) * unit
    return rounded
