import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_builders import INPUTS, make_facts, make_risk

from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.tree_arrays import Trees, no_trees

NAN, INF = math.nan, math.inf


def walk(model: BoostedRisk, row: list[float]) -> float:
    """Give the chance as one would by hand."""
    margin = model.base
    sum_ = 0.0
    for feature, threshold, leaves in zip(
        model.trees.feature, model.trees.threshold, model.trees.leaves, strict=True
    ):
        node = 0
        while node < len(feature):
            column = feature[node]
            value = np.float32(row[column % len(row)])
            goes_left = column < len(row) if np.isnan(value) else value < threshold[node]
            # Below a branch that ends early both ways lead to leaves of the same number in a fit;
            # here they do not, and +inf is not below an infinite threshold.
            node = 2 * node + (1 if goes_left else 2)
        sum_ += float(leaves[node - len(feature)][0])
    return 1.0 / (1.0 + math.exp(-(model.intercept + model.slope * (margin + sum_))))


@pytest.mark.parametrize("depth", [0, 1, 3, 5])
def test_a_chance_is_what_one_would_compute_by_hand(depth: int) -> None:
    model = make_risk(depth=depth)
    facts = make_facts(60)

    chances = model.probability(facts)

    assert chances == pytest.approx([walk(model, [*row]) for row in zip(*facts, strict=True)])


@pytest.mark.parametrize(
    ("column", "leaf", "why"),
    [
        (0, -1.0, "the first half of the columns sends what is not known left"),
        (1, 1.0, "the second half sends it right"),
    ],
)
def test_what_is_not_known_goes_where_the_split_sends_it(
    column: int, leaf: float, why: str
) -> None:
    tree = Trees(
        np.full((1, 1), column, np.int16),
        np.full((1, 1), 0.5, np.float32),
        np.float32([[[-1], [1]]]),
    )
    model = BoostedRisk(("logins_30d",), tree, base=0.0, slope=1.0, intercept=0.0)

    margins = model.margin([np.array([0.0, 1.0, NAN])])

    assert margins.tolist() == [-1.0, 1.0, leaf], why


def test_a_calibrated_chance_is_a_line_on_the_log_odds() -> None:
    model = BoostedRisk(INPUTS, no_trees(1), base=2.0, slope=0.5, intercept=-1.0)

    assert model.probability(make_facts(3)).tolist() == [0.5, 0.5, 0.5]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), depth=st.integers(0, 4))
def test_a_rows_bits_do_not_depend_on_the_others(seed: int, depth: int) -> None:
    model = make_risk(seed=seed, depth=depth)
    facts = make_facts(5000, seed=seed)
    together = model.probability(facts)

    for row in (0, 1, 511, 512, 4999):
        alone = model.probability([column[[row]] for column in facts])
        assert alone.tobytes() == together[[row]].tobytes()
    some = np.random.default_rng(seed).permutation(5000)[:700]
    assert model.probability([column[some] for column in facts]).tobytes() == (
        together[some].tobytes()
    )


def test_how_columns_lie_in_memory_is_no_matter() -> None:
    model = make_risk()
    facts = make_facts(40)
    spread = np.array(facts).T.copy()

    strided = model.probability([spread[:, position] for position in range(len(facts))])

    assert strided.tobytes() == model.probability(facts).tobytes()


@pytest.mark.parametrize("value", [1e300, -1e300, 3.5e38, 0.0, -0.0])
def test_a_number_of_any_size_has_a_chance(value: float) -> None:
    chances = make_risk().probability([np.array([value])] * 3)

    assert 0.0 <= chances[0] <= 1.0


def test_log_odds_beyond_all_are_certain_and_no_warning() -> None:
    for base, certain in ((-1e6, 0.0), (1e6, 1.0)):
        model = BoostedRisk(INPUTS, no_trees(1), base=base, slope=1e6, intercept=0.0)

        assert model.probability(make_facts(2)).tolist() == [certain, certain]


def test_nobody_has_no_chance() -> None:
    assert make_risk().probability([np.empty(0)] * 3).shape == (0,)
