"""The figures of a comparison: how far an answer is from the truth, or from what was observed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.intervals import normal_quantile, wilson
from tests.benchmarks.tasks import Answer, Floats, Task
from training.calibration import KS_95, MIN_CELL_ACCOUNTS, ks_distance

SEED = 20261121
#: Level of the intervals whose coverage is measured.
INTERVAL = 0.9
RESAMPLES = 1000
#: Resamples drawn at once: memory.
_AT_ONCE = 50


def ignore_peers(task: Task, metric: str) -> Floats:
    """Give the share of training accounts at or below each threshold, shape (n_thresholds,)."""
    values = task.metrics[metric]
    return np.searchsorted(np.sort(values), task.thresholds(metric), side="right") / len(values)


def excess(answer: Answer, truth: Floats, alone: Floats) -> float:
    """Give the expected excess rank-CRPS, in % of the gap between ignoring peers and the truth.

    For a value drawn from the truth F, the expectation of (F̂ - 1[y <= t])² - (F - 1[y <= t])²
    is (F̂ - F)²: the excess without the noise of what happened to be drawn.
    """
    gap = ((alone - truth) ** 2).mean()
    return float(100.0 * ((answer.at_thresholds - truth) ** 2).mean() / gap)


def error_in_points(answer: Answer, below: Floats, at_or_below: Floats) -> float:
    """Give the mean |F̂ - F| at the accounts' own values (mid-ranks), in points of 10.

    That is the error of the score that an account is shown.
    """
    return float(10.0 * np.abs(answer.mid_ranks - (below + at_or_below) / 2.0).mean())


def interval_coverage(answer: Answer, below: Floats, at_or_below: Floats) -> float:
    """Give the share of accounts whose true mid-rank is in our interval of `INTERVAL`."""
    if answer.peers is None:
        return float("nan")
    low, high = wilson(answer.mid_ranks, answer.peers, normal_quantile(INTERVAL))
    truth = (below + at_or_below) / 2.0
    return float(((low <= truth) & (truth <= high)).mean())


def losses(task: Task, metric: str, answer: Answer | None) -> Floats:
    """Give every account's rank-CRPS, shape (m,); of the marginal if there is no answer."""
    outcomes = task.asked_metrics[metric][:, None] <= task.thresholds(metric)
    cdf = ignore_peers(task, metric) if answer is None else answer.at_thresholds
    return ((cdf - outcomes) ** 2).mean(axis=1)


def pit(answer: Answer) -> Floats:
    """Draw each account's rank between P(Y < y) and P(Y <= y): uniform if F is right."""
    draws = np.random.default_rng(SEED).random(len(answer.below))
    return answer.below + draws * (answer.at_or_below - answer.below)


def worst_cell(task: Task, ranks: Floats) -> dict[str, float]:
    """Find the largest KS in a cell of training quartiles of the first two dimensions.

    A dimension with a value that a quarter of the accounts share has fewer than four groups.
    Cells with fewer than `MIN_CELL_ACCOUNTS` accounts say nothing.
    """
    group = np.zeros(len(ranks), dtype=int)
    for at in range(2):
        group = 4 * group + _quarter(task.dimensions[:, at], task.asked[:, at])
    cells = [ranks[group == cell] for cell in np.unique(group)]
    judged = [cell for cell in cells if len(cell) >= MIN_CELL_ACCOUNTS]
    worst = max(judged, key=ks_distance)
    return {
        "ks": ks_distance(worst),
        "accounts": len(worst),
        "noise_95": KS_95 / float(np.sqrt(len(worst))),
    }


def _quarter(training: Floats, asked: Floats) -> NDArray[np.intp]:
    edges = np.quantile(training, [0.25, 0.5, 0.75])
    return np.searchsorted(edges, asked, side="right")


def jump(answer: Answer) -> float:
    """Give the 99th percentile of the change of an unrounded score, in points of 10."""
    assert answer.nudged is not None
    return float(10.0 * np.quantile(np.abs(answer.nudged - answer.mid_ranks), 0.99))


def resample_means(columns: Sequence[Floats]) -> Floats:
    """Bootstrap the means of per-account figures, the same accounts drawn for all.

    Returns
    -------
    ndarray of shape (RESAMPLES, n_columns)
    """
    table = np.column_stack(columns)
    rng = np.random.default_rng(SEED)
    even = np.full(len(table), 1.0 / len(table))
    means = [
        rng.multinomial(len(table), even, size=_AT_ONCE) @ table / len(table)
        for _ in range(RESAMPLES // _AT_ONCE)
    ]
    return np.concatenate(means)
