"""Accounts drawn from a known law, its true table, and what an evaluation says of tables."""

import numpy as np
import pandas as pd
from fit_builders import INF, draw_power, make_even_axis

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import locate
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.scorecard import PeerMetric
from training.evaluate import evaluate_metric
from training.rank_crps import metric_losses

METRIC = PeerMetric(name="bots")
AXIS = make_even_axis()
ACCOUNTS = 4000
AGES = np.random.default_rng(1).random(ACCOUNTS) * 100
ALIKE = np.zeros(ACCOUNTS, dtype=np.intp)
#: Drawn from the law of `make_power_table`: F(y | age) = y ** (1 + 2 · age / 100).
POWER = 2.0
VALUES = draw_power(AGES, np.random.default_rng(2), POWER)


def make_table(pooled, knots, cdf, upper=INF):
    """A table over age; a single row of F holds for every age."""
    cdf = np.broadcast_to(np.rint(cdf).astype(np.uint16), (AXIS.size, len(knots)))
    return PeerTable(pooled, knots, cdf.copy(), 0.0, upper, peers=np.full(AXIS.size, 1000.0))


def pooled_truth(power):
    """The table of the law with the values' own pooled distribution, as a fit would have it."""
    y = np.linspace(0, 1, 400)
    ages = np.linspace(0.5, 99.5, 100)
    pooled = PooledDistribution(
        y, np.mean([y ** (1 + power * age / 100) for age in ages], axis=0).clip(0, 1)
    )
    at = np.interp(np.linspace(0, 1, 101), pooled.ranks, pooled.values)
    exponents = 1.0 + power * np.append(AXIS.nodes, 0.5)
    cdf = CDF_ONE * at[None, :] ** exponents[:, None]
    return make_table(pooled, np.linspace(0, 1, 101), cdf)


TRUE = pooled_truth(POWER)


def cells_of(ages=AGES):
    return locate([AXIS], ages[:, None])


def zeros_table(share):
    """F(y) = share + (1 - share) y on 0..1, whatever the age: an atom at 0."""
    pooled = PooledDistribution(np.array([0.0, 0.0, 1.0]), np.array([0.0, share, 1.0]))
    knots = np.array([0.0, share, 1.0])
    return make_table(pooled, knots, CDF_ONE * knots)


def marginal_of(table):
    """The table that knows the same and ignores peers."""
    return make_table(table.pooled, table.knots, CDF_ONE * table.knots)


def measured(table, cells, values, groups, metric=METRIC):
    """What is said of one table, without intervals."""
    losses = metric_losses(table, metric, cells, values)
    return evaluate_metric(table, metric, cells, values, groups, losses=losses)


def make_frame(values=VALUES, ages=AGES, **more):
    ids = pd.Series([f"a{number:05}" for number in range(len(ages))], dtype="str")
    return pd.DataFrame({"acct_id": ids, "acct_age": ages, "bots": values, **more})
