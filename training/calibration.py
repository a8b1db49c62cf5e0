"""Are scores spread as they should be: on all accounts, and in every corner of peer dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis, Cells
from serving.scoring.peer_table import PeerTable
from serving.scoring.scorecard import PeerMetric
from training.axes import to_ranks

#: Cells of the peer dimensions with fewer accounts say nothing of calibration.
MIN_CELL_ACCOUNTS = 50
#: 95 % point of the Kolmogorov-Smirnov statistic of n uniform numbers, times sqrt(n).
KS_95 = 1.358
_SEED = 20260101


def randomised_pit(
    table: PeerTable, metric: PeerMetric, cells: Cells, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw each account's rank uniformly between P(Y<y) and P(Y<=y): uniform if F is right.

    Values beyond a bound count as at it, for the account and for its peers, as they are scored.

    References
    ----------
    .. [1] Czado, Gneiting & Held (2009), "Predictive Model Assessment for Count Data",
           Biometrics 65(4).
    """
    low = table.rank(replace(metric, ties="low", higher_is_better=True), cells, values)
    high = table.rank(replace(metric, ties="high", higher_is_better=True), cells, values)
    return low + np.random.default_rng(_SEED).random(len(values)) * (high - low)


def ks_distance(pit: NDArray[np.float64]) -> float:
    """Give the largest distance between the share of accounts at or below a rank and the rank."""
    return abs(furthest(pit)[1])


def furthest(pit: NDArray[np.float64]) -> tuple[float, float]:
    """Find where the share of accounts at or below a rank is furthest from the rank.

    Returns
    -------
    tuple of float
        The rank, and the share minus the rank there (just before it where the share jumps).
    """
    ordered = np.sort(pit)
    steps = np.arange(len(pit) + 1) / len(pit)
    gaps = np.concatenate([steps[1:] - ordered, steps[:-1] - ordered])
    place = int(np.abs(gaps).argmax())
    return float(ordered[place % len(pit)]), float(gaps[place])


def ks_noise(accounts: int) -> float:
    """Give the KS distance that right scores of so many accounts exceed once in twenty times."""
    return KS_95 / float(np.sqrt(accounts))


def worst_cell(
    pit: NDArray[np.float64], groups: NDArray[np.intp]
) -> tuple[float | None, float | None]:
    """Find the cell that is furthest beyond its own noise.

    Returns
    -------
    tuple of float or None
        Its KS distance and its noise level; None where no cell has `MIN_CELL_ACCOUNTS`.
    """
    cells = [pit[groups == group] for group in np.unique(groups)]
    judged = [
        (ks_distance(own), ks_noise(len(own))) for own in cells if len(own) >= MIN_CELL_ACCOUNTS
    ]
    return max(judged, key=lambda cell: cell[0] / cell[1], default=(None, None))


def peer_groups(axes: Sequence[Axis], dimensions: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give each account its cell's number: training quartiles of the numbers, and the categories.

    Parameters
    ----------
    dimensions : ndarray of shape (n_accounts, n_axes)
        Encoded; NaN = not known, which is a cell of its own.
    """
    ranks = to_ranks(axes, dimensions)
    group = np.zeros(len(dimensions), dtype=np.intp)
    for position, axis in enumerate(axes):
        count = axis.size - 1 if axis.pooled is None else 4
        step = ranks[:, position] if axis.pooled is None else np.minimum(ranks[:, position] * 4, 3)
        group = group * (count + 1) + np.nan_to_num(step, nan=count).astype(np.intp)
    return group
