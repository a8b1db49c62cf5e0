"""A goal that people read brings what it promises, whatever digits it has lost."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.scoring.artifact import Artifact
from serving.scoring.distribution import PooledDistribution
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.scorer import Scorer
from tests.scoring.builders import make_accounts, make_tables, make_tree
from training.explain_account import explain_account, metric_bounds
from training.explanation_text import explanation_text
from training.number_text import goal_text, needed_text, plain_text, reached_text, value_text

SCALES = [
    {"type": "out_of_10", "step": 1},
    {"type": "out_of_10", "step": 0.1},
    {"type": "zero_to_100"},
]
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(value=FINITE, beyond=st.floats(0.0, 1e-3), rising=st.booleans())
@example(value=4.6000000000000005, beyond=1e-4, rising=True)
@example(value=99.99999, beyond=0.0, rising=True)
@example(value=-1e-200, beyond=0.0, rising=True)
def test_what_is_read_helps_and_lies_within_the_bounds(value, beyond, rising):
    bound = value + (1 if rising else -1) * beyond * abs(value)
    bounds = (-math.inf, bound) if rising else (bound, math.inf)

    text = goal_text(value, higher_is_better=rising, bounds=bounds)

    if text in ("more than 0", "less than 0"):
        assert abs(value) == 5e-324
        return
    read = float(text)
    assert read >= value if rising else read <= value
    assert bounds[0] <= read <= bounds[1]
    assert read == value or abs(read - value) <= 1e-3 * abs(value)


@pytest.mark.parametrize(
    ("value", "rising", "text"),
    [
        (14_471_050.0, True, "14471050"),
        (1_000_001.0, False, "1000001"),
        (4.6000000000000005, True, "4.601"),
        (4.6, True, "4.6"),
        (4.6, False, "4.6"),
        (12_345.6, True, "12346"),
        (1_234_567.8, False, "1234567"),
        (0.99996, True, "1"),
        (0.00001234567, True, "1.235e-05"),
        (-0.123456, True, "-0.1234"),
        (5e-324, True, "more than 0"),
        (-5e-324, False, "less than 0"),
        (-0.0, True, "0"),
    ],
)
def test_few_digits_are_enough_and_whole_numbers_are_whole(value, rising, text):
    assert goal_text(value, higher_is_better=rising) == text


def as_read(text):
    return {"more than 0": 5e-324}.get(text) or float(text)


def random_scorer(seed):
    """A card with values of any size, from millionths to millions, with a bound here and there."""
    rng = np.random.default_rng(seed)
    tree = make_tree(scale=SCALES[seed % len(SCALES)])
    card = scorecard_from_dict(tree)
    made = make_tables(card, seed=seed)
    tables = {}
    for name, table in made.metrics.items():
        size = 10.0 ** rng.integers(-6, 8) * rng.uniform(1, 9)
        values = table.pooled.values * size
        tree["metrics"][name] |= {"ties": str(rng.choice(["bounds", "mid", "low", "high"]))}
        if rng.random() < 0.5:
            tree["metrics"][name] |= {"upper": float(values[-1] * rng.uniform(0.5, 1.1))}
        tables[name] = replace(
            table, pooled=PooledDistribution(values, table.pooled.ranks),
            lower=table.lower * size, upper=table.upper * size,
        )  # fmt: skip
    card = scorecard_from_dict(tree)
    scorer = Scorer(Artifact(card, card.inputs, replace(made, metrics=tables), {}, {}, version=""))
    accounts = make_accounts(scorer, 12, seed=seed)
    for column, entry in enumerate(scorer.inputs):
        if entry.name in tables:
            known = tables[entry.name].pooled.values
            accounts[:, column] = rng.uniform(known[0], known[-1], len(accounts))
    return scorer, accounts


@pytest.mark.parametrize("seed", range(12))
def test_scoring_with_the_value_that_is_read_reaches_the_target(seed):
    scorer, accounts = random_scorer(seed)
    bounds, tried = metric_bounds(scorer), 0

    for row, why in enumerate(scorer.explain(accounts, bands=[scorer.scorecard.scale.maximum / 2])):
        for told in why.metrics:
            for goal in (told.next_point, told.next_band):
                if goal.value is None:
                    continue
                rising, limits = told.higher_is_better, bounds[told.metric]
                text = goal_text(goal.value, higher_is_better=rising, bounds=limits)
                value = as_read(text)
                then = scorer.what_if(accounts[[row]], {told.metric: value}).values[0]
                assert then[scorer.outputs.index(told.key)] >= goal.target
                assert limits[0] <= value <= limits[1]
                tried += 1

    assert tried > 20


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_terminal_tells_values_that_reach_the_next_point_and_the_target(seed):
    scorer, accounts = random_scorer(seed)
    frame = pd.DataFrame(accounts, columns=[entry.name for entry in scorer.inputs])
    frame["region"] = "EU"
    account = scorer.encode(frame.iloc[[0]])
    maximum = scorer.scorecard.scale.maximum

    told = explain_account(
        scorer, frame.assign(acct_id="a1").iloc[[0]], "a1",
        changes={}, target=0.9 * maximum, scoring_date=None,
    )  # fmt: skip

    text = explanation_text(told)
    for metric in told.explanation.metrics:
        if metric.next_point.value is not None:
            (line,) = [line for line in text.splitlines() if line.startswith(f"{metric.metric} ")]
            read = re.search(r"(more than 0|\S+) \(scores", line)[1]
            then = scorer.what_if(account, {metric.metric: as_read(read)}).values[0]
            assert then[scorer.outputs.index(metric.key)] >= metric.next_point.target
    changes = re.findall(
        r"(\w+) of (?:at least |at most )?(more than 0|[-+.e\d]+)", text.partition("to reach ")[2]
    )
    assert changes
    told_values = {name: as_read(value) for name, value in changes}
    together = told.explanation.next_band.together
    if together is not None:
        then = scorer.what_if(account, told_values).values[0, -1]
        assert then >= together.global_score - 1e-9


def test_scores_that_are_needed_are_not_rounded_down_and_those_reached_not_up():
    assert needed_text(200 / 3 - 1 / 3) == "66.34"
    assert needed_text(70.0) == "70"
    assert reached_text(74.9999) == "74.99"
    assert reached_text(75.0) == "75"


def test_values_and_inputs_are_told_without_powers_of_ten():
    assert value_text(14_471_049.0) == "14471049"
    assert value_text(12_345.67) == "12346"
    assert value_text(0.123456) == "0.1235"
    assert plain_text(14_471_049.0) == "14471049"
    assert plain_text(4.6) == "4.6"
