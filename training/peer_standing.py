"""One account against the distribution of its peers, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.scoring import InvalidInput, Scorer
from training.inspection import peer_quantiles

#: Shares of the peers at which their distribution is shown.
LEVELS = np.linspace(0.01, 0.99, 99)


@dataclass(frozen=True, eq=False)
class Standing:
    """One metric of one account among its peers.

    Attributes
    ----------
    value : float
        The account's, in the metric's unit; NaN if it has none.
    rank, low, high : float
        Share of the peers that stand lower, and the ends of its 90 % interval; 0 to 1, 1 is best;
        NaN where there is no value.
    effective_peers : float
        How many training accounts inform the rank.
    quantiles : ndarray of shape (99,)
        What 1, 2, …, 99 % of the peers are at or below, in the metric's unit; NaN for a metric
        that no training account had.
    """

    metric: str
    higher_is_better: bool
    value: float
    rank: float
    low: float
    high: float
    effective_peers: float
    quantiles: NDArray[np.float64]

    @property
    def median(self) -> float:
        """The median of the peers, in the metric's unit."""
        return float(self.quantiles[len(self.quantiles) // 2])


def peer_standings(scorer: Scorer, account: NDArray[np.float64]) -> Mapping[str, Standing]:
    """Say where an account stands among its peers; nothing where it is compared with none.

    Parameters
    ----------
    account : ndarray of shape (1, n_inputs)
        As `Scorer.encode` gives it.

    Raises
    ------
    InvalidInput
        If it is not one account.
    """
    if len(account) != 1:
        raise InvalidInput(f"one account is needed, not {len(account)}")
    if not scorer.scorecard.peer_metrics:
        return {}
    around, intervals = scorer.around(account), scorer.intervals(account)
    ranks = scorer.score(account).ranks[0]
    column = {entry.name: position for position, entry in enumerate(scorer.inputs)}
    return {
        metric.name: Standing(
            metric.name,
            metric.higher_is_better,
            float(account[0, column[metric.name]]),
            float(ranks[place]),
            float(intervals.low[0, place]),
            float(intervals.high[0, place]),
            float(around.cells.mix(around.metrics[metric.name].peers)[0]),
            peer_quantiles(around.metrics[metric.name], metric, around.cells, LEVELS.tolist())[0],
        )
        for place, metric in enumerate(scorer.scorecard.peer_metrics)
    }


def median_peer(
    scorer: Scorer, account: NDArray[np.float64], standings: Mapping[str, Standing]
) -> NDArray[np.float64]:
    """Give an account like this one whose every metric is at its peers' median, same shape."""
    peer = account.copy()
    for position, entry in enumerate(scorer.inputs):
        if entry.name in standings:
            peer[0, position] = standings[entry.name].median
    return peer
