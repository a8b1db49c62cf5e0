"""Every metric's table on one shared grid of peer dimensions, stored as plain arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.manifest import FORMAT_VERSION
from serving.scoring.peer_axes import Axis, locate
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peers import Surroundings
from serving.scoring.scorecard import Scorecard
from serving.scoring.stored_arrays import (
    StoredArrays,
    ascends,
    check,
    pack_arrays,
    read_pooled,
    within_0_1,
)

#: More than training makes, which serves the models themselves beyond 40,000 nodes or 3 numbers.
MAX_NODES = 200_000
MAX_NUMBERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class PeerTables:
    """The fitted part of an artifact.

    Attributes
    ----------
    axes : tuple of Axis
        One per peer dimension; node numbers of all tables are row-major over their sizes.
    effective_peers : ndarray of shape (n_nodes,)
        How many training accounts there are around each node; each metric's table knows how
        many of them inform it.
    metrics : mapping of str to PeerTable
    """

    axes: tuple[Axis, ...]
    effective_peers: NDArray[np.float64]
    metrics: Mapping[str, PeerTable]

    @property
    def nodes(self) -> int:
        """How many nodes the grid has."""
        return math.prod(axis.size for axis in self.axes)

    def around(self, dimensions: NDArray[np.float64]) -> Surroundings:
        """Find the corners of the grid around accounts; see `Peers.around`."""
        cells = locate(self.axes, dimensions)
        return Surroundings(cells, self.metrics, cells.mix(self.effective_peers))

    def only(self, metrics: Iterable[str]) -> PeerTables:
        """Give the same with some of the metrics."""
        return replace(self, metrics={name: self.metrics[name] for name in metrics})

    def to_npz(self) -> bytes:
        """Pack all arrays; the same tables give the same bytes."""
        arrays: dict[str, NDArray[Any]] = {"effective_peers": self.effective_peers}
        for axis in self.axes:
            if axis.pooled is not None:
                arrays[f"axes/{axis.input.name}/values"] = axis.pooled.values
                arrays[f"axes/{axis.input.name}/ranks"] = axis.pooled.ranks
                arrays[f"axes/{axis.input.name}/nodes"] = axis.nodes
        for name, table in self.metrics.items():
            arrays[f"metrics/{name}/values"] = table.pooled.values
            arrays[f"metrics/{name}/ranks"] = table.pooled.ranks
            arrays[f"metrics/{name}/knots"] = table.knots
            arrays[f"metrics/{name}/cdf"] = table.cdf
            arrays[f"metrics/{name}/bounds"] = np.array([table.lower, table.upper], np.float64)
            arrays[f"metrics/{name}/peers"] = table.peers
        return pack_arrays(arrays)


def read_tables(
    arrays: StoredArrays, scorecard: Scorecard, *, version: int = FORMAT_VERSION
) -> PeerTables:
    """Take out and check what `PeerTables.to_npz` packed.

    Parameters
    ----------
    version : int
        Of the artifact's format. In version 1 metrics have no peers of their own: all of them
        share the accounts'.

    Raises
    ------
    ArtifactCorrupt
        If an array is missing, has another type or shape, or is not monotone where it must be.
    """
    axes = tuple(_read_axis(arrays, column) for column in scorecard.peer_dimensions)
    # Before anything is laid out: a small file may claim many dimensions.
    numbers = sum(axis.pooled is not None for axis in axes)
    nodes = math.prod(axis.size for axis in axes)
    check(numbers <= MAX_NUMBERS and nodes <= MAX_NODES, "axes")
    shared = _read_peers(arrays, "effective_peers", nodes)
    metrics = {}
    for metric in scorecard.peer_metrics:
        key = f"metrics/{metric.name}"
        peers = shared if version == 1 else _read_peers(arrays, f"{key}/peers", nodes)
        metrics[metric.name] = _read_table(arrays, key, peers)
    return PeerTables(axes, shared, metrics)


def _read_axis(arrays: StoredArrays, column: Input) -> Axis:
    if column.type == "category":
        return Axis(column, None, np.empty(0))
    key = f"axes/{column.name}"
    nodes = arrays.take(f"{key}/nodes", np.float64, (None,))
    check(len(nodes) > 0 and ascends(nodes) and within_0_1(nodes), f"{key}/nodes")
    pooled = read_pooled(arrays, key)
    # Below the first node nothing is stored.
    check(bool(nodes[0] <= pooled.ranks[0]), f"{key}/nodes")
    return Axis(column, pooled, nodes)


def _read_peers(arrays: StoredArrays, key: str, nodes: int) -> NDArray[np.float64]:
    peers = arrays.take(key, np.float64, (nodes,))
    check(bool(((peers >= 0) & (peers < np.inf)).all()), key)
    return peers


def _read_table(arrays: StoredArrays, key: str, peers: NDArray[np.float64]) -> PeerTable:
    knots = arrays.take(f"{key}/knots", np.float64, (None,))
    cdf = arrays.take(f"{key}/cdf", np.uint16, (len(peers), len(knots)))
    lower, upper = arrays.take(f"{key}/bounds", np.float64, (2,)).tolist()
    check(len(knots) >= 2 and bool((np.diff(knots) > 0).all()), f"{key}/knots")
    check(knots[0] == 0.0 and knots[-1] == 1.0, f"{key}/knots")
    check(bool((cdf[:, 1:] >= cdf[:, :-1]).all()), f"{key}/cdf")
    check(bool((cdf[:, 0] == 0).all() and (cdf[:, -1] == CDF_ONE).all()), f"{key}/cdf")
    check(lower < upper, f"{key}/bounds")
    return PeerTable(read_pooled(arrays, key), knots, cdf, lower, upper, peers)
