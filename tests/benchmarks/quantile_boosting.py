"""Competitor: plain XGBoost quantile regression, one booster for 32 quantiles.

Early stopping on the selection accounts, then fitted again on all; quantiles are sorted and F is
interpolated between them.
"""

import numpy as np
import xgboost as xgb

from tests.benchmarks.tasks import Answer, Answers, Floats, Task
from training.split import Split

QUANTILES = np.concatenate([[0.005], np.linspace(0.02, 0.98, 30), [0.995]])
MAX_ROUNDS = 400
PATIENCE = 15
PARAMETERS = {
    "objective": "reg:quantileerror",
    "quantile_alpha": QUANTILES,
    "tree_method": "hist",
    "max_depth": 4,
    "learning_rate": 0.1,
    "subsample": 0.8,
    "min_child_weight": 10,
    "max_bin": 64,
    "nthread": 2,
    "seed": 0,
    "verbosity": 0,
}


def quantile_boosting(task: Task) -> Answers:
    """Answer a task with a booster per metric."""
    return {name: _answer(task, name) for name in task.metrics}


def _answer(task: Task, metric: str) -> Answer:
    values = task.metrics[metric]
    fitting = task.split == Split.FIT
    watched = xgb.train(
        PARAMETERS,
        _matrix(task, task.dimensions[fitting], values[fitting]),
        MAX_ROUNDS,
        evals=[(_matrix(task, task.dimensions[~fitting], values[~fitting]), "selection")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    rounds = max(1, round(1.1 * (watched.best_iteration + 1)))
    booster = xgb.train(PARAMETERS, _matrix(task, task.dimensions, values), rounds)
    ends = float(values.min()), float(values.max())
    atoms = _atoms(values)
    quantiles = _predict(booster, task, task.asked, ends, atoms)
    own = task.asked_metrics[metric]
    at = [
        _cdf(quantiles, np.full(len(own), value), at_or_below=True)
        for value in task.thresholds(metric)
    ]
    return Answer(
        np.column_stack(at),
        _cdf(quantiles, own, at_or_below=False),
        _cdf(quantiles, own, at_or_below=True),
        note=f"{rounds} rounds",
    )


def _matrix(task: Task, dimensions: Floats, values: Floats | None = None) -> xgb.DMatrix:
    columns = [
        np.eye(len(column.categories))[dimensions[:, at].astype(int)]
        if column.categories
        else dimensions[:, [at]]
        for at, column in enumerate(task.columns)
    ]
    return xgb.DMatrix(np.hstack(columns), label=values)


def _atoms(values: Floats) -> Floats:
    distinct, counts = np.unique(values, return_counts=True)
    return distinct[counts >= 0.005 * len(values)]


def _predict(
    booster: xgb.Booster, task: Task, dimensions: Floats, ends: tuple[float, float], atoms: Floats
) -> Floats:
    """Give sorted quantiles of levels 0, `QUANTILES`, 1; shape (n, n_levels)."""
    inner = np.sort(booster.predict(_matrix(task, dimensions)).astype(float), axis=1)
    # A quantile that is an atom up to rounding is that atom: sums of float32 miss zero.
    near = 1e-4 * (float(np.quantile(inner, 0.99)) - float(np.quantile(inner, 0.01)))
    for atom in atoms:
        inner[np.abs(inner - atom) <= near] = atom
    low = np.minimum(inner[:, :1], ends[0])
    high = np.maximum(inner[:, -1:], ends[1])
    return np.hstack([low, inner, high])


def _cdf(quantiles: Floats, values: Floats, *, at_or_below: bool) -> Floats:
    """Interpolate F of each row at one value; equal quantiles make a jump."""
    levels = np.concatenate([[0.0], QUANTILES, [1.0]])
    rows = np.arange(len(values))
    passed = quantiles <= values[:, None] if at_or_below else quantiles < values[:, None]
    after = passed.sum(axis=1)
    right = np.clip(after, 1, len(levels) - 1)
    low, high = quantiles[rows, right - 1], quantiles[rows, right]
    share = np.divide(values - low, high - low, out=np.zeros(len(values)), where=high > low)
    inner = levels[right - 1] + np.clip(share, 0.0, 1.0) * (levels[right] - levels[right - 1])
    return np.where(after == 0, 0.0, np.where(after == len(levels), 1.0, inner))
