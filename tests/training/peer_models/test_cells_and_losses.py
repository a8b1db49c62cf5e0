"""What all estimators are given (accounts in cells), and by what they are compared."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SAMPLE, gamma_of_first, make_sample, shuffle, take, with_knots

from training.peer_models.counting import MAX_CELLS
from training.peer_models.losses import compare_losses, log_losses


@pytest.mark.parametrize("categories", [(0,), (0, 0), (0, 0, 0), (3,), (0, 5), (7, 0, 0)])
def test_gathering_into_cells_loses_no_account_and_no_value(categories):
    sample = make_sample(5000, categories=categories, values=gamma_of_first)

    cells = sample.cells

    assert shuffle(sample).cells.dimensions.tobytes() == cells.dimensions.tobytes()
    assert cells.accounts.sum() == 5000
    assert len(cells.accounts) <= MAX_CELLS
    everywhere = (sample.ranks[:, None] <= sample.knots).sum(axis=0)
    assert cells.at_or_below.sum(axis=0).tolist() == everywhere.tolist()
    assert (cells.at_or_below[:, -1] == cells.accounts).all()
    mean = (cells.dimensions * cells.accounts[:, None]).sum(axis=0) / 5000
    assert mean == pytest.approx(sample.dimensions.mean(axis=0))
    for position, count in enumerate(categories):
        if count:
            assert set(cells.dimensions[:, position]) == set(range(count))


def test_an_account_at_the_upper_end_is_not_gathered_into_the_next_row_of_cells():
    ends = np.array([[0.0, 1.0], [1.5 / MAX_CELLS**0.5, 0.0]])

    assert len(replace(make_sample(2), dimensions=ends).cells.accounts) == 2


def test_log_loss_is_the_sum_over_accounts_of_the_mean_over_inner_knots():
    sample = with_knots(take(SAMPLE, [0, 0, 0]), 0, 0.25, 0.75, 1)
    sample = replace(sample, ranks=np.array([0.2, 0.5, 0.9]))
    cdf = np.array([[0.0, 0.3, 0.6, 1.0]])

    losses = log_losses(cdf, sample.cells)

    at_quarter = -np.log(0.3) - 2 * np.log(0.7)
    at_three_quarters = -2 * np.log(0.6) - np.log(0.4)
    assert losses == pytest.approx([(at_quarter + at_three_quarters) / 2])


@settings(deadline=None, max_examples=30)
@given(shift=st.floats(-0.3, 0.3), seed=st.integers(0, 1000))
def test_the_true_distribution_has_the_least_log_loss_on_average(shift, seed):
    truth = np.random.default_rng(seed).uniform(0.35, 0.65, (6, 1))
    accounts = np.full(6, 1e6)
    cells = SAMPLE.cells._replace(
        dimensions=np.zeros((6, 2)),
        accounts=accounts,
        at_or_below=np.hstack([0 * truth, truth, truth / truth]) * 1e6,
    )

    right, wrong = (
        log_losses(np.hstack([0 * truth, truth + by, truth / truth]), cells).sum()
        for by in (0.0, shift)
    )

    assert right <= wrong * (1 + 1e-12)


def test_a_difference_of_losses_and_its_error_are_those_of_single_accounts():
    sample = take(SAMPLE, np.arange(300) % 7)
    first, second = (
        np.sort(np.random.default_rng(seed).random((len(sample.cells.accounts), 34)), axis=1)
        for seed in (1, 2)
    )
    sample = with_knots(sample, *np.linspace(0, 1, 34))
    cells = sample.cells
    cell_of = [int(np.argmin(np.abs(cells.dimensions - x).sum(axis=1))) for x in sample.dimensions]
    hits = sample.ranks[:, None] <= sample.knots[None, 1:-1]

    mean, error = compare_losses(first, second, cells)

    losses = [
        -np.log(np.where(hits, cdf[cell_of, 1:-1], 1 - cdf[cell_of, 1:-1])).mean(axis=1)
        for cdf in (first, second)
    ]
    differences = losses[0] - losses[1]
    assert mean == pytest.approx(differences.mean())
    assert error == pytest.approx(differences.std() / np.sqrt(300))
    sums = (log_losses(first, cells) - log_losses(second, cells)).sum()
    assert mean == pytest.approx(sums / 300)


def test_a_difference_in_a_small_group_alone_is_certain_if_its_accounts_agree():
    """Two groups are not two observations: one that holds all of the difference is no noise."""
    cells = SAMPLE.cells._replace(
        dimensions=np.array([[0.0], [1.0]]),
        accounts=np.array([950.0, 50.0]),
        at_or_below=np.array([[0, 475.0, 950.0], [0, 0.0, 50.0]]),
    )
    everybody, apart = np.array([[0, 0.5, 1.0]] * 2), np.array([[0, 0.5, 1.0], [0, 0.01, 1.0]])

    mean, error = compare_losses(everybody, apart, cells)

    assert mean > 5 * error
