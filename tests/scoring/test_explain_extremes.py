"""Goals hold for any curve: huge and tiny values, bounds inside, flat tables, every tie rule."""

from dataclasses import replace

import numpy as np
import pytest
from builders import INF, NAN, make_accounts, make_cdf, make_scorer, make_tables, make_tree
from explained_accounts import Claims, check_goals

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_table import CDF_ONE
from serving.scoring.scorecard import scorecard_from_dict

SIZES = (1.0, 1e-5, 1e9, 1e290, 1e-300, 5e-321)
SCALES = ({"type": "out_of_10", "step": 1}, {"type": "zero_to_100"})


def make_any_curve(rng):
    """Values of one size, or whole ones; some stand twice."""
    count = int(rng.integers(2, 40))
    values = rng.normal(size=count) * rng.choice(SIZES)
    if rng.random() < 0.4:
        values = np.round(rng.normal(size=count) * rng.choice([3.0, 100.0, 1e17]))
    distinct = np.unique(values)
    if len(distinct) == 1:
        distinct = np.array([0.0, 1.0])
    values = np.repeat(distinct, rng.integers(1, 3, len(distinct)))
    ranks = np.sort(rng.random(len(values)))
    ranks[0], ranks[-1] = 0.0, 1.0
    return PooledDistribution(values, ranks)


def make_any_table(rng, table):
    pooled = make_any_curve(rng)
    lowest, highest = pooled.values[[0, -1]]
    inside = lowest + (highest - lowest) / 2
    upper = rng.choice([highest, inside if inside > lowest else highest, INF], p=[0.3, 0.1, 0.6])
    some = [rng.random(10), rng.choice(pooled.ranks, 3), [0.0, 1.0]]
    knots = np.unique(np.concatenate(some))
    cdf = make_cdf(rng, len(table.peers), len(knots))
    if rng.random() < 0.3:
        cdf[:, 1:-1] = rng.choice([0, CDF_ONE // 2, CDF_ONE])
    lower = lowest if rng.random() < 0.4 else -INF
    return replace(table, pooled=pooled, knots=knots, cdf=cdf, lower=lower, upper=upper)


def make_any_scorer(rng):
    tree = make_tree(scale=SCALES[rng.integers(2)])
    for metric in tree["metrics"].values():
        metric["ties"] = str(rng.choice(["bounds", "mid", "low", "high"]))
        metric["higher_is_better"] = bool(rng.integers(2))
    tables = make_tables(scorecard_from_dict(tree))
    metrics = {name: make_any_table(rng, table) for name, table in tables.metrics.items()}
    return make_scorer(tree, tables=replace(tables, metrics=metrics))


def make_any_accounts(rng, scorer, rows):
    accounts = make_accounts(scorer, rows, seed=int(rng.integers(1000)))
    names = [entry.name for entry in scorer.inputs]
    for name, table in scorer.artifact.tables.metrics.items():
        seen = table.pooled.values
        anywhere = seen[0] + rng.uniform(-0.1, 1.1, rows) * (seen[-1] - seen[0])
        values = np.where(rng.random(rows) < 0.5, rng.choice(seen, rows), anywhere)
        accounts[:, names.index(name)] = np.where(rng.random(rows) < 0.1, NAN, values)
    return accounts


@pytest.mark.parametrize("scorers", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_every_goal_of_any_metric_holds(scorers):
    seen = set()
    for seed in range(scorers):
        rng = np.random.default_rng(seed)
        scorer = make_any_scorer(rng)
        maximum = scorer.scorecard.scale.maximum

        claims = Claims(
            scorer, make_any_accounts(rng, scorer, 40), bands=[maximum / 3, maximum / 2, maximum]
        )

        seen |= check_goals(claims, lambda told: told.next_point).keys()
        seen |= check_goals(claims, lambda told: told.next_band).keys()
    assert seen >= {"reachable", "beyond_peers", "highest", "out_of_bounds", "not_observed"}
