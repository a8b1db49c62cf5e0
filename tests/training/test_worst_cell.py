"""Which cell of peer dimensions an evaluation calls the worst."""

import numpy as np

from training.evaluate import _worst_cell, ks_distance


def test_the_worst_cell_is_the_one_most_beyond_its_own_noise():
    rng = np.random.default_rng(0)
    small, large = rng.random(60), rng.random(5000) ** 1.3
    groups = np.repeat([0, 1, 2], [60, 5000, 10])

    distance, noise = _worst_cell(np.concatenate([small, large, np.zeros(10)]), groups)

    assert distance == ks_distance(large)
    assert distance > 2 * noise


def test_where_no_cell_has_enough_accounts_there_is_no_worst():
    assert _worst_cell(np.full(49, 0.5), np.zeros(49, dtype=int)) == (None, None)
