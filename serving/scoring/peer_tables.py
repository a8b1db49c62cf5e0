"""Every metric's table on one shared grid of peer dimensions, stored as plain arrays."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.scorecard import Input, Scorecard

#: The span between two values must be a number too.
_LARGEST_VALUE = np.finfo(np.float64).max / 4.0


@dataclass(frozen=True, slots=True, eq=False)
class PeerTables:
    """The fitted part of an artifact.

    Attributes
    ----------
    axes : tuple of Axis
        One per peer dimension; node numbers of all tables are row-major over their sizes.
    effective_peers : ndarray of shape (n_nodes,)
        How many training accounts inform the tables at each node.
    metrics : mapping of str to PeerTable
    """

    axes: tuple[Axis, ...]
    effective_peers: NDArray[np.float64]
    metrics: Mapping[str, PeerTable]

    @property
    def nodes(self) -> int:
        """How many nodes the grid has."""
        return int(np.prod([axis.size for axis in self.axes]))

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
        stream = io.BytesIO()
        # Not compressed: it loads faster, and cannot be made to unpack to more than its size.
        np.savez(stream, allow_pickle=False, **{key: arrays[key] for key in sorted(arrays)})
        return stream.getvalue()


def read_npz(data: bytes, scorecard: Scorecard) -> PeerTables:
    """Unpack and check what `PeerTables.to_npz` packed.

    Raises
    ------
    ArtifactCorrupt
        If an array is missing, has another type or shape, or is not monotone where it must be.
    """
    arrays = _Arrays(data)
    axes = tuple(_read_axis(arrays, column) for column in scorecard.peer_dimensions)
    nodes = int(np.prod([axis.size for axis in axes]))
    tables = PeerTables(
        axes=axes,
        effective_peers=arrays.take("effective_peers", np.float64, (nodes,)),
        metrics={
            metric.name: _read_table(arrays, metric.name, nodes) for metric in scorecard.metrics
        },
    )
    peers = tables.effective_peers
    _check(bool(((peers >= 0) & (peers < np.inf)).all()), "effective_peers")
    arrays.check_all_taken()
    return tables


class _Arrays:
    """The arrays of an npz, each taken once and checked."""

    def __init__(self, data: bytes) -> None:
        try:
            self._arrays = dict(_unpack(data))
        except (
            ValueError,
            TypeError,
            OSError,
            EOFError,
            OverflowError,
            MemoryError,  # a header may claim any shape
            RuntimeError,  # an encrypted entry
            zipfile.BadZipFile,
            struct.error,
        ) as error:
            raise ArtifactCorrupt(f"peer_tables.npz cannot be read: {error}") from None

    def take(self, key: str, dtype: type[np.generic], shape: Sequence[int | None]) -> NDArray[Any]:
        array = self._arrays.pop(key, None)
        if array is None:
            raise ArtifactCorrupt(f"peer_tables.npz lacks {key}")
        fits = len(array.shape) == len(shape) and all(
            wanted in (None, actual) for wanted, actual in zip(shape, array.shape, strict=True)
        )
        if array.dtype != dtype or not fits:
            raise ArtifactCorrupt(f"peer_tables.npz: {key} is {array.dtype} of {array.shape}")
        if np.isnan(array).any():
            raise ArtifactCorrupt(f"peer_tables.npz: {key} holds NaN")
        return np.ascontiguousarray(array)

    def check_all_taken(self) -> None:
        if self._arrays:
            raise ArtifactCorrupt(
                f"peer_tables.npz holds unknown arrays: {sorted(self._arrays)[:3]}"
            )


def _unpack(data: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays of an npz; ValueError for a zip that `PeerTables.to_npz` does not write."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        entries = packed.infolist()
        names = {entry.filename.removesuffix(".npy") for entry in entries}
        stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
        # Entries may overlap, so that a small file would hold a large one many times.
        if len(names) < len(entries) or sum(entry.file_size for entry in entries) > len(data):
            raise ValueError("an array stands twice")
        if not stored:
            raise ValueError("it is compressed")
        for entry in entries:
            content = io.BytesIO(packed.read(entry))
            array = np.lib.format.read_array(content, allow_pickle=False)
            yield entry.filename.removesuffix(".npy"), array


def _read_axis(arrays: _Arrays, column: Input) -> Axis:
    if column.type == "category":
        return Axis(column, None, np.empty(0))
    key = f"axes/{column.name}"
    nodes = arrays.take(f"{key}/nodes", np.float64, (None,))
    _check(len(nodes) > 0 and _ascends(nodes) and _within_0_1(nodes), f"{key}/nodes")
    return Axis(column, _read_pooled(arrays, key), nodes)


def _read_pooled(arrays: _Arrays, key: str) -> PooledDistribution:
    values = arrays.take(f"{key}/values", np.float64, (None,))
    ranks = arrays.take(f"{key}/ranks", np.float64, (len(values),))
    _check(len(values) > 0 and _ascends(values), key)
    # A width beyond all numbers could not be divided by.
    _check(bool(np.abs(values[[0, -1]]).max() <= _LARGEST_VALUE), key)
    _check(_ascends(ranks) and _within_0_1(ranks), key)
    return PooledDistribution(values, ranks)


def _read_table(arrays: _Arrays, name: str, nodes: int) -> PeerTable:
    key = f"metrics/{name}"
    knots = arrays.take(f"{key}/knots", np.float64, (None,))
    cdf = arrays.take(f"{key}/cdf", np.uint16, (nodes, len(knots)))
    lower, upper = arrays.take(f"{key}/bounds", np.float64, (2,)).tolist()
    _check(len(knots) >= 2 and bool((np.diff(knots) > 0).all()), f"{key}/knots")
    _check(knots[0] == 0.0 and knots[-1] == 1.0, f"{key}/knots")
    _check(bool((cdf[:, 1:] >= cdf[:, :-1]).all()), f"{key}/cdf")
    _check(bool((cdf[:, 0] == 0).all() and (cdf[:, -1] == CDF_ONE).all()), f"{key}/cdf")
    _check(lower < upper, f"{key}/bounds")
    return PeerTable(_read_pooled(arrays, key), knots, cdf, lower, upper)


def _ascends(array: NDArray[np.float64]) -> bool:
    return bool((array[1:] >= array[:-1]).all())


def _within_0_1(array: NDArray[np.float64]) -> bool:
    return bool(array[0] >= 0.0 and array[-1] <= 1.0)


def _check(good: bool, key: str) -> None:
    if not good:
        raise ArtifactCorrupt(f"peer_tables.npz: {key} is out of order or out of range")
