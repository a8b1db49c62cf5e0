"""Logistic regression by Newton's method: the plain baseline, and the calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

_STEPS = 50
_DONE = 1e-10
#: A longer step is shortened to this: far from the best, Newton overshoots.
_LONGEST = 4.0


def fit_logistic(
    columns: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    *,
    ridge: NDArray[np.float64],
    offset: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Find the coefficients of ``log-odds = offset + columns @ coefficients``.

    Parameters
    ----------
    columns : ndarray of shape (n, n_columns)
        No NaN; a column of ones for an intercept.
    outcomes : ndarray of shape (n,)
        1 or 0.
    ridge : ndarray of shape (n_columns,)
        What each squared coefficient costs, in log-likelihood, halved; above 0 keeps a column
        that tells outcomes perfectly apart, or nothing, from running away.

    Returns
    -------
    ndarray of shape (n_columns,)
    """
    coefficients = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        chance = special.expit(offset + columns @ coefficients)
        gradient = columns.T @ (outcomes - chance) - ridge * coefficients
        weights = chance * (1.0 - chance)
        hessian = (columns * weights[:, None]).T @ columns + np.diag(ridge + _DONE)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), _LONGEST))
        coefficients += step
        if np.abs(step).max() < _DONE:
            break
    return coefficients
