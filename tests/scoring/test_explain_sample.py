"""The goals of the sample's artifact, held to the scorer that serves it."""

import numpy as np
import pytest
from explained_accounts import NAN, Claims, check_goals

from serving.scoring import load_scorer
from serving.scoring.goals import ScoreSteps


def make_random_accounts(scorer, rows, seed):
    """Real places among peers, and values from all over each metric's range, some missing."""
    rng = np.random.default_rng(seed)
    tables = scorer.artifact.tables
    golden = np.array(scorer.artifact.golden["inputs"], dtype=float)
    accounts = golden[rng.integers(0, len(golden), rows)]
    names = [entry.name for entry in scorer.inputs]
    for axis in tables.axes:
        column = accounts[:, names.index(axis.input.name)]
        column *= rng.choice([1.0, 1.0, 0.7, 1.4], rows)
    for name, table in tables.metrics.items():
        seen = table.pooled.values
        between = rng.uniform(seen[0], seen[-1], rows) ** rng.choice([1.0, 0.5], rows)
        drawn = [rng.choice(seen, rows), between, np.round(between), np.full(rows, NAN)]
        kind = rng.choice(4, rows, p=[0.6, 0.2, 0.15, 0.05])
        accounts[:, names.index(name)] = np.choose(kind, drawn)
    return accounts


@pytest.mark.parametrize(
    "rows", [100, pytest.param(4000, marks=pytest.mark.slow)], ids=["1,300 pairs", "52,000 pairs"]
)
def test_every_value_for_the_next_point_is_the_first_that_brings_it(trained, rows):
    scorer = load_scorer(trained)
    claims = Claims(scorer, make_random_accounts(scorer, rows, seed=51), bands=[3.5, 7.0])

    points = check_goals(claims, lambda told: told.next_point)
    bands = check_goals(claims, lambda told: told.next_band)

    assert sum(points.values()) == sum(bands.values()) == rows * 13
    assert points["reachable"] + points["beyond_peers"] > rows * 13 * 0.6
    steps = ScoreSteps(scorer.scorecard.scale)
    # Every metric of the sample can be counted up to the highest score.
    assert "out_of_bounds" not in points
    for _, told in claims.pairs:
        if told.score is not None:
            assert told.next_point.target == steps.next(told.score)


def test_counts_are_counted_in_whole_numbers_and_rates_are_not(trained):
    scorer = load_scorer(trained)
    (why,) = scorer.explain(make_random_accounts(scorer, 1, seed=52))

    whole = {metric.metric for metric in why.metrics if metric.whole_numbers}

    assert whole == {"web2case", "email2case", "macro", "workflowrules"}
