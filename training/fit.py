"""Fit every metric of a scorecard: columns in, tables out. Knows no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peer_tables import PeerTables
from training.axes import to_ranks
from training.peer_models import ESTIMATORS, MetricSample, PeerModel
from training.peer_models.interface import join
from training.pooled import choose_knots, learn_bounds, pool_metric
from training.split import Split
from training.tabulate import (
    choose_bandwidth,
    count_effective_peers,
    model_grid,
    node_mass,
    smooth,
    to_table,
)

DEFAULT_ESTIMATOR = "distribution_regression"


@dataclass(frozen=True)
class MetricFit:
    """What was fitted for one metric."""

    table: PeerTable
    model: PeerModel | None
    description: Mapping[str, Any]


@dataclass(frozen=True)
class FitPlan:
    """What is the same for every metric.

    Attributes
    ----------
    axes : tuple of Axis
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        Encoded peer dimensions; NaN = not known. No evaluation accounts.
    split : ndarray of int8, shape (n_accounts,)
        `Split.FIT` or `Split.SELECT`.
    seed : int
    """

    axes: tuple[Axis, ...]
    dimensions: NDArray[np.float64]
    split: NDArray[np.int8]
    seed: int


def fit_tables(
    plan: FitPlan,
    metrics: Mapping[str, NDArray[np.float64]],
    estimators: Mapping[str, str],
    *,
    jobs: int,
    done: Callable[[str, int], None] = lambda _name, _total: None,
) -> tuple[PeerTables, dict[str, MetricFit]]:
    """Fit all metrics, several at once; the result does not depend on `jobs`.

    Parameters
    ----------
    metrics : mapping of str to ndarray of shape (n_accounts,)
        NaN = not observed.
    estimators : mapping of str to str
        Names from `ESTIMATORS` for the metrics that ask for one.
    jobs : int
        How many metrics to fit at once. XGBoost works outside Python's lock, so threads do.
    done : callable
        Told each metric's name when it is fitted, and how many there are.
    """

    def fit_one(name: str) -> MetricFit:
        fit = fit_metric(plan, metrics[name], estimators.get(name, DEFAULT_ESTIMATOR))
        done(name, len(metrics))
        return fit

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        fits = dict(zip(metrics, pool.map(fit_one, metrics), strict=True))
    peers = count_effective_peers(plan.axes, node_mass(plan.axes, plan.dimensions))
    tables = {name: fit.table for name, fit in fits.items()}
    return PeerTables(plan.axes, peers, tables), fits


def fit_metric(plan: FitPlan, values: NDArray[np.float64], estimator: str) -> MetricFit:
    """Fit one metric; one that is never observed gets a table without ranks."""
    observed = ~np.isnan(values)
    if not observed.any():
        return _never_observed(plan.axes)
    pooled = pool_metric(values[observed])
    knots = choose_knots(pooled)
    # An account is a peer only where all its dimensions are known.
    usable = observed & ~np.isnan(plan.dimensions).any(axis=1)
    ranks = to_ranks(plan.axes, plan.dimensions)
    categories = tuple(len(axis.input.categories) for axis in plan.axes)
    fitting, selection = (
        MetricSample(
            ranks[rows],
            categories,
            values[rows],
            pooled.at_or_below(values[rows]),
            knots,
            np.interp(knots, pooled.ranks, pooled.values),
        )
        for rows in (usable & (plan.split == Split.FIT), usable & (plan.split == Split.SELECT))
    )
    mass = node_mass(plan.axes, plan.dimensions[usable])
    trial = ESTIMATORS[estimator](fitting, selection, seed=plan.seed)
    bandwidth = 0.0
    if trial.describe()["estimator"] != "marginal":
        bandwidth = choose_bandwidth(model_grid(trial, plan.axes), plan.axes, selection, mass)
    model = trial.refit(join(fitting, selection))
    grid = smooth(model_grid(model, plan.axes), plan.axes, bandwidth)
    description = {
        **model.describe(),
        "accounts": int(observed.sum()),
        "zeros": int((values[observed] == 0).sum()),
        "bandwidth_nodes": bandwidth,
    }
    table = PeerTable(pooled, knots, to_table(grid, mass), *learn_bounds(values[observed]))
    return MetricFit(table, model, description)


def _never_observed(axes: Sequence[Axis]) -> MetricFit:
    # One point says that there is nothing to compare with: such a metric has no rank.
    pooled = PooledDistribution(np.zeros(1), np.zeros(1))
    knots = np.array([0.0, 1.0])
    nodes = int(np.prod([axis.size for axis in axes]))
    cdf = np.tile(np.array([0, CDF_ONE], dtype=np.uint16), (nodes, 1))
    reason = {"estimator": "marginal", "reason": "no account has a value", "accounts": 0}
    return MetricFit(PeerTable(pooled, knots, cdf, -np.inf, np.inf), None, {**reason, "zeros": 0})
