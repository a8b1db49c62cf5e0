"""Names for parts of the scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Band(NamedTuple):
    """A part of the scale: from `lower`, inclusive, to the next band's, or to the maximum."""

    name: str
    lower: float


def bands_from_dict(lower_bounds: Mapping[str, float]) -> tuple[Band, ...]:
    """Give bands, ascending, from their names and lower bounds."""
    bands = (Band(name, float(lower)) for name, lower in lower_bounds.items())
    return tuple(sorted(bands, key=lambda band: band.lower))


def band_places(scores: NDArray[np.float64], bands: Sequence[Band]) -> NDArray[np.int64]:
    """Find the band of each score, compared as it is, not as it is shown.

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
    places = np.searchsorted([band.lower for band in bands], scores, side="right") - 1
    return np.where(np.isnan(scores), -1, places)
