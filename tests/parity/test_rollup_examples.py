"""The worked examples of the requirements, by the default scorecard; row ids in the comments."""

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.scoring.rollup import roll_up
from serving.scoring.scorecard import MissingPolicy, Scale, Scorecard
from training.definition import default_scorecard, parse_definition, read_definition

#: By the weights 1, 1, 1, 2, 3, 3, 3, 1 these add up to 68 over 15: auto is 4.5333.
AUTO = {
    "web2case": 4,
    "email2case": 4,
    "macro": 4,
    "quicktext": 5,
    "workflowrules": 4,
    "workflows": 5,
    "ltnflows": 5,
    "bots": 4,
}
#: (2 * 7 + 9 + 2 * 4) / 5 is 6.2.
CONSUMPTION = {
    "activation_rate": 7,
    "penetration_rate": 3,
    "engagement_rate": 9,
    "utilization_rate": 4,
}
SCORES = {**AUTO, **CONSUMPTION, "lightning_utilization": 5}


def make_scorecard(missing: MissingPolicy = "skip") -> Scorecard:
    definition = read_definition(default_scorecard()).model_copy(update={"missing": missing})
    return definition.resolve(nonzero_counts={}, categories={})


def rolled_up(card: Scorecard, **scores: float) -> tuple[dict[str, float], float]:
    columns: dict[str, NDArray[np.float64]] = {
        name: np.array([float(score)]) for name, score in (SCORES | scores).items()
    }
    components, overall = roll_up(card, columns)
    return {name: float(score[0]) for name, score in components.items()}, float(overall[0])


# A12
@pytest.mark.parametrize(
    ("rank", "score", "why"),
    [
        (0.449, 4, "to the nearest"),
        (0.71, 7, "to the nearest"),
        (1, 10, "the best there is"),
        (0, 0, "the worst there is"),
        (0.45, 4, "a half goes to the even"),
        (0.55, 6, "a half goes to the even"),
    ],
)
def test_a_rank_is_shown_out_of_ten_in_steps_of_one(rank: float, score: float, why: str) -> None:
    assert Scale("out_of_10", 1).score(np.array([rank]))[0] == score, why


# A12
def test_a_step_of_a_tenth_gives_tenths_and_nothing_after_them() -> None:
    assert str(Scale("out_of_10", 0.1).score(np.array([0.03]))[0]) == "0.3"


# A13
def test_a_component_is_the_weighted_mean_of_its_metrics() -> None:
    full = dict.fromkeys(AUTO, 10.0)

    components, _ = rolled_up(make_scorecard(), **(full | {"ltnflows": 0}))

    assert components["auto"] == 8


# A13
@pytest.mark.parametrize("penetration", [0, 5, 10, np.nan])
def test_consumption_counts_activation_and_utilization_twice(penetration: float) -> None:
    components, _ = rolled_up(
        make_scorecard(),
        activation_rate=10,
        engagement_rate=5,
        utilization_rate=5,
        penetration_rate=penetration,
    )

    assert components["consumption"] == 7


# A14
def test_the_global_score_is_the_weighted_mean_of_the_components() -> None:
    components, overall = rolled_up(make_scorecard())

    assert components == pytest.approx(
        {"auto": 4.5333, "consumption": 6.2, "lightning": 5}, abs=1e-4
    )
    assert overall == pytest.approx(5.1667, abs=1e-4)


# A15
@pytest.mark.parametrize("missing", ["skip", "zero"])
@pytest.mark.parametrize("penetration", [0, 10, np.nan])
def test_a_metric_of_weight_zero_changes_no_parent(
    penetration: float, missing: MissingPolicy
) -> None:
    card = make_scorecard(missing)

    assert rolled_up(card, penetration_rate=penetration) == rolled_up(card)


# A16
def test_without_weights_they_are_the_shares_of_the_nonzero_training_values() -> None:
    definition = parse_definition(
        """
        schema: scorecard/v1
        id: shares
        scale: {type: out_of_10, step: 1}
        peer_dimensions: [acct_age]
        metrics: {bots: {kind: peer}, macro: {kind: peer}}
        components: {auto: {weight: 1, weights: nonzero_share, metrics: [bots, macro]}}
        """,
        source="shares.yaml",
    )

    card = definition.resolve(nonzero_counts={"bots": 30, "macro": 10}, categories={})

    assert card.components[0].metrics == {"bots": 0.75, "macro": 0.25}


# A17
def test_a_component_is_not_rounded() -> None:
    components, overall = rolled_up(make_scorecard())

    assert components["auto"] == 68 / 15
    assert overall == pytest.approx((3 * 68 / 15 + 2 * 6.2 + 5) / 6, abs=1e-12)


# A18
@pytest.mark.parametrize(
    ("missing", "auto", "shown"), [("skip", 64 / 14, 4.5714), ("zero", 64 / 15, 4.2667)]
)
def test_a_missing_metric_is_left_out_or_counted_as_zero(
    missing: MissingPolicy, auto: float, shown: float
) -> None:
    components, _ = rolled_up(make_scorecard(missing), bots=np.nan)

    assert components["auto"] == auto
    assert components["auto"] == pytest.approx(shown, abs=1e-4)


# A18
@pytest.mark.parametrize("missing", ["skip", "zero"])
def test_where_everything_is_missing_there_is_no_score(missing: MissingPolicy) -> None:
    components, overall = rolled_up(make_scorecard(missing), **dict.fromkeys(SCORES, np.nan))

    assert np.isnan([*components.values(), overall]).all()


# A18
@pytest.mark.parametrize("missing", ["skip", "zero"])
def test_a_component_with_only_a_weightless_metric_has_no_score(missing: MissingPolicy) -> None:
    gone = dict.fromkeys(CONSUMPTION, np.nan) | {"penetration_rate": 7}

    components, _ = rolled_up(make_scorecard(missing), **gone)

    assert np.isnan(components["consumption"])
