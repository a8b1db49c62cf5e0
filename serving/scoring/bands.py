"""Names for parts of the scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: A mean of scores up to 100 has two or three decimals more before its last bits.
_SURE_DECIMALS = 9


class Band(NamedTuple):
    """A part of the scale: from `lower`, inclusive, to the next band's, or to the maximum."""

    name: str
    lower: float


def bands_from_dict(lower_bounds: Mapping[str, float]) -> tuple[Band, ...]:
    """Give bands, ascending, from their names and lower bounds."""
    bands = (Band(name, float(lower)) for name, lower in lower_bounds.items())
    return tuple(sorted(bands, key=lambda band: band.lower))


def settled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give scores without the last bits, in which equal means may differ."""
    return np.round(scores, _SURE_DECIMALS)


def band_places(scores: NDArray[np.float64], bands: Sequence[Band]) -> NDArray[np.int64]:
    """Find the band of each score, compared as it is, not as it is shown.

    Only the last bits do not count: weights of 0.1, 0.2 and 0.7 make 74.99999999999999 of what is
    75 with weights of 1, 2 and 7.

    Parameters
    ----------
    scores : ndarray of shape (n_accounts,)
        On the scale.

    Returns
    -------
    ndarray of shape (n_accounts,)
        Places in `bands`; -1 where there is no score.

    Examples
    --------
    >>> band_places(np.array([75.0, 74.999, np.nan]), [Band("Watch", 0.0), Band("Healthy", 75.0)])
    array([ 1,  0, -1])
    """
    places = np.searchsorted([band.lower for band in bands], settled(scores), side="right") - 1
    return np.where(np.isnan(scores), -1, places)
