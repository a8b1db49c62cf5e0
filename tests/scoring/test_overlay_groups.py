"""The groups behind the comparison: apart from each other, and never small."""

import numpy as np
import pytest

from serving.scoring.scorecard import PeerOverlay
from training.fit_overlay import make_overlay


@pytest.mark.parametrize("minimum", [5, 10, 40])
@pytest.mark.parametrize("dimensions", [("size",), ("size", "age")])
def test_groups_have_no_account_in_common_and_none_is_below_the_minimum(minimum, dimensions):
    rng = np.random.default_rng(minimum)
    sizes = np.exp(rng.normal(4.0, 2.0, (400, 2)))[:, : len(dimensions)]
    sizes[:150, 0] = np.rint(sizes[:150, 0])  # some have the same
    scores = np.append(rng.uniform(40.0, 60.0, 399), 0.0)  # and one stands out

    overlay = make_overlay(PeerOverlay(dimensions, minimum), sizes, scores, 100.0)

    found = [overlay.group_of(own) for own in sizes.tolist()]
    assert np.array_equal(np.bincount(found), overlay.accounts)
    assert overlay.accounts.sum() == 400
    assert overlay.accounts.min() >= max(minimum, 100)
    assert len(overlay.accounts) > 1
    # Each account's score is in the means of its own group alone: one group is moved by it.
    other = np.append(scores[:-1], 50.0)
    moved = make_overlay(PeerOverlay(dimensions, minimum), sizes, other, 100.0)
    changed = np.flatnonzero((moved.scores != overlay.scores).any(axis=1))
    assert changed.tolist() == [found[-1]]


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [([7.0] * 40, 1), ([1.0] * 10 + [2.0] * 30, 2), ([1.0] * 30 + [2.0] * 10, 2)],
)
def test_accounts_of_one_size_stay_together(sizes, groups):
    scores = np.linspace(0.0, 100.0, 40)

    overlay = make_overlay(PeerOverlay(("size",), 10), np.array(sizes)[:, None], scores, 100.0)

    assert len(overlay.accounts) == groups
    assert overlay.accounts.min() >= 10
