"""How far scores jump when an account moves a little along a peer dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis
from serving.scoring.scorer import Scorer

#: How much the account's rank in the dimension grows.
JUMP_RANK = 0.005


def first_number(axes: Sequence[Axis]) -> Axis | None:
    """Find the first numeric peer dimension; None where all are categories."""
    return next((axis for axis in axes if axis.pooled is not None), None)


def score_jumps(
    scorer: Scorer, accounts: NDArray[np.float64], ranks: NDArray[np.float64], axis: Axis | None
) -> NDArray[np.float64]:
    """Move every account by `JUMP_RANK` along one dimension; give the change of each score.

    Parameters
    ----------
    accounts : ndarray of shape (n_accounts, n_inputs)
        Encoded.
    ranks : ndarray of shape (n_accounts, n_metrics)
        What the scorer says of them.
    axis : Axis or None
        The dimension; at its upper end accounts stay.

    Returns
    -------
    ndarray of shape (n_accounts, n_metrics)
        Points of 10 before rounding, whatever the scale; NaN where there is no rank or the
        dimension is not known.
    """
    if axis is None or axis.pooled is None:
        return np.full(ranks.shape, np.nan)
    position = [entry.name for entry in scorer.inputs].index(axis.input.name)
    grown = axis.pooled.at_or_below(accounts[:, position]) + JUMP_RANK
    moved = accounts.copy()
    # A rank beyond 1 is that of the last value.
    moved[:, position] = np.interp(grown, axis.pooled.ranks, axis.pooled.values)
    jumps = 10.0 * np.abs(scorer.score(moved).ranks - ranks)
    return np.where(np.isnan(accounts[:, [position]]), np.nan, jumps)
