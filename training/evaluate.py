"""How right are the scores of an artifact, on accounts that its fit has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring.peer_axes import Cells
from serving.scoring.peer_table import PeerTable
from serving.scoring.scorecard import PeerMetric
from serving.scoring.scorer import Flag, Scorer, Scores
from training.baseline import NAME, Baseline, descriptions, no_baseline
from training.calibration import (
    KS_95,
    MIN_CELL_ACCOUNTS,
    furthest,
    ks_distance,
    ks_noise,
    peer_groups,
    randomised_pit,
    worst_cell,
)
from training.jumps import JUMP_RANK, first_number, score_jumps
from training.rank_crps import (
    Losses,
    metric_losses,
    ratio,
    ratio_error,
    ratios_with_intervals,
)
from training.sparse_regions import sparse_regions
from training.status_counts import count_statuses

__all__ = ["KS_95", "MIN_CELL_ACCOUNTS", "evaluate", "evaluate_metric", "ks_distance"]

COVERAGE_LEVELS = np.linspace(0.05, 0.95, 19)
#: Last bits may differ between machines; these digits do not.
_DIGITS = 9

_NOT_ASKED = no_baseline("not asked for")


def evaluate(
    scorer: Scorer,
    frame: pd.DataFrame,
    accounts: NDArray[np.float64],
    baseline: Baseline = _NOT_ASKED,
) -> dict[str, Any]:
    """Measure calibration and sharpness of peer metrics; count what became of the others.

    Parameters
    ----------
    frame : DataFrame
        The accounts, for their ids.
    accounts : ndarray of shape (n_accounts, n_inputs)
        The same accounts, encoded.
    baseline : Baseline
        What the artifact is compared with; it must not have seen the accounts either.

    Returns
    -------
    dict
        Plain JSON values, rounded so that the same accounts give the same bytes. Of each metric:
        what `evaluate_metric` says, and

        ``estimator``, ``family``, ``reason``: how it was fitted, as far as the artifact says.
        ``rank_crps_ratio_interval``: 95 % bootstrap interval of the ratio to no peers.
        ``rank_crps_knn_ratio``: ratio of our rank-CRPS to the baseline's, below 1 is better, with
        its interval; None where there is no baseline.
        ``jump_p99``: 99th percentile over accounts of the change of the score, in points of 10
        before rounding, when the rank of the dimension ``jump.dimension`` grows by ``jump.rank``;
        None where no such dimension is known.

        Of all accounts ``sparse`` says where peers are few, as `sparse_regions` does. Without peer
        metrics ``metrics`` is empty, and there is nothing else of peers. With absolute ones there
        is what `count_statuses` says.
    """
    accounts = accounts[np.argsort(frame["acct_id"].to_numpy(str), kind="stable")]
    scores = scorer.score(accounts)
    card = scorer.scorecard
    of_peers = _evaluate_peers(scorer, accounts, scores, baseline) if card.peer_metrics else {}
    others = count_statuses(scorer, scores) if card.absolute_metrics or card.bands else {}
    rounded: dict[str, Any] = _rounded(
        {"accounts": len(accounts), **(of_peers or {"metrics": {}}), **others}
    )
    return rounded


def _evaluate_peers(
    scorer: Scorer, accounts: NDArray[np.float64], scores: Scores, baseline: Baseline
) -> dict[str, Any]:
    column = {entry.name: position for position, entry in enumerate(scorer.inputs)}
    axes = scorer.peers.axes
    dimensions = accounts[:, [column[axis.input.name] for axis in axes]]
    around = scorer.around(accounts)
    nearest = None if baseline.peers is None else baseline.peers.around(dimensions)
    groups = peer_groups(axes, dimensions)
    moved = first_number(axes)
    jumps = score_jumps(scorer, accounts, scores.ranks, moved)
    fits = descriptions(scorer)
    metrics: dict[str, dict[str, Any]] = {}
    losses: dict[str, tuple[NDArray[np.bool_], Losses]] = {}
    for position, metric in enumerate(scorer.scorecard.peer_metrics):
        name, values = metric.name, accounts[:, column[metric.name]]
        # A metric that no training account had has no ranks, whatever the values.
        seen = ~np.isnan(scores.ranks[:, position])
        result = metrics[name] = {
            "missing": int((~seen).sum()),
            "accounts": int(seen.sum()),
            **{key: fits[name][key] for key in _TOLD if name in fits and key in fits[name]},
        }
        if not seen.any():
            continue
        values, cells = values[seen], around.cells.some(seen)
        other = None
        if nearest is not None and name in nearest.metrics:
            other = nearest.metrics[name], nearest.cells.some(seen)
        own = metric_losses(around.metrics[name], metric, cells, values, other)
        if baseline.reason is None and result.get("estimator") == NAME:
            own = own._replace(nearest=own.own)
        losses[name] = seen, own
        result |= evaluate_metric(
            around.metrics[name], metric, cells, values, groups[seen], losses=own
        )
        known = jumps[~np.isnan(jumps[:, position]), position]
        result["jump_p99"] = float(np.quantile(known, 0.99)) if len(known) else None
    for name, ratios in ratios_with_intervals(losses).items():
        metrics[name] |= ratios
    flags = {str(flag.name).lower(): int(((scores.flags & flag) > 0).sum()) for flag in Flag}
    return {
        "flags": flags,
        "baseline": baseline.describe(),
        "jump": {"dimension": moved.input.name if moved else None, "rank": JUMP_RANK},
        "sparse": sparse_regions(axes, dimensions, around.effective_peers),
        "metrics": metrics,
    }


#: What an evaluation repeats of a metric's fit.
_TOLD = ("estimator", "family", "reason")


def evaluate_metric(
    table: PeerTable,
    metric: PeerMetric,
    cells: Cells,
    values: NDArray[np.float64],
    groups: NDArray[np.intp],
    *,
    losses: Losses,
) -> dict[str, Any]:
    """Evaluate one metric's distribution on accounts that have a value.

    Values beyond a bound, declared or learned, count as at it: so they are scored.

    Returns
    -------
    dict
        ``rank_crps``: mean over accounts and `CRPS_LEVELS` of (F - 1[y <= t])²; smaller is
        better. ``rank_crps_ratio``: to the same for the pooled distribution, which ignores
        peers; below 1 the peers tell something, and 1 where there is nothing to tell (a
        constant metric); with its standard error. ``pit_ks``: largest distance of the
        randomised PIT from uniform, with the 95 % level of pure noise; it is found at the rank
        ``pit_ks_rank``, where the share of accounts minus the rank is ``pit_ks_gap``.
        ``coverage``: share of accounts at or below each rank. ``worst_cell_ks``: the largest
        `pit_ks` in a cell of peer-dimension quartiles, with that cell's noise level; both None
        where no cell has `MIN_CELL_ACCOUNTS`.
        ``at_lower``, ``at_upper``: share of accounts at the bounds. ``atom_share``: share of
        accounts whose value is an atom of the pooled distribution.
    """
    lower, upper = table.bounds(metric)
    values = np.clip(values, lower, upper)
    pit = randomised_pit(table, metric, cells, values)
    rank, gap = furthest(pit)
    worst = worst_cell(pit, groups)
    atoms = table.pooled.below(values) < table.pooled.at_or_below(values)
    return {
        "accounts": len(values),
        "rank_crps": float(losses.own.mean()),
        "rank_crps_ratio": ratio(losses.own, losses.alone),
        "rank_crps_ratio_standard_error": ratio_error(losses.own, losses.alone),
        "pit_ks": abs(gap),
        "pit_ks_rank": rank,
        "pit_ks_gap": gap,
        "pit_ks_noise_95": ks_noise(len(pit)),
        "coverage": {f"{level:.2f}": float((pit <= level).mean()) for level in COVERAGE_LEVELS},
        "worst_cell_ks": worst[0],
        "worst_cell_noise_95": worst[1],
        "at_lower": float((values <= lower).mean()),
        "at_upper": float((values >= upper).mean()),
        "atom_share": float(atoms.mean()),
    }


def _rounded(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _rounded(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_rounded(value) for value in told]
    return round(told, _DIGITS) if isinstance(told, float) else told
