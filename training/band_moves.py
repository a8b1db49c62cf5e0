"""From which band to which accounts move, from one definition to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.bands import Band, band_places

#: What stands for a band where there is no score.
NO_SCORE = "no score"

#: Flows that are told in words.
_TOLD = 3


class BandMoves(NamedTuple):
    """How many accounts are in which band before and after.

    Attributes
    ----------
    before, after : tuple of str
        Names of bands, the best first, then `NO_SCORE`.
    counts : ndarray of int64, shape (n_before, n_after)
        Accounts in the band of the row before and in that of the column after.
    changed : ndarray of bool, shape (n_accounts,)
        Whose band has another name.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    counts: NDArray[np.int64]
    changed: NDArray[np.bool_]

    @property
    def changed_share(self) -> float:
        """The share of all accounts whose band has another name."""
        return float(self.changed.mean()) if len(self.changed) else 0.0

    def flows(self) -> list[tuple[str, str, int]]:
        """Give who went from where to where, the largest flow first."""
        found = [
            (old, new, int(self.counts[row, column]))
            for row, old in enumerate(self.before)
            for column, new in enumerate(self.after)
            if old != new and self.counts[row, column]
        ]
        return sorted(found, key=lambda flow: -flow[2])

    def largest_flows(self) -> str:
        """Say the largest flows in words."""
        told = [f"{old} -> {new} {count:,}" for old, new, count in self.flows()[:_TOLD]]
        return ", ".join(told) or "none"


def band_moves(
    old: NDArray[np.float64],
    new: NDArray[np.float64],
    old_bands: Sequence[Band],
    new_bands: Sequence[Band],
) -> BandMoves:
    """Count accounts by band before and after.

    Parameters
    ----------
    old, new : ndarray of shape (n_accounts,)
        Global scores of the same accounts; NaN = none.
    """
    before, was = _named(old, old_bands)
    after, now = _named(new, new_bands)
    counts = np.zeros((len(before), len(after)), dtype=np.int64)
    np.add.at(counts, (was, now), 1)
    changed = np.array(before)[was] != np.array(after)[now]
    return BandMoves(before, after, counts, changed)


def band_names(scores: NDArray[np.float64], bands: Sequence[Band]) -> list[str | None]:
    """Name the band of each score; None where there is no score."""
    names = [*(band.name for band in bands), None]
    return [names[place] for place in band_places(scores, bands)]


def _named(
    scores: NDArray[np.float64], bands: Sequence[Band]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Give names, the best first and `NO_SCORE` last, and each account's place among them."""
    names = (*(band.name for band in reversed(bands)), NO_SCORE)
    places = band_places(scores, bands)
    return names, len(bands) - 1 - places
