"""How well a distribution predicts held-out accounts, and how sure one can be of a difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.peer_models.counting import CellCounts

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


def compare_losses(
    first: NDArray[np.float64], second: NDArray[np.float64], cells: CellCounts
) -> tuple[float, float]:
    """Give by how much the first distribution's mean log-loss exceeds the second's.

    Parameters
    ----------
    first, second : ndarray of shape (n_cells, n_knots)
        Predicted F.

    Returns
    -------
    tuple of float
        The mean difference per account, and its standard error. Accounts are independent, cells
        are not drawn: a cell that holds all the difference makes it no less certain.
    """
    differences = _account_losses(first) - _account_losses(second)
    # How many accounts of each cell have each knot as the first that is not below their value.
    accounts = np.diff(cells.at_or_below, axis=1, prepend=0.0)
    total = accounts.sum()
    mean = (accounts * differences).sum() / total
    variance = (accounts * (differences - mean) ** 2).sum() / total
    return float(mean), float(np.sqrt(variance / total))


def _account_losses(cdf: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give an account's log-loss by the first knot that is not below its value; shape as `cdf`."""
    predicted = np.clip(cdf[:, 1:-1], _EDGE, 1.0 - _EDGE)
    losses: NDArray[np.float64] = np.zeros(cdf.shape)
    losses[:, 1:-1] = -np.log(predicted)[:, ::-1].cumsum(axis=1)[:, ::-1]
    losses[:, 0] = losses[:, 1]
    losses[:, 2:] -= np.log1p(-predicted).cumsum(axis=1)
    losses /= predicted.shape[1]
    return losses
