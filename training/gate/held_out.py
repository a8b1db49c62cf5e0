"""How right each artifact is on accounts that neither fit has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Scorer
from serving.scoring.peers import Surroundings
from serving.scoring.scorecard import PeerMetric
from training.calibration import ks_distance, randomised_pit
from training.gate.same_accounts import SameAccounts
from training.rank_crps import crps_thresholds, table_losses


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The held-out accounts as one artifact sees them.

    Attributes
    ----------
    values : mapping of str to ndarray of shape (n_held_out,)
        Metric → what the accounts have; NaN where an account has none, or the artifact cannot rank
        it because no training account had one.
    """

    scorer: Scorer
    around: Surroundings
    values: Mapping[str, NDArray[np.float64]]


class MetricLosses(NamedTuple):
    """The rank-CRPS of the same accounts, row by row; arrays of shape (n_accounts,)."""

    candidate: NDArray[np.float64]
    champion: NDArray[np.float64]


def look(scorer: Scorer, same: SameAccounts, rows: NDArray[np.bool_]) -> HeldOut:
    """Find what an artifact says of held-out accounts."""
    accounts = same.encode(scorer, rows)
    ranks = scorer.score(accounts).ranks
    column = {entry.name: position for position, entry in enumerate(scorer.inputs)}
    values = {
        metric.name: np.where(
            np.isnan(ranks[:, position]), np.nan, accounts[:, column[metric.name]]
        )
        for position, metric in enumerate(scorer.scorecard.peer_metrics)
    }
    return HeldOut(scorer, scorer.around(accounts), values)


def calibration(seen: HeldOut) -> dict[str, tuple[int, float]]:
    """Give each metric's number of accounts and KS distance; 0.0 where there is no account."""
    found = {}
    for metric in seen.scorer.scorecard.peer_metrics:
        has = ~np.isnan(seen.values[metric.name])
        if not has.any():
            found[metric.name] = 0, 0.0
            continue
        table, values = seen.around.metrics[metric.name], seen.values[metric.name][has]
        pit = randomised_pit(table, metric, seen.around.cells.some(has), values)
        found[metric.name] = len(pit), ks_distance(pit)
    return found


def paired_losses(candidate: HeldOut, champion: HeldOut) -> dict[str, MetricLosses]:
    """Give the losses of the metrics that both artifacts rank.

    Both are asked at the champion's thresholds and between its bounds, so that the losses differ
    in the predicted shares alone.
    """
    losses = {}
    for metric in champion.scorer.scorecard.peer_metrics:
        name = metric.name
        if name not in candidate.values:
            continue
        has = ~np.isnan(candidate.values[name]) & ~np.isnan(champion.values[name])
        if has.any():
            losses[name] = _losses_of(metric, candidate.around, champion, has)
    return losses


def _losses_of(
    metric: PeerMetric, candidate: Surroundings, champion: HeldOut, has: NDArray[np.bool_]
) -> MetricLosses:
    table = champion.around.metrics[metric.name]
    values = champion.values[metric.name][has]
    thresholds = crps_thresholds(table.pooled, table.bounds(metric))
    ours, theirs = (
        table_losses(around.metrics[metric.name], around.cells.some(has), values, thresholds)
        for around in (candidate, champion.around)
    )
    return MetricLosses(ours, theirs)
