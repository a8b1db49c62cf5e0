"""What the scorer says of a batch of accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the scorer says of a batch of accounts.

    Attributes
    ----------
    values : ndarray of shape (n_accounts, n_scores)
        Scores in the order of `Scorer.outputs` without ``last_modified``; NaN means no score.
    ranks : ndarray of shape (n_accounts, n_peer_metrics)
        Peer ranks before they are put on the scale, in the order of the scorecard's
        `peer_metrics`.
    flags : ndarray of uint8, shape (n_accounts,)
        Sums of `Flag`.
    statuses : ndarray of uint8, shape (n_accounts, n_metrics)
        `Status` of every metric, in the order of the scorecard's `metrics`: why it has a score,
        or has none.
    """

    values: NDArray[np.float64]
    ranks: NDArray[np.float64]
    flags: NDArray[np.uint8]
    statuses: NDArray[np.uint8]

    def take(self, rows: NDArray[np.intp]) -> Scores:
        """Give the scores of some accounts, by their places, in the order of `rows`."""
        return Scores(self.values[rows], self.ranks[rows], self.flags[rows], self.statuses[rows])
