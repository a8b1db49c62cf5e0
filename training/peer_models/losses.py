"""How well a distribution predicts held-out accounts, and how sure one can be of a difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.peer_models.interface import CellCounts

#: A prediction of exactly 0 or 1 that is wrong once must not cost infinitely much.
_EDGE = 1e-6


def log_losses(cdf: NDArray[np.float64], cells: CellCounts) -> NDArray[np.float64]:
    """Sum the log-loss of 1[Y <= knot] over each cell's accounts, averaged over the inner knots.

    Parameters
    ----------
    cdf : ndarray of shape (n_cells, n_knots)
        Predicted F.

    Returns
    -------
    ndarray of shape (n_cells,)
        In nats; smaller is better.
    """
    predicted = np.clip(cdf[:, 1:-1], _EDGE, 1.0 - _EDGE)
    hits = cells.at_or_below[:, 1:-1]
    misses = cells.accounts[:, None] - hits
    losses: NDArray[np.float64] = -(hits * np.log(predicted) + misses * np.log1p(-predicted)).mean(
        axis=1
    )
    return losses


def mean_and_error(
    differences: NDArray[np.float64], accounts: NDArray[np.float64]
) -> tuple[float, float]:
    """Give the mean per account of per-cell sums, and its standard error with cells as clusters."""
    total = accounts.sum()
    mean = differences.sum() / total
    spread = differences - accounts * mean
    return float(mean), float(np.sqrt((spread**2).sum()) / total)
