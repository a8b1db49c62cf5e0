from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import CURVES, NAN, make_curve, make_scorer, make_tables, make_tree
from forest_builders import make_forests, make_many_tree

from serving.scoring import load_scorer
from serving.scoring.artifact import Artifact
from serving.scoring.distribution import LARGEST_VALUE, PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.scorer import Scorer

ROOT = Path(__file__).parents[2]


def ends_of(name: str) -> tuple[float, float]:
    return CURVES[name][0][0], CURVES[name][-1][0]


def curve_of(values: np.ndarray) -> PooledDistribution:
    return PooledDistribution(np.sort(values), np.linspace(0.0, 1.0, len(values)))


def range_with(values: np.ndarray) -> list[float]:
    """The range of `bots` if training had seen these values of it."""
    card = scorecard_from_dict(make_tree())
    tables = make_tables(card)
    table = replace(tables.metrics["bots"], pooled=curve_of(values))
    tables = replace(tables, metrics={**tables.metrics, "bots": table})
    scorer = make_scorer(tables=tables)
    return scorer.training_ranges[[entry.name for entry in scorer.inputs].index("bots")].tolist()


@pytest.mark.parametrize(
    "order",
    [
        ["age", "bots", "price", "rate", "region", "size"],
        ["size", "region", "rate", "price", "bots", "age"],
    ],
)
def test_ranges_are_those_of_the_inputs_in_the_stored_order(order: list[str]) -> None:
    scorer = make_scorer(order=order)

    expected = [(NAN, NAN) if name == "region" else ends_of(name) for name in order]
    np.testing.assert_array_equal(scorer.training_ranges, expected)


def test_models_of_many_dimensions_have_ranges_too_and_a_date_in_days() -> None:
    card = scorecard_from_dict(make_many_tree())

    scorer = Scorer(Artifact(card, card.inputs, make_forests(card), {}, {}, version=""))

    names = [entry.name for entry in scorer.inputs]
    expected = [(NAN, NAN) if name == "region" else ends_of(name) for name in names]
    np.testing.assert_array_equal(scorer.training_ranges, expected)
    assert scorer.training_ranges[names.index("since")].tolist() == [0, 3650]


def test_an_artifact_of_the_first_format_has_ranges() -> None:
    scorer = load_scorer(ROOT / "tests" / "data" / "artifacts" / "format-1.tar.gz")

    ranges = dict(zip([entry.name for entry in scorer.inputs], scorer.training_ranges, strict=True))
    assert ranges["age"].round(1).tolist() == [0.2, 99.9]
    assert ranges["rate"][1] == 1.0
    assert np.isnan(ranges["region"]).all()


def test_a_metric_that_no_training_account_had_has_no_range() -> None:
    tables = make_tables(scorecard_from_dict(make_tree()))
    nobody = replace(tables.metrics["rate"], pooled=make_curve([(0, 1)]))

    scorer = make_scorer(tables=replace(tables, metrics={**tables.metrics, "rate": nobody}))

    names = [entry.name for entry in scorer.inputs]
    assert np.isnan(scorer.training_ranges[names.index("rate")]).all()


def test_a_dimension_that_is_the_same_for_all_ranges_from_it_to_it() -> None:
    tables = make_tables(scorecard_from_dict(make_tree()))
    age = tables.axes[0]
    same = Axis(age.input, make_curve([(7, 1)]), age.nodes)

    scorer = make_scorer(tables=replace(tables, axes=(same, *tables.axes[1:])))

    assert scorer.training_ranges[0].tolist() == [7, 7]


def test_ranges_cannot_be_altered() -> None:
    with pytest.raises(ValueError, match="read-only"):
        make_scorer().training_ranges[0] = 0


@pytest.mark.parametrize(
    ("wild", "expected", "why"),
    [
        ([1e9], [0, 40], "one typing mistake"),
        ([1e9, 2e9, 5e8], [0, 40], "several"),
        ([-1e9], [0, 40], "a low one"),
        ([-1e9, 999_999], [0, 40], "on both sides"),
        ([400], [0, 400], "ten times as much is a large customer"),
        ([300, 3000, 30_000], [0, 30_000], "far, but one after the other"),
        ([-1], [-1, 40], "a little below the others"),
    ],
)
def test_values_that_stand_alone_far_out_are_no_part_of_the_range(
    wild: list[float], expected: list[float], why: str
) -> None:
    usual = np.linspace(0, 40, 2000)

    assert range_with(np.concatenate([usual, wild])) == expected, why


def test_one_wild_value_in_200_does_not_stretch_the_range() -> None:
    usual = np.linspace(0, 40, 20_000)
    wild = np.random.default_rng(0).uniform(1e8, 1e9, 100)

    low, high = range_with(np.concatenate([usual, wild]))

    assert (low, high) == (0, pytest.approx(40, rel=0.01))


def test_a_metric_that_hardly_anybody_uses_ranges_to_its_highest_value() -> None:
    assert range_with(np.array([0.0] * 9999 + [5.0])) == [0, 5]


def test_the_largest_numbers_there_are_have_a_range() -> None:
    ends = [-LARGEST_VALUE, LARGEST_VALUE]

    assert range_with(np.linspace(-1.0, 1.0, 300) * LARGEST_VALUE) == ends
