"""Where among the peer dimensions accounts have few peers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.flags import FEW_PEERS
from serving.scoring.peer_axes import Axis
from training.calibration import peer_groups
from training.inspection import QUARTILES, values_at
from training.peer_surfaces import two_axes

#: Told of so many places at most.
_MOST = 6


def sparse_regions(
    axes: Sequence[Axis], dimensions: NDArray[np.float64], effective_peers: NDArray[np.float64]
) -> dict[str, Any]:
    """Find the places with the fewest peers: quarters of the training accounts, and categories.

    Parameters
    ----------
    dimensions : ndarray of shape (n_accounts, n_axes)
        Encoded; NaN = not known.
    effective_peers : ndarray of shape (n_accounts,)
        As `Surroundings` has them.

    Returns
    -------
    dict
        Plain JSON values. ``dimensions``: the two peer dimensions looked at, numbers first.
        ``places``: of the six with the fewest, fewest first, ``where`` (a text per dimension, in
        its unit), how many ``accounts``, how many of these have ``few`` (less than `FEW_PEERS`),
        and the median of their ``effective_peers``.
    """
    chosen = two_axes(axes)
    columns = [axes.index(axis) for axis in chosen]
    groups = peer_groups(chosen, dimensions[:, columns])
    places: list[dict[str, Any]] = []
    for group in np.unique(groups):
        there = effective_peers[groups == group]
        places.append(
            {
                "where": _where(chosen, int(group)),
                "accounts": len(there),
                "few": int((there < FEW_PEERS).sum()),
                "effective_peers": float(np.median(there)),
            }
        )
    places.sort(key=lambda place: place["effective_peers"])
    return {"dimensions": [axis.input.name for axis in chosen], "places": places[:_MOST]}


def _where(axes: Sequence[Axis], group: int) -> list[str]:
    """Say in words what `peer_groups` means by a number."""
    told: list[str] = []
    for axis in reversed(axes):
        count = axis.size - 1 if axis.pooled is None else len(QUARTILES) + 1
        group, step = divmod(group, count + 1)
        told.insert(0, "not known" if step == count else _step(axis, step))
    return told


def _step(axis: Axis, step: int) -> str:
    if axis.pooled is None:
        return axis.input.categories[step]
    ends = values_at(axis, np.array([0.0, *QUARTILES, 1.0]))
    return f"{ends[step]:g} to {ends[step + 1]:g}"
