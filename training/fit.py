"""Fit every metric of a scorecard: columns in, tables out. Knows no files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.peers import Peers
from training.axes import is_grid, with_steps
from training.definition import EstimatorOptions
from training.errors import DataError
from training.many_dimensions import WITHOUT_TABLE, to_forests
from training.peer_models import NEED_VALUES, FitEstimator, PeerModel, estimator
from training.peer_models.counting import CellCounts
from training.peer_models.smooth_logit import TYPICAL, leverage
from training.plan import FitPlan, Metric, Plan
from training.pooled import Bounds, choose_knots
from training.tabulate import (
    add_unknown_peers,
    choose_bandwidth,
    known_nodes,
    model_grid,
    node_mass,
    smooth,
    to_table,
)


@dataclass(frozen=True)
class MetricFit:
    """What was fitted for one metric; `model` is None if it is never observed."""

    pooled: PooledDistribution
    knots: NDArray[np.float64]
    bounds: Bounds
    model: PeerModel | None
    cells: CellCounts | None
    bandwidth: float
    description: Mapping[str, Any]


#: Gives a metric's fit: that of an earlier run, or what the function makes, kept for a later one.
Remember = Callable[[str, Callable[[], MetricFit]], MetricFit]


def forget(_name: str, fit: Callable[[], MetricFit]) -> MetricFit:
    """Fit, and keep nothing."""
    return fit()


def fit_tables(
    plan: Plan[Metric],
    metrics: Mapping[str, Metric],
    estimators: Mapping[str, EstimatorOptions],
    *,
    jobs: int,
    remember: Remember = forget,
    done: Callable[[str, int], None] = lambda _name, _total: None,
) -> tuple[Peers, dict[str, MetricFit]]:
    """Fit all metrics, several at once; the result does not depend on `jobs`.

    With few peer dimensions the result is tables, with many the models themselves.

    Parameters
    ----------
    metrics : mapping
        Name → what the plan knows the metric by.
    estimators : mapping of str to EstimatorOptions
        For the metrics that ask for one; for the others held-out accounts choose.
    jobs : int
        How many metrics to fit at once. XGBoost works outside Python's lock, so threads do.
    remember : callable
        Called with each metric's name and what fits it; several threads call it.
    done : callable
        Told each metric's name when it is fitted, and how many there are.

    Raises
    ------
    DataError
        Naming the metric whose values contradict the estimator it asks for.
    """

    def fit_one(name: str) -> MetricFit:
        try:
            fit = remember(name, partial(fit_metric, plan, metrics[name], estimators.get(name)))
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
        done(name, len(metrics))
        return fit

    for name, asked in estimators.items():
        _check_possible(plan, name, asked)
    # One thread each: with more, a library's sums depend on how many there are.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max_workers=jobs) as pool:
        fits = dict(zip(metrics, pool.map(fit_one, metrics), strict=True))
        if isinstance(plan, FitPlan) and not is_grid(plan.axes):
            return to_forests(plan, fits, leverage(plan.cells, plan.terms, TYPICAL)), fits
        axes = with_steps(plan.axes, (step for fit in fits.values() for step in _steps(fit.model)))
        tables = dict(zip(fits, pool.map(partial(_tabulate, axes), fits.values()), strict=True))
        # What is said of an account is what holds for half of its metrics.
        peers = np.median([table.peers for table in tables.values()], axis=0)
        return PeerTables(axes, np.round(peers, 2), tables), fits


def fit_metric(plan: Plan[Metric], metric: Metric, asked: EstimatorOptions | None) -> MetricFit:
    """Fit one metric; one that is never observed gets a distribution without ranks."""
    observed = plan.observe(metric)
    if observed is None:
        return _NEVER_OBSERVED
    pooled = observed.pooled
    knots = choose_knots(pooled)
    fitting, selection, both = plan.samples(metric, pooled, knots)
    fit = _estimator(plan, asked)
    trial = fit(fitting, selection, seed=plan.seed)
    bandwidth = 0.0
    if trial.booster_json() is not None and is_grid(plan.axes):
        steps = _steps(trial)
        axes = with_steps(plan.axes, steps)
        mass = node_mass(axes, both.cells)
        bandwidth = choose_bandwidth(model_grid(trial, axes), axes, selection, mass, steps)
    model = trial.refit(both)
    description = {
        **model.describe(),
        "accounts": observed.accounts,
        "zeros": observed.zeros,
        "bandwidth_nodes": bandwidth,
    }
    return MetricFit(pooled, knots, observed.bounds, model, both.cells, bandwidth, description)


def _check_possible(plan: Plan[Metric], name: str, asked: EstimatorOptions) -> None:
    """Refuse, before anything is fitted, what could not be fitted or served."""
    if asked.name in NEED_VALUES and not isinstance(plan, FitPlan):
        raise DataError(
            f"{name}: {asked.name} is fitted to the values of all accounts in memory, and these "
            "are counted where they are; leave the estimator out, or train on fewer accounts"
        )
    if asked.name not in WITHOUT_TABLE and not is_grid(plan.axes):
        raise DataError(
            f"{name}: {asked.name} needs a table, and these peer dimensions are too many for one; "
            "leave the estimator out, or leave out a dimension"
        )


def _estimator(plan: Plan[Metric], asked: EstimatorOptions | None) -> FitEstimator:
    if asked is None:
        return estimator(None if is_grid(plan.axes) else "distribution_regression")
    return estimator(**dataclasses.asdict(asked))


# One point says that there is nothing to compare with: such a metric has no rank.
_NEVER_OBSERVED = MetricFit(
    PooledDistribution(np.zeros(1), np.zeros(1)),
    np.array([0.0, 1.0]),
    Bounds(-np.inf, np.inf),
    None,
    None,
    0.0,
    {"estimator": "marginal", "reason": "no account has a value", "accounts": 0, "zeros": 0},
)


def _steps(model: PeerModel | None) -> tuple[tuple[int, float], ...]:
    return model.steps if model is not None else ()


def _tabulate(axes: tuple[Axis, ...], fit: MetricFit) -> PeerTable:
    """Evaluate a metric's model on the final grid."""
    nodes = int(np.prod([axis.size for axis in axes]))
    if fit.model is None or fit.cells is None:
        cdf = np.tile(np.array([0, CDF_ONE], dtype=np.uint16), (nodes, 1))
        return PeerTable(fit.pooled, fit.knots, cdf, *fit.bounds, peers=np.zeros(nodes))
    mass = node_mass(axes, fit.cells)
    grid = smooth(model_grid(fit.model, axes), axes, fit.bandwidth, fit.model.steps)
    peers = fit.model.effective_peers(known_nodes(axes)).reshape(mass.shape)
    return PeerTable(
        fit.pooled,
        fit.knots,
        to_table(grid, mass),
        *fit.bounds,
        peers=add_unknown_peers(peers, mass),
    )
