"""What peers look like over two peer dimensions at once: medians, and how many peers there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Scorer
from serving.scoring.peer_axes import Axis
from training.inspection import MAX_CATEGORIES, peer_quantiles, values_at

#: Places along a number: enough for a smooth image.
_PLACES = 41
_EDGES = np.linspace(0.0, 1.0, _PLACES + 1)
_TICKS = np.linspace(0.0, 1.0, 5)


class Direction(NamedTuple):
    """One side of a surface.

    Attributes
    ----------
    edges : ndarray of shape (n_places + 1,)
        Of a number: shares of the accounts that are below, so that as many accounts are in the
        left half as in the right one. Of a category: its positions.
    ticks : ndarray of shape (n_ticks,)
        On the scale of `edges`.
    values : tuple of float or str
        What stands at the ticks, in the dimension's own unit.
    """

    dimension: str
    edges: NDArray[np.float64]
    ticks: NDArray[np.float64]
    values: tuple[float | str, ...]
    is_number: bool

    @property
    def middles(self) -> NDArray[np.float64]:
        """The places that were asked, shape (n_places,)."""
        return (self.edges[:-1] + self.edges[1:]) / 2


class Surface(NamedTuple):
    """A number over two peer dimensions.

    Attributes
    ----------
    up : Direction or None
        None where peers differ in one dimension only; then there is one row.
    values : ndarray of shape (n_up, n_across)
        NaN where nothing is known.
    """

    across: Direction
    up: Direction | None
    values: NDArray[np.float64]


class PeerSurfaces(NamedTuple):
    """What peers look like, by place.

    Attributes
    ----------
    medians : mapping of str to Surface
        Metric → the median of the peers, in the metric's unit; none of a metric that no training
        account had.
    effective_peers : Surface
        How many training accounts inform the scores.
    others : tuple of str
        Peer dimensions that are not shown: numbers at their median, categories not known.
    """

    medians: Mapping[str, Surface]
    effective_peers: Surface
    others: tuple[str, ...]


def peer_surfaces(scorer: Scorer) -> PeerSurfaces | None:
    """Give what peers look like over the first two numbers, or a number and a category.

    Other numbers are at their median, other categories not known, which is the average over them;
    of a category the first 20 values are shown.

    Returns
    -------
    PeerSurfaces or None
        None where the only peer dimension is a number: that is a curve.
    """
    axes = scorer.peers.axes
    chosen = two_axes(axes)
    if len(chosen) == 1 and chosen[0].pooled is not None:
        return None
    sides = [_direction(axis) for axis in chosen]
    across, up = sides[0], sides[1] if len(sides) > 1 else None
    accounts = _mesh(scorer, chosen, sides)
    around = scorer.around(accounts)
    shape = (1 if up is None else len(up.middles), len(across.middles))
    medians = {}
    for metric in scorer.scorecard.peer_metrics:
        table = around.metrics[metric.name]
        if len(table.pooled.values) > 1:
            found = peer_quantiles(table, metric, around.cells, [0.5])
            medians[metric.name] = Surface(across, up, found.reshape(shape))
    peers = Surface(across, up, around.effective_peers.reshape(shape))
    shown = {side.dimension for side in sides}
    others = tuple(axis.input.name for axis in axes if axis.input.name not in shown)
    return PeerSurfaces(medians, peers, others)


def two_axes(axes: Sequence[Axis]) -> list[Axis]:
    """Pick the two peer dimensions to show, numbers first; one where there is one."""
    numbers = [axis for axis in axes if axis.pooled is not None]
    categories = [axis for axis in axes if axis.pooled is None]
    return [*numbers, *categories][:2]


def _direction(axis: Axis) -> Direction:
    if axis.pooled is None:
        names = axis.input.categories[:MAX_CATEGORIES]
        edges = np.arange(len(names) + 1.0)
        return Direction(axis.input.name, edges, edges[:-1] + 0.5, names, is_number=False)
    values = tuple(values_at(axis, _TICKS).tolist())
    return Direction(axis.input.name, _EDGES, _TICKS, values, is_number=True)


def _mesh(
    scorer: Scorer, chosen: Sequence[Axis], sides: Sequence[Direction]
) -> NDArray[np.float64]:
    """Give an account per place, row by row: shape (n_up * n_across, n_inputs)."""
    names = [entry.name for entry in scorer.inputs]
    places = np.meshgrid(*(side.middles for side in sides))
    accounts = np.full((places[0].size, len(names)), np.nan)
    for axis in scorer.peers.axes:
        if axis.pooled is not None:
            accounts[:, names.index(axis.input.name)] = values_at(axis, np.array([0.5]))
    for axis, place in zip(chosen, places, strict=True):
        found = place.reshape(-1)
        encoded = np.floor(found) if axis.pooled is None else values_at(axis, found)
        accounts[:, names.index(axis.input.name)] = encoded
    return accounts
