"""What an artifact says of peers in the units people know."""

import numpy as np
import pytest
from evaluation_builders import AXIS, METRIC, TRUE, cells_of, make_table, zeros_table
from fit_builders import COLUMNS, PLAN, REGION, fit_alone, make_scorer
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis, locate
from serving.scoring.peer_table import CDF_ONE
from serving.scoring.scorecard import PeerMetric
from training.inspection import (
    describe_dimension,
    peer_curves,
    peer_quantiles,
    quartiles_by_place,
    steps_in_units,
    values_at,
)


def test_peer_quantiles_are_those_of_the_law():
    """F(y | age) = y ** (1 + 2 age / 100), so a share p is at or below p ** (1 / (1 + ...))."""
    ages = np.array([0.0, 30.0, 100.0])
    levels = (0.1, 0.25, 0.5, 0.9)

    found = peer_quantiles(TRUE, METRIC, cells_of(ages), levels)

    truth = np.array(levels)[None] ** (1.0 / (1.0 + 2.0 * ages / 100.0))[:, None]
    assert found == pytest.approx(truth, abs=0.01)


@settings(deadline=None, max_examples=30)
@given(
    metric=st.sampled_from(["power", "counts", "negative", "constant", "noise"]),
    level=st.floats(0.01, 0.99),
    place=st.integers(0, 1499),
)
def test_a_quantile_is_the_smallest_value_that_so_many_peers_are_at_or_below(metric, level, place):
    table = TABLES[metric]
    cells = locate(PLAN.axes, PLAN.dimensions[[place]])

    found = peer_quantiles(table, PeerMetric(name="m"), cells, [level])[0]

    rounding = 1e-9
    assert table.at_or_below(cells, found)[0] >= level - rounding
    assert table.at_or_below(cells, np.nextafter(found, -np.inf))[0] <= level + rounding


TABLES = {
    name: fit_alone(PLAN, COLUMNS[name])[0]
    for name in ("power", "counts", "negative", "constant", "noise")
}


def test_an_atom_is_every_quantile_up_to_its_share():
    found = peer_quantiles(zeros_table(0.6), METRIC, cells_of(np.array([50.0])), (0.25, 0.6, 0.8))

    assert found[0] == pytest.approx([0.0, 0.0, 0.5], abs=1e-3)


def test_between_two_atoms_the_smaller_one_is_the_quantile_as_long_as_it_suffices():
    pooled = PooledDistribution(np.array([0.0, 0.0, 5.0, 5.0]), np.array([0.0, 0.6, 0.6, 1.0]))
    yes_or_no = make_table(pooled, np.array([0.0, 0.6, 1.0]), CDF_ONE * np.array([0.0, 0.6, 1.0]))

    found = peer_quantiles(yes_or_no, METRIC, cells_of(np.array([50.0])), (0.59, 0.6, 0.61))

    assert found.tolist() == [[0.0, 0.0, 5.0]]


def test_what_is_beyond_a_declared_bound_counts_as_at_it():
    metric = PeerMetric(name="bots", lower=0.4, upper=0.7)

    found = peer_quantiles(TRUE, metric, cells_of(np.array([0.0])), (0.1, 0.5, 0.9))

    assert found[0] == pytest.approx([0.4, 0.5, 0.7], abs=0.01)


def test_a_metric_that_training_never_saw_has_no_quantiles():
    table, _ = fit_alone(PLAN, COLUMNS["never"])

    found = peer_quantiles(table, METRIC, locate(PLAN.axes, PLAN.dimensions[:2]), (0.5,))

    assert np.isnan(found).all()


def test_a_rank_is_turned_back_into_the_unit_it_came_from():
    ages = np.array([0.0, 12.5, 77.0, 100.0])

    assert values_at(AXIS, AXIS.pooled.at_or_below(ages)) == pytest.approx(ages)


def test_a_step_is_told_in_the_dimension_s_own_unit():
    # Three quarters of the accounts have at most 10 seats.
    seats = PooledDistribution(np.array([1.0, 10.0, 500.0]), np.array([0.0, 0.75, 1.0]))
    axes = [AXIS, Axis(Input("seats"), seats, np.linspace(0, 1, 5))]

    assert steps_in_units(axes, [[1, 0.75], [0, 0.2]]) == [
        {"dimension": "seats", "rank": 0.75, "value": 10.0},
        {"dimension": "acct_age", "rank": 0.2, "value": 20.0},
    ]
    assert steps_in_units(axes, ()) == []


def test_a_category_has_no_ranks_to_turn_back():
    with pytest.raises(ValueError, match="region is a category"):
        values_at(Axis(REGION, None, np.empty(0)), np.array([0.5]))


def test_a_dimension_is_described_by_where_the_accounts_are():
    assert describe_dimension(AXIS) == {
        "name": "acct_age",
        "type": "number",
        "lowest": 0.0,
        "quartiles": [25.0, 50.0, 75.0],
        "highest": 100.0,
    }
    assert describe_dimension(Axis(REGION, None, np.empty(0))) == {
        "name": "region",
        "type": "category",
        "categories": ["EU", "JP", "US"],
    }


def test_quartiles_are_told_at_low_median_and_high_of_a_number():
    scorer = make_scorer({"bots": TRUE}, AXIS)

    places = quartiles_by_place(scorer, METRIC)

    assert [(place.place, place.value) for place in places] == [
        ("low", pytest.approx(10.0)),
        ("median", pytest.approx(50.0)),
        ("high", pytest.approx(90.0)),
    ]
    for place in places:
        expected = peer_quantiles(
            TRUE, METRIC, cells_of(np.array([place.value])), (0.25, 0.5, 0.75)
        )
        assert place.quartiles == pytest.approx(expected[0].tolist())


def test_curves_run_along_the_first_number_from_end_to_end():
    curves = peer_curves(make_scorer({"bots": TRUE, "web": zeros_table(0.6)}, AXIS))

    assert list(curves) == ["bots", "web"]
    assert curves["bots"].dimension == "acct_age"
    assert curves["bots"].along[[0, -1]].tolist() == [0.0, 100.0]
    assert (np.diff(curves["bots"].quartiles, axis=1) >= 0).all()
