"""Whether scores are spread as they should be: everywhere, at atoms, at bounds and in cells."""

import numpy as np
import pytest
from evaluation_builders import (
    ACCOUNTS,
    AGES,
    ALIKE,
    METRIC,
    TRUE,
    VALUES,
    cells_of,
    measured,
    zeros_table,
)
from fit_builders import make_power_table

from serving.scoring.scorecard import PeerMetric
from training.calibration import (
    KS_95,
    MIN_CELL_ACCOUNTS,
    furthest,
    ks_distance,
    ks_noise,
    randomised_pit,
    worst_cell,
)


@pytest.mark.parametrize(
    ("pit", "distance", "why"),
    [
        ([0.5], 0.5, "one account: half of everybody on either side"),
        ([0.0], 1.0, "all at 0, where nobody should be"),
        ([1.0], 1.0, "all at 1"),
        ([0.25, 0.75], 0.25, "as even as two can be"),
        ([0.75, 0.25], 0.25, "in any order"),
        ([0.5, 0.5], 0.5, "two at once"),
        ([0.1, 0.2, 0.3, 0.4], 0.6, "all in the lower half"),
        ([0.6, 0.7, 0.8, 0.9], 0.6, "all in the upper half"),
    ],
)
def test_the_ks_distance_by_hand(pit, distance, why):
    assert ks_distance(np.array(pit)) == pytest.approx(distance), why


@pytest.mark.parametrize(
    ("pit", "rank", "gap"),
    [([0.1, 0.2, 0.3, 0.4], 0.4, 0.6), ([0.6, 0.7, 0.8, 0.9], 0.6, -0.6)],
)
def test_the_rank_of_the_largest_distance_is_told_and_its_side(pit, rank, gap):
    assert furthest(np.array(pit)) == pytest.approx((rank, gap))


def test_the_ranks_of_accounts_at_an_atom_are_spread_evenly_over_it():
    values = np.where(np.arange(ACCOUNTS) < 0.6 * ACCOUNTS, 0.0, VALUES**0.0 * 0.5)

    pit = randomised_pit(zeros_table(0.6), METRIC, cells_of(), values)

    at_zero = pit[values == 0]
    assert ks_distance(at_zero / 0.6) < KS_95 / np.sqrt(len(at_zero))
    assert pit[values > 0] == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("ties", ["bounds", "mid", "low", "high"])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_the_rule_for_ties_and_the_direction_do_not_change_what_is_right(ties, higher_is_better):
    values = np.where(VALUES < 0.5, 0.0, VALUES)
    odd = PeerMetric(name="bots", ties=ties, higher_is_better=higher_is_better)

    pit = randomised_pit(TRUE, odd, cells_of(), values)

    assert np.array_equal(pit, randomised_pit(TRUE, METRIC, cells_of(), values))


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        ({"lower": 0.5}, "a third of the accounts is below"),
        ({"upper": 0.6}, "half of them are above"),
        ({"lower": 0.4, "upper": 0.8}, "both"),
        ({"lower": -5.0, "upper": 5.0}, "nobody is beyond"),
    ],
)
def test_values_beyond_a_declared_bound_are_judged_as_they_are_scored_at_it(bounds, why):
    metric = PeerMetric(name="bots", **bounds)

    result = measured(TRUE, cells_of(), VALUES, ALIKE, metric)
    clamped = np.clip(VALUES, bounds.get("lower"), bounds.get("upper"))

    assert result["pit_ks"] < ks_noise(ACCOUNTS), why
    assert result["at_lower"] == (bounds.get("lower", 0.0) >= VALUES).mean()
    assert result["at_upper"] == (bounds.get("upper", np.inf) <= VALUES).mean()
    assert result == measured(TRUE, cells_of(), clamped, ALIKE, metric)


def test_the_worst_cell_is_the_one_that_is_furthest_off_among_those_with_enough_accounts():
    """Cell 1 is far off, cell 2 is further off and too small to say so."""
    groups = np.repeat([0, 1, 2], [500, 100, MIN_CELL_ACCOUNTS - 1])
    even = [np.linspace(0, 1, 500), np.linspace(0, 0.6, 100), np.zeros(MIN_CELL_ACCOUNTS - 1)]
    values = np.concatenate(even)

    result = measured(make_power_table(0.0), cells_of(AGES[: len(values)]), values, groups)

    assert result["worst_cell_ks"] == pytest.approx(0.4, abs=0.01)
    assert result["worst_cell_noise_95"] == pytest.approx(KS_95 / 10)


def test_the_worst_cell_is_the_one_most_beyond_its_own_noise():
    rng = np.random.default_rng(0)
    small, large = rng.random(60), rng.random(5000) ** 1.3
    groups = np.repeat([0, 1, 2], [60, 5000, 10])

    distance, noise = worst_cell(np.concatenate([small, large, np.zeros(10)]), groups)

    assert distance == ks_distance(large)
    assert distance > 2 * noise


def test_where_no_cell_has_enough_accounts_there_is_no_worst():
    assert worst_cell(np.full(49, 0.5), np.zeros(49, dtype=int)) == (None, None)
