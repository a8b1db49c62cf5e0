"""Making the overlay: from accounts with scores to groups in which nobody can be recognised.

What is stored, of at most `_PLACES` groups of the accounts nearest to a place:

- of the scores, means of at least `_TOGETHER` accounts that follow each other, rounded to a
  hundredth of the scale. The lowest and the highest score of a group are in a mean as well.
- of the sizes, the same for all accounts together, and the ends of each group as such means;
- no identifiers, no order of accounts, no counts but the size of all groups, which is one number.

So no stored number is one account's score, and what is answered is made of stored numbers alone:
whoever asks often, or reads the artifact itself, learns nothing beyond them. Two groups differ by
half a minimum group or more, so that taking one from the other leaves no single account either.
Someone who knows the scores of all others of a group can narrow the last one down; only a larger
minimum group is against that.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import LARGEST_VALUE
from serving.scoring.errors import InvalidInput
from serving.scoring.overlay import Curve, ScoreOverlay, nobody
from serving.scoring.scorecard import PeerOverlay
from serving.scoring.stored_overlay import pack_overlay

if TYPE_CHECKING:  # the scorer reads overlays
    from serving.scoring.scorer import Scorer

#: Fewest accounts whose mean is stored.
_TOGETHER = 3
#: Most means of a group's scores.
_MEANS = 20
#: Most means of all accounts' sizes.
_SIZE_MEANS = 100
#: A group is the nearest quarter of the accounts, and not more than so many without need.
_QUARTER, _LARGE_GROUP = 4, 200
#: Most places whose nearest accounts are a group.
_PLACES = 64
#: Of more accounts than this every second, third, … counts.
_MOST_ACCOUNTS = 20_000


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
    order = np.lexsort([scores, *sizes.T])[:: -(-len(scores) // _MOST_ACCOUNTS)]
    sizes, scores = sizes[order], scores[order]
    count = max(asked.minimum_group, min(len(scores) // _QUARTER, _LARGE_GROUP))
    if count > len(scores):  # a minimum above what is looked at
        return nobody(asked)
    curves = tuple(_significant(_means(np.sort(own), _SIZE_MEANS), 3) for own in sizes.T)
    places = np.column_stack(
        [Curve(means).share(own) for means, own in zip(curves, sizes.T, strict=True)]
    )
    kept, groups = _groups(places, count, asked.minimum_group)
    ends = [[_means(np.sort(own), len(own))[[0, -1]] for own in sizes[group].T] for group in groups]
    low, high = np.moveaxis(_significant(np.array(ends), 2), 2, 0)
    means = np.array([_means(np.sort(scores[group]), _MEANS) for group in groups])
    step = maximum / 100.0
    rounded = np.round(np.rint(means / step) * step, 10)
    return ScoreOverlay(asked, count, curves, kept, low, high, rounded)


def _groups(
    places: NDArray[np.float64], count: int, minimum: int
) -> tuple[NDArray[np.float64], list[NDArray[np.int64]]]:
    """Take the accounts nearest to places all over, passing over groups that are too alike."""
    dimensions = places.shape[1]
    along = int(_PLACES ** (1.0 / dimensions) + 1e-9)
    ticks = (np.arange(along) + 0.5) / along
    kept: list[tuple[float, ...]] = []
    groups: list[NDArray[np.int64]] = []
    members: list[NDArray[np.bool_]] = []
    for place in product(ticks.tolist(), repeat=dimensions):
        distance = np.abs(places - np.array(place)).max(axis=1)
        nearest = np.argsort(distance, kind="stable")[:count]
        inside = np.zeros(len(places), dtype=np.bool_)
        inside[nearest] = True
        if all(2 * int((inside & ~other).sum()) >= minimum for other in members):
            kept.append(place)
            groups.append(nearest)
            members.append(inside)
    return np.array(kept), groups


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
