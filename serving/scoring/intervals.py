"""How far a peer rank may be off because there are only so many peers."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.errors import InvalidInput

#: How sure the intervals of an explanation are.
INTERVAL_LEVEL = 0.9

#: Shares of the peers whose values an explanation tells.
QUARTILES = (0.25, 0.5, 0.75)


class Intervals(NamedTuple):
    """Ends of intervals around peer ranks, both of shape (n_accounts, n_metrics).

    In [0, 1], with the rank between them; NaN where there is no rank.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def normal_quantile(level: float) -> float:
    """Give how many standard deviations hold a share `level` of a normal distribution's middle.

    Raises
    ------
    InvalidInput
        If `level` is not between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 2)
    1.96
    """
    share = (1.0 + level) / 2.0
    if not 0.5 < share < 1.0:
        raise InvalidInput(f"the level of an interval is between 0 and 1, not {level}")
    return NormalDist().inv_cdf(share)


def wilson(
    ranks: NDArray[np.float64], peers: NDArray[np.float64], quantile: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give Wilson's score interval for shares that were counted among so many.

    Parameters
    ----------
    ranks : ndarray
        Shares in [0, 1]; NaN stays NaN. A mid-rank counts a peer that is equal as half, which
        varies less than a peer that is either below or not: its interval is rather too wide.
    peers : ndarray of the same shape
        How many accounts inform each share; with none the interval is all of [0, 1].
    quantile : float
        As `normal_quantile` gives.

    References
    ----------
    .. [1] Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference",
           JASA 22(158).
    .. [2] Brown, Cai & DasGupta (2001), "Interval Estimation for a Binomial Proportion",
           Statistical Science 16(2).

    Examples
    --------
    >>> low, high = wilson(np.array([0.8]), np.array([10.0]), normal_quantile(0.9))
    >>> low.round(2), high.round(2)
    (array([0.54]), array([0.93]))
    """
    squared = quantile * quantile
    middle = (peers * ranks + squared / 2.0) / (peers + squared)
    spread = peers * ranks * (1.0 - ranks) + squared / 4.0
    reach = quantile * np.sqrt(spread) / (peers + squared)
    # Only rounding, or a rank of 0 or 1, puts an end beyond the rank.
    low = np.maximum(np.minimum(middle - reach, ranks), 0.0)
    high = np.minimum(np.maximum(middle + reach, ranks), 1.0)
    return low, high
