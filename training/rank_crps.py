"""The rank-CRPS: how far a predicted distribution is from what came, and how sure that is.

References
----------
.. [1] Gneiting & Raftery (2007), "Strictly Proper Scoring Rules", JASA 102(477).
.. [2] Efron & Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13: the percentile
       interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Cells
from serving.scoring.peer_table import PeerTable
from serving.scoring.scorecard import PeerMetric

#: Thresholds: pooled ranks.
CRPS_LEVELS = np.linspace(0.01, 0.99, 50)
#: How often accounts are drawn anew.
RESAMPLES = 1000
_SEED = 20260102
#: Losses are whole multiples of 2**-30: their sums over millions of accounts are exact, so no
#: library, number of threads or order of adding changes a bit of an interval.
_EXACT = 2.0**30
#: Counts of accounts held at a time: 8 MB.
_COUNTS = 2**20


class Losses(NamedTuple):
    """The rank-CRPS of each account that has the metric; all of shape (n_accounts,).

    Attributes
    ----------
    own : ndarray
        Under the artifact's distribution.
    alone : ndarray
        Under the pooled distribution, which ignores peers.
    nearest : ndarray or None
        Under the plain baseline's, if there is one.
    """

    own: NDArray[np.float64]
    alone: NDArray[np.float64]
    nearest: NDArray[np.float64] | None


def crps_thresholds(pooled: PooledDistribution, bounds: tuple[float, float]) -> NDArray[np.float64]:
    """Give the pooled quantiles at `CRPS_LEVELS` that lie between the bounds.

    Beyond a bound nobody is: there every distribution is right.
    """
    thresholds = np.interp(CRPS_LEVELS, pooled.ranks, pooled.values)
    return thresholds[(thresholds >= bounds[0]) & (thresholds < bounds[1])]


def table_losses(
    table: PeerTable,
    cells: Cells,
    values: NDArray[np.float64],
    thresholds: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give every account's mean of (F(t) - 1[y <= t])² over `CRPS_LEVELS`, shape (n_accounts,).

    Parameters
    ----------
    values : ndarray of shape (n_accounts,)
        No NaN.
    thresholds : ndarray of shape (n_thresholds,)
        Those of the levels that can be wrong; see `crps_thresholds`.
    """
    nodes = len(table.cdf)
    nowhere = np.zeros(nodes, dtype=bool)
    # F at a threshold is looked up once per node and then averaged, not once per account.
    each_node = Cells(np.arange(nodes)[None], np.ones((1, nodes)), nowhere, nowhere)
    total = np.zeros(len(values))
    for threshold in thresholds:
        at_nodes = table.at_or_below(each_node, np.full(nodes, threshold))
        total += (cells.mix(at_nodes) - (values <= threshold)) ** 2
    return _exact(total / len(CRPS_LEVELS))


def pooled_losses(
    pooled: PooledDistribution, values: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the same for the pooled distribution."""
    total = np.zeros(len(values))
    for threshold, share in zip(thresholds, pooled.at_or_below(thresholds), strict=True):
        total += (share - (values <= threshold)) ** 2
    return _exact(total / len(CRPS_LEVELS))


def metric_losses(
    table: PeerTable,
    metric: PeerMetric,
    cells: Cells,
    values: NDArray[np.float64],
    nearest: tuple[PeerTable, Cells] | None = None,
) -> Losses:
    """Give the losses of accounts that have a value, and those they are compared with.

    Parameters
    ----------
    values : ndarray of shape (n_accounts,)
        No NaN; beyond a bound they count as at it.
    nearest : tuple of (PeerTable, Cells), optional
        The baseline's table, and where the accounts are in it.
    """
    bounds = table.bounds(metric)
    values = np.clip(values, *bounds)
    thresholds = crps_thresholds(table.pooled, bounds)
    # A baseline whose accounts never had the metric says nothing.
    tells = nearest is not None and len(nearest[0].pooled.values) > 1
    return Losses(
        table_losses(table, cells, values, thresholds),
        pooled_losses(table.pooled, values, thresholds),
        table_losses(*nearest, values, thresholds) if nearest is not None and tells else None,
    )


def ratio(losses: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Give the ratio of two mean losses; 1 where the other is never wrong: nothing is to tell."""
    total = float(others.sum())
    return float(losses.sum()) / total if total > 0 else 1.0


def ratio_error(losses: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Give the standard error of `ratio`, to first order."""
    if not others.any():
        return 0.0
    spread = (losses - ratio(losses, others) * others).std()
    return float(spread / np.sqrt(len(losses)) / others.mean())


def ratio_intervals(
    losses: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give 95 % bootstrap intervals of several ratios of mean losses.

    Accounts are drawn anew with replacement, `RESAMPLES` times, the same ones for all ratios; an
    interval reaches from the 2.5th to the 97.5th percentile of the ratio.

    Parameters
    ----------
    losses, others : ndarray of shape (n_ratios, n_accounts)
        Numerators and denominators, 0 where an account does not have the metric. Whole multiples
        of 2**-30, as `metric_losses` gives: then the result is exact.

    Returns
    -------
    ndarray of shape (n_ratios, 2)
    """
    accounts = losses.shape[1]
    both = np.ascontiguousarray(np.concatenate([losses, others]).T)
    sums = np.empty((RESAMPLES, both.shape[1]))
    rng = np.random.default_rng(_SEED)
    at_once = max(1, _COUNTS // max(accounts, 1))
    for start in range(0, RESAMPLES, at_once):
        rows = range(start, min(start + at_once, RESAMPLES))
        # Drawing accounts and counting them is a multinomial draw, and a quick one.
        counts = [
            np.bincount(rng.integers(0, accounts, accounts), minlength=accounts) for _ in rows
        ]
        # More threads than idle processors wait for each other: far slower than one.
        with threadpool_limits(1, user_api="blas"):
            sums[rows.start : rows.stop] = np.array(counts, dtype=np.float64) @ both
    top, bottom = sums[:, : len(losses)], sums[:, len(losses) :]
    ratios = np.divide(top, bottom, out=np.ones_like(top), where=bottom > 0)
    return np.quantile(ratios, [0.025, 0.975], axis=0).T


def ratios_with_intervals(
    losses: Mapping[str, tuple[NDArray[np.bool_], Losses]],
) -> dict[str, dict[str, Any]]:
    """Compare every metric with no peers and with the baseline.

    Parameters
    ----------
    losses : mapping of str to tuple
        Metric → which of all accounts have it, shape (n_all_accounts,), and their losses.

    Returns
    -------
    dict
        Metric → ``rank_crps_ratio``, ``rank_crps_knn_ratio`` and each one's ``_interval``; None
        where there is no baseline.
    """
    told: dict[str, dict[str, Any]] = {name: {} for name in losses}
    where, pairs = [], []
    for name, (seen, found) in losses.items():
        for key, other in (
            ("rank_crps_ratio", found.alone),
            ("rank_crps_knn_ratio", found.nearest),
        ):
            told[name] |= {key: None, f"{key}_interval": None}
            if other is not None:
                told[name][key] = ratio(found.own, other)
                where.append((name, f"{key}_interval"))
                pairs.append([_spread(seen, found.own), _spread(seen, other)])
    if pairs:
        numerators, denominators = np.array(pairs).transpose(1, 0, 2)
        intervals = ratio_intervals(numerators, denominators).tolist()
        for (name, key), interval in zip(where, intervals, strict=True):
            told[name][key] = interval
    return told


def _spread(seen: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    everywhere = np.zeros(len(seen))
    everywhere[seen] = values
    return everywhere


def _exact(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.rint(losses * _EXACT) / _EXACT
