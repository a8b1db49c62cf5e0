from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.rollup import mean_of_one, roll_up, weighted_mean
from serving.scoring.scorecard import scorecard_from_dict

Policy = Literal["skip", "zero"]
NAN = float("nan")

POLICIES = st.sampled_from(["skip", "zero"])
SCORES = st.floats(0, 10, allow_subnormal=False)
#: Weights and, for each, the scores of three accounts; NaN where there is none.
FAMILIES = st.lists(
    st.tuples(
        st.one_of(st.just(0.0), st.floats(1e-3, 1e6)),
        st.lists(SCORES | st.just(NAN), min_size=3, max_size=3),
    ),
    min_size=1,
    max_size=6,
)
Family = list[tuple[float, list[float]]]


def mean_of(family: Family, policy: Policy) -> NDArray[np.float64]:
    scores = [np.array(scores) for _, scores in family]
    return weighted_mean(scores, [weight for weight, _ in family], missing=policy)


@pytest.mark.parametrize(
    ("scores", "weights", "skip", "zero", "why"),
    [
        ([8, 4], [3, 1], 7, 7, "nothing is missing"),
        ([8, NAN], [3, 1], 8, 6, "skip renormalises, zero counts 0"),
        ([8, 4], [3, 0], 8, 8, "a weight of 0 is shown and not counted"),
        ([NAN, NAN], [3, 1], NAN, NAN, "nothing to go by under either policy"),
        ([NAN, 4], [3, 0], NAN, NAN, "what is there has no weight"),
        ([10, 10, 10], [0.2, 0.7, 0.1], 10, 10, "0.2 + 0.7 + 0.1 is less than 1"),
        ([9, 9, 10], [0.1, 0.5, 0], 9, 9, "what has no weight does not lift the bound"),
    ],
)
def test_a_mean_counts_what_is_there(
    scores: list[float], weights: list[float], skip: float, zero: float, why: str
) -> None:
    family = [(weight, [score]) for weight, score in zip(weights, scores, strict=True)]

    np.testing.assert_array_equal(mean_of(family, "skip"), [skip], why)
    np.testing.assert_array_equal(mean_of(family, "zero"), [zero], why)


@given(family=FAMILIES, policy=POLICIES)
def test_weights_times_ten_change_nothing(family: Family, policy: Policy) -> None:
    tenfold = [(weight * 10, scores) for weight, scores in family]

    np.testing.assert_allclose(mean_of(tenfold, policy), mean_of(family, policy), rtol=1e-12)


@given(family=FAMILIES, policy=POLICIES)
def test_an_account_alone_gets_bit_for_bit_what_it_gets_among_others(
    family: Family, policy: Policy
) -> None:
    alone = [
        mean_of([(weight, [scores[row]]) for weight, scores in family], policy) for row in range(3)
    ]

    assert np.concatenate(alone).tobytes() == mean_of(family, policy).tobytes()


@given(family=FAMILIES, policy=POLICIES)
def test_the_mean_of_one_account_is_bit_for_bit_its_mean_among_many(
    family: Family, policy: Policy
) -> None:
    weights = [weight for weight, _ in family]

    ones = [
        mean_of_one([scores[row] for _, scores in family], weights, missing=policy)
        for row in range(3)
    ]

    assert np.array(ones).tobytes() == mean_of(family, policy).tobytes()


@given(family=FAMILIES, policy=POLICIES)
def test_a_mean_stays_within_the_scale(family: Family, policy: Policy) -> None:
    mean = mean_of(family, policy)

    assert (np.isnan(mean) | ((mean >= 0) & (mean <= 10))).all()


@given(family=FAMILIES, policy=POLICIES, child=st.integers(0, 5), better=SCORES)
def test_a_better_child_never_lowers_its_parent(
    family: Family, policy: Policy, child: int, better: float
) -> None:
    child %= len(family)
    weight, scores = family[child]
    raised = [*family]
    raised[child] = (weight, [max(score, better) for score in scores])  # keeps NaN: NaN comes first

    before, after = mean_of(family, policy), mean_of(raised, policy)

    assert ((after >= before) | np.isnan(before)).all()


def make_card(policy: Policy, **components: Any) -> dict[str, Any]:
    return {
        "id": "small",
        "scale": {"type": "out_of_10"},
        "missing": policy,
        "peer_dimensions": [],
        "metrics": {name: {"kind": "peer"} for name in ("bots", "macro", "logins")},
        "components": components,
    }


NESTED = {
    "auto": {
        "weight": 3,
        "metrics": {"bots": 1},
        "components": {"deep": {"weight": 2, "metrics": {"macro": 1}}},
    },
    "use": {"weight": 1, "metrics": {"logins": 1}},
}


@pytest.mark.parametrize(
    ("policy", "bots", "macro", "logins", "deep", "auto", "overall"),
    [
        ("skip", 4, 10, 0, 10, 8, 6),
        ("skip", 4, NAN, 0, NAN, 4, 3),
        ("zero", 3, NAN, 1, NAN, 1, 1),
        ("skip", NAN, NAN, 2, NAN, NAN, 2),
        ("zero", NAN, NAN, NAN, NAN, NAN, NAN),
    ],
)
def test_a_component_within_a_component_counts_like_a_metric(
    policy: Policy,
    bots: float,
    macro: float,
    logins: float,
    deep: float,
    auto: float,
    overall: float,
) -> None:
    card = scorecard_from_dict(make_card(policy, **NESTED))
    metric_scores = {"bots": [bots], "macro": [macro], "logins": [logins]}

    components, total = roll_up(card, {key: np.array(row) for key, row in metric_scores.items()})

    assert list(components) == ["deep", "auto", "use"]
    np.testing.assert_array_equal(components["deep"], [deep])
    np.testing.assert_array_equal(components["auto"], [auto])
    np.testing.assert_array_equal(total, [overall])


def test_no_accounts_have_no_scores() -> None:
    card = scorecard_from_dict(make_card("skip", **NESTED))

    components, total = roll_up(card, dict.fromkeys(("bots", "macro", "logins"), np.empty(0)))

    assert [len(scores) for scores in (*components.values(), total)] == [0, 0, 0, 0]
