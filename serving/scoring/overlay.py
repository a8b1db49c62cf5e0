"""A whole score beside those of anonymous accounts of similar size. It never changes a score.

Similar size means the same group. The groups are a partition: all accounts are split about in the
middle by one dimension, the halves again by the next, as long as both sides hold enough. No account
is in two groups, so two groups have nothing in common by which fewer could be singled out.

Of each group a few means are kept, never one account's score: see `training.fit_overlay`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.intervals import INTERVAL_LEVEL, QUARTILES, normal_quantile, wilson
from serving.scoring.scorecard import PeerOverlay

Status = Literal["compared", "suppressed", "size_not_known"]

#: What each status means, for people.
STATUSES: Mapping[Status, str] = {
    "compared": "compared with accounts of similar size",
    "suppressed": "too few accounts to compare with, so that nobody could be recognised",
    "size_not_known": "the account's size is not known, so there is nobody of similar size",
}

_QUANTILE = normal_quantile(INTERVAL_LEVEL)


class PeerComparison(NamedTuple):
    """A global score beside those of similar accounts; everything but the first two may be None.

    Attributes
    ----------
    status : str
        A word of `STATUSES`; only where it is "compared" are there figures.
    minimum_group : int
        Nothing is said of fewer accounts.
    accounts : int or None
        How many accounts the figures are of; the account itself may be one of them.
    sizes : mapping of str to (float, float), or None
        Dimension → from about where to about where these accounts lie.
    quartiles : tuple of float, or None
        The scores that about a quarter, half and three quarters of them are at or below.
    percentile : float or None
        The share of them with a lower score, in [0, 1]; None where the account has no score.
    percentile_low, percentile_high : float or None
        Ends of the `INTERVAL_LEVEL` interval: there are only so many accounts.
    """

    status: Status
    minimum_group: int
    accounts: int | None = None
    sizes: Mapping[str, tuple[float, float]] | None = None
    quartiles: tuple[float, ...] | None = None
    percentile: float | None = None
    percentile_low: float | None = None
    percentile_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the same as plain JSON values."""
        sizes, quartiles = self.sizes, self.quartiles
        return {
            **self._asdict(),
            "sizes": None if sizes is None else {name: [*ends] for name, ends in sizes.items()},
            "quartiles": None if quartiles is None else list(quartiles),
        }


class Curve:
    """From scores to shares at or below, through means of equally many scores each."""

    def __init__(self, means: NDArray[np.float64]) -> None:
        shares = (np.arange(len(means)) + 0.5) / max(len(means), 1)
        self._values, of = np.unique(means, return_inverse=True)
        # Equal means share the middle of their places.
        self._shares = np.bincount(of, shares) / np.bincount(of) if len(means) else shares

    def share(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give shares; beyond the outermost means that of the means."""
        return np.interp(values, self._values, self._shares)


@dataclass(frozen=True, eq=False)
class ScoreOverlay:
    """Scores of groups of anonymous accounts. Immutable; safe to share by threads.

    Attributes
    ----------
    asked : PeerOverlay
        What the definition says.
    splits : ndarray of int64, shape (n_groups - 1, 2)
        Which group the first, second, … split is of, and by which dimension. All accounts begin in
        group 0; the first split makes group 1, the next group 2, and so on.
    thresholds : ndarray of shape (n_groups - 1,)
        Whoever of a split's group is larger than this moves to the group that the split makes.
    accounts : ndarray of int64, shape (n_groups,)
        How many each group has.
    lower, upper : ndarray of shape (n_groups, n_dimensions)
        About where the group's accounts lie.
    scores : ndarray of shape (n_groups, n_means)
        Means of equally many of a group's scores, ascending.
    """

    asked: PeerOverlay
    splits: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    accounts: NDArray[np.int64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    scores: NDArray[np.float64]

    def compare(self, sizes: Sequence[float], score: float | None) -> PeerComparison:
        """Compare an account's global score.

        Parameters
        ----------
        sizes : sequence of float
            The account's, in the order of the dimensions; NaN is not known.
        score : float or None
        """
        least = self.asked.minimum_group
        if not len(self.accounts):
            return PeerComparison("suppressed", least)
        if not np.isfinite(sizes).all():
            return PeerComparison("size_not_known", least)
        group = self.group_of(sizes)
        accounts = int(self.accounts[group])
        ends = zip(self.lower[group].tolist(), self.upper[group].tolist(), strict=True)
        means = self.scores[group]
        shares = (np.arange(len(means)) + 0.5) / len(means)
        about = dict(zip(self.asked.dimensions, ends, strict=True))
        told = PeerComparison(
            "compared",
            least,
            accounts,
            about,
            tuple(np.interp(QUARTILES, shares, means).tolist()),
        )
        if score is None:
            return told
        percentile = Curve(means).share(np.array([score]))
        low, high = wilson(percentile, np.array([float(accounts)]), _QUANTILE)
        return told._replace(
            percentile=float(percentile[0]),
            percentile_low=float(low[0]),
            percentile_high=float(high[0]),
        )

    def group_of(self, sizes: Sequence[float]) -> int:
        """Find the one group of an account whose sizes are all known."""
        group = 0
        for made, ((of, dimension), threshold) in enumerate(self._splits, start=1):
            if group == of and sizes[dimension] > threshold:
                group = made
        return group

    @cached_property
    def _splits(self) -> list[tuple[list[int], float]]:
        return list(zip(self.splits.tolist(), self.thresholds.tolist(), strict=True))


def nobody(asked: PeerOverlay) -> ScoreOverlay:
    """Give the overlay that has no groups: every comparison is suppressed."""
    none = np.empty((0, len(asked.dimensions)))
    return ScoreOverlay(
        asked,
        splits=np.empty((0, 2), dtype=np.int64),
        thresholds=np.empty(0),
        accounts=np.empty(0, dtype=np.int64),
        lower=none,
        upper=none,
        scores=np.empty((0, 1)),
    )
