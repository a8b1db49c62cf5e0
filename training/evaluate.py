"""How right are the scores of an artifact, on accounts that its fit has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis, Cells
from serving.scoring.peer_table import PeerTable
from serving.scoring.scorer import Flag, Scorer
from training.axes import to_ranks

#: Thresholds of the rank-CRPS: pooled ranks.
CRPS_LEVELS = np.linspace(0.01, 0.99, 50)
COVERAGE_LEVELS = np.linspace(0.05, 0.95, 19)
#: Cells of the peer dimensions with fewer accounts say nothing of calibration.
MIN_CELL_ACCOUNTS = 50
#: 95 % point of the Kolmogorov-Smirnov statistic of n uniform numbers, times sqrt(n).
KS_95 = 1.358
_SEED = 20260101


def evaluate(scorer: Scorer, frame: pd.DataFrame, accounts: NDArray[np.float64]) -> dict[str, Any]:
    """Measure calibration and sharpness, metric by metric.

    Parameters
    ----------
    frame : DataFrame
        The accounts, for their ids.
    accounts : ndarray of shape (n_accounts, n_inputs)
        The same accounts, encoded.

    Returns
    -------
    dict
        Plain JSON values; see `evaluate_metric` for what is said of each metric.
    """
    accounts = accounts[np.argsort(frame["acct_id"].to_numpy(str), kind="stable")]
    cells = scorer.cells(accounts)
    scores = scorer.score(accounts)
    groups = _peer_groups(scorer, accounts)
    column = {entry.name: position for position, entry in enumerate(scorer.inputs)}
    metrics = {}
    for metric in scorer.scorecard.metrics:
        values = accounts[:, column[metric.name]]
        seen = ~np.isnan(values)
        table = scorer.artifact.tables.metrics[metric.name]
        metrics[metric.name] = {"missing": int((~seen).sum())} | (
            evaluate_metric(table, cells.some(seen), values[seen], groups[seen])
            if seen.any()
            else {"accounts": 0}
        )
    flags = {str(flag.name).lower(): int(((scores.flags & flag) > 0).sum()) for flag in Flag}
    return {"accounts": len(accounts), "flags": flags, "metrics": metrics}


def evaluate_metric(
    table: PeerTable, cells: Cells, values: NDArray[np.float64], groups: NDArray[np.intp]
) -> dict[str, Any]:
    """Evaluate one metric's distribution on accounts that have a value.

    Returns
    -------
    dict
        ``rank_crps``: mean over accounts and `CRPS_LEVELS` of (F - 1[y <= t])²; smaller is
        better. ``rank_crps_ratio``: to the same for the pooled distribution, which ignores
        peers; below 1 the peers tell something, and 1 where there is nothing to tell (a
        constant metric); with its standard error. ``pit_ks``: largest distance of the
        randomised PIT from uniform, with the 95 % level of pure noise.
        ``coverage``: share of accounts at or below each rank. ``worst_cell_ks``: the largest
        `pit_ks` in a cell of peer-dimension quartiles, with that cell's noise level; both 0
        where no cell has `MIN_CELL_ACCOUNTS`.
        ``at_lower``, ``at_upper``: share of accounts at the learned bounds.

    References
    ----------
    .. [1] Gneiting & Raftery (2007), "Strictly Proper Scoring Rules", JASA 102(477).
    .. [2] Czado, Gneiting & Held (2009), "Predictive Model Assessment for Count Data",
           Biometrics 65(4): the randomised PIT.
    """
    losses, alone = _rank_crps(table, cells, values)
    ratio, error = _ratio(losses, alone)
    pit = randomised_pit(table, cells, values)
    worst = _worst_cell(pit, groups)
    return {
        "accounts": len(values),
        "rank_crps": float(losses.mean()),
        "rank_crps_ratio": ratio,
        "rank_crps_ratio_standard_error": error,
        "pit_ks": ks_distance(pit),
        "pit_ks_noise_95": KS_95 / float(np.sqrt(len(pit))),
        "coverage": {f"{level:.2f}": float((pit <= level).mean()) for level in COVERAGE_LEVELS},
        "worst_cell_ks": worst[0],
        "worst_cell_noise_95": worst[1],
        "at_lower": float((values <= table.lower).mean()),
        "at_upper": float((values >= table.upper).mean()),
    }


def randomised_pit(
    table: PeerTable, cells: Cells, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw each account's rank uniformly between P(Y<y) and P(Y<=y): uniform if F is right."""
    low, high = table.below(cells, values), table.at_or_below(cells, values)
    return low + np.random.default_rng(_SEED).random(len(values)) * (high - low)


def ks_distance(pit: NDArray[np.float64]) -> float:
    """Give the largest distance between the share of accounts at or below a rank and the rank."""
    ordered = np.sort(pit)
    steps = np.arange(len(pit) + 1) / len(pit)
    return float(max(np.abs(ordered - steps[1:]).max(), np.abs(ordered - steps[:-1]).max()))


def _rank_crps(
    table: PeerTable, cells: Cells, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give every account's rank-CRPS under the table and under the pooled distribution."""
    thresholds = np.interp(CRPS_LEVELS, table.pooled.ranks, table.pooled.values)
    losses, alone = np.zeros(len(values)), np.zeros(len(values))
    for threshold in thresholds:
        at = np.full(len(values), threshold)
        below = values <= threshold
        losses += (table.at_or_below(cells, at) - below) ** 2
        alone += (table.pooled.at_or_below(at) - below) ** 2
    return losses / len(thresholds), alone / len(thresholds)


def _ratio(losses: NDArray[np.float64], alone: NDArray[np.float64]) -> tuple[float, float]:
    """Give the ratio of two mean losses and its standard error."""
    if not alone.any():
        # All values are the same and were foretold without peers.
        return 1.0, 0.0
    ratio = losses.mean() / alone.mean()
    error = (losses - ratio * alone).std() / np.sqrt(len(losses)) / alone.mean()
    return float(ratio), float(error)


def _worst_cell(
    pit: NDArray[np.float64], groups: NDArray[np.intp]
) -> tuple[float | None, float | None]:
    """Find the cell that is furthest beyond its own noise; None where none has enough accounts."""
    cells = [pit[groups == group] for group in np.unique(groups)]
    judged = [
        (ks_distance(own), KS_95 / float(np.sqrt(len(own))))
        for own in cells
        if len(own) >= MIN_CELL_ACCOUNTS
    ]
    return max(judged, key=lambda cell: cell[0] / cell[1], default=(None, None))


def _peer_groups(scorer: Scorer, accounts: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give each account its cell's number: quartiles of the numbers, and the categories."""
    axes = scorer.artifact.tables.axes
    positions = [[column.name for column in scorer.inputs].index(axis.input.name) for axis in axes]
    ranks = to_ranks(axes, accounts[:, positions])
    group = np.zeros(len(accounts), dtype=np.intp)
    for position, axis in enumerate(axes):
        count = _group_count(axis)
        step = ranks[:, position] if axis.pooled is None else np.minimum(ranks[:, position] * 4, 3)
        group = group * (count + 1) + np.nan_to_num(step, nan=count).astype(np.intp)
    return group


def _group_count(axis: Axis) -> int:
    return axis.size - 1 if axis.pooled is None else 4
