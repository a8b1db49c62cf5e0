"""Losses, ranks and calibration, against what one would compute by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from training.risk.logistic import fit_logistic
from training.risk.measures import (
    auc_with_interval,
    calibration,
    calibration_table,
    compare,
    log_losses,
    mean_with_interval,
)


def draw(contracts: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Chances that are right, and what happened."""
    rng = np.random.default_rng(seed)
    chance = special.expit(rng.normal(-1.0, 1.2, contracts))
    return chance, (rng.random(contracts) < chance).astype(np.float64)


def test_a_log_loss_is_the_surprise_and_ends() -> None:
    losses = log_losses(np.array([0.25, 0.25, 0.0]), np.array([1.0, 0.0, 1.0]))

    assert losses[:2] == pytest.approx([math.log(4), math.log(4 / 3)])
    assert 20 < losses[2] < 30


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30).filter(
        lambda rows: len({gone for _, gone in rows}) == 2
    )
)
def test_the_auc_counts_pairs_and_halves_ties(rows: list[tuple[int, bool]]) -> None:
    chance = np.array([value / 5 for value, _ in rows])
    churned = np.array([float(gone) for _, gone in rows])
    if churned.sum() in (1, len(churned) - 1):
        return  # one contract has no variance
    pairs = itertools.product(chance[churned == 1], chance[churned == 0])
    by_hand = float(np.mean([(gone > stayed) + 0.5 * (gone == stayed) for gone, stayed in pairs]))

    area, (low, high) = auc_with_interval(chance, churned)

    assert area == pytest.approx(by_hand)
    assert low <= area + 1e-12
    assert area <= high + 1e-12


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    many = draw(400_000, seed=99)
    true_auc = auc_with_interval(*many)[0]
    true_loss = float(log_losses(*many).mean())
    held = np.zeros(2)

    for seed in range(200):
        chance, churned = draw(400, seed=seed)
        _, auc = auc_with_interval(chance, churned)
        _, loss = mean_with_interval(log_losses(chance, churned))
        held += [auc[0] <= true_auc <= auc[1], loss[0] <= true_loss <= loss[1]]

    # 190 are expected, give or take 3.
    assert (held >= 180).all()


def test_right_chances_are_called_wrong_no_more_often_than_said() -> None:
    p_values = [calibration(*draw(500, seed=s), calibrated_on=10**9).p_value for s in range(300)]

    assert 5 <= sum(p < 0.05 for p in p_values) <= 28
    assert 0.4 < np.mean(p_values) < 0.6


@pytest.mark.parametrize(
    ("wrong", "slope"),
    [
        (lambda margin: margin + 0.5, 1.0),
        (lambda margin: 2.0 * margin, 0.5),
        (lambda margin: 0.5 * margin, 2.0),
    ],
)
def test_wrong_chances_are_called_wrong(wrong, slope: float) -> None:
    chance, churned = draw(4000)

    told = calibration(special.expit(wrong(special.logit(chance))), churned, calibrated_on=4000)

    assert told.p_value < 1e-6
    assert told.slope == pytest.approx(slope, rel=0.12)
    assert told.mean_gap > 0.03


def test_a_calibration_from_few_contracts_may_be_further_off() -> None:
    chance, churned = draw(1000)
    shifted = special.expit(special.logit(chance) + 0.25)

    few, many = (calibration(shifted, churned, calibrated_on=count) for count in (100, 10**6))

    assert many.p_value < few.p_value


def test_a_gain_is_told_pair_by_pair() -> None:
    worse = np.array([0.5, 0.6, 0.7, 0.9])

    gain = compare(worse - np.array([0.1, 0.1, 0.1, 0.1]), worse)

    assert gain.gain == pytest.approx(0.1)
    assert gain.standard_error == pytest.approx(0.0, abs=1e-12)


def test_a_calibration_table_groups_equal_chances_together() -> None:
    chance = np.array([0.1] * 50 + [0.4] * 30 + [0.9] * 20)
    churned = np.array([0.0] * 45 + [1.0] * 5 + [1.0, 0.0] * 15 + [1.0] * 20)

    rows = calibration_table(chance, churned)

    assert [row["contracts"] for row in rows] == [50, 30, 20]
    assert [row["predicted"] for row in rows] == pytest.approx([0.1, 0.4, 0.9])
    assert [row["observed"] for row in rows] == pytest.approx([0.1, 0.5, 1.0])
    assert all(row["interval"][0] <= row["observed"] <= row["interval"][1] for row in rows)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.01, 1.0, 30.0]))
def test_the_regression_finds_the_least_loss(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    columns = np.column_stack([np.ones(200), rng.normal(size=(200, 2)) * scale])
    churned = (rng.random(200) < special.expit(columns @ [-1.0, 1.0 / scale, 0.0])).astype(float)
    ridge = np.array([0.1, 1.0, 1.0])

    def loss(coefficients: np.ndarray) -> float:
        margin = columns @ coefficients
        fitted = np.logaddexp(0, margin).sum() - churned @ margin
        return float(fitted + 0.5 * (ridge * coefficients**2).sum())

    found = fit_logistic(columns, churned, ridge=ridge)

    best = optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"maxiter": 4000})
    assert loss(found) <= best.fun + 1e-6


def test_a_column_that_tells_all_does_not_run_away() -> None:
    columns = np.column_stack([np.ones(100), np.repeat([-1.0, 1.0], 50)])

    found = fit_logistic(columns, np.repeat([0.0, 1.0], 50), ridge=np.array([0.0, 1.0]))

    assert np.isfinite(found).all()
    assert 2.0 < found[1] < 10.0
