"""From a fitted peer model to the table that serving looks up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis, locate
from serving.scoring.peer_table import CDF_ONE
from training.axes import in_ranks
from training.peer_models.counting import CellCounts
from training.peer_models.interface import PeerModel, Sample
from training.peer_models.losses import compare_losses, log_losses

#: Candidate bandwidths, in steps of `NODE_WIDTH`, widest first.
BANDWIDTHS = (4.0, 2.5, 1.5, 1.0, 0.5, 0.0)
#: Ranks between the nodes of two dimensions.
NODE_WIDTH = 0.025


def model_grid(model: PeerModel, axes: Sequence[Axis]) -> NDArray[np.float64]:
    """Evaluate a model at every known node.

    Returns
    -------
    ndarray of shape (axis.size - 1 for each axis, n_knots)
    """
    return model.cdf(known_nodes(axes)).reshape(*(axis.size - 1 for axis in axes), -1)


def known_nodes(axes: Sequence[Axis]) -> NDArray[np.float64]:
    """List the known nodes in the order of the tables: ranks and codes, as models take them.

    Returns
    -------
    ndarray of shape (n_known_nodes, n_dimensions)
    """
    return np.array(list(product(*(_ticks(axis) for axis in axes))), dtype=np.float64)


def _ticks(axis: Axis) -> NDArray[np.float64]:
    if axis.pooled is None:
        return np.arange(axis.size - 1.0)
    ticks = axis.nodes.copy()
    # The lower side of a step is what holds just before it.
    lower = np.flatnonzero(np.diff(ticks) == 0)
    ticks[lower] = np.nextafter(ticks[lower], 0.0)
    return ticks


def smooth(
    grid: NDArray[np.float64],
    axes: Sequence[Axis],
    bandwidth: float,
    steps: Sequence[tuple[int, float]] = (),
) -> NDArray[np.float64]:
    """Blur a grid along its numeric axes; averages of distributions stay distributions.

    Nodes are blurred by their distance in ranks, so where a dimension has few values, such as yes
    and no, they are not; nor are the two sides of a step.

    Parameters
    ----------
    bandwidth : float
        Standard deviation of the Gaussian, in nodes of `NODE_WIDTH`; 0 leaves the grid alone.
    steps : sequence of (int, float)
        Dimension and rank of the steps to keep.
    """
    for position, axis in enumerate(axes):
        if bandwidth > 0 and axis.pooled is not None:
            kernel = _kernel(axis.nodes, bandwidth * NODE_WIDTH) * _widths(axis.nodes)
            ticks = _ticks(axis)
            for at in (at for dimension, at in steps if dimension == position):
                kernel[(ticks < at)[:, None] != (ticks < at)] = 0.0
            kernel /= kernel.sum(axis=1, keepdims=True)
            grid = _blend(kernel, grid, position)
    return grid


def _widths(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the stretch of ranks that each node stands for, so that close nodes count less."""
    middles = (nodes[1:] + nodes[:-1]) / 2.0
    edges = np.concatenate([nodes[:1], middles, nodes[-1:]])
    return np.maximum(np.diff(edges), 1e-6)


def choose_bandwidth(
    grid: NDArray[np.float64],
    axes: Sequence[Axis],
    selection: Sample,
    mass: NDArray[np.float64],
    steps: Sequence[tuple[int, float]] = (),
) -> float:
    """Find the widest bandwidth whose held-out loss is within one standard error of the best."""
    cells = selection.gather(steps)
    place = locate([in_ranks(axis) for axis in axes], cells.dimensions)
    candidates = []
    for bandwidth in BANDWIDTHS:
        table = add_unknown(smooth(grid, axes, bandwidth, steps), mass)
        nodes = table.reshape(-1, table.shape[-1])
        candidates.append((place.weights[:, :, None] * nodes[place.corners]).sum(axis=0))
    best = min(candidates, key=lambda cdf: float(log_losses(cdf, cells).sum()))
    for bandwidth, cdf in zip(BANDWIDTHS, candidates, strict=True):
        worse, error = compare_losses(cdf, best, cells)
        if worse <= error:
            return bandwidth
    return 0.0


def node_mass(axes: Sequence[Axis], cells: CellCounts) -> NDArray[np.float64]:
    """Count the accounts at each known node, shared out by the weights of interpolation.

    Parameters
    ----------
    cells : CellCounts
        The accounts whose dimensions are all known.

    Returns
    -------
    ndarray of shape (axis.size - 1 for each axis)
    """
    place = locate([in_ranks(axis) for axis in axes], cells.dimensions)
    shape = tuple(axis.size for axis in axes)
    nodes = int(np.prod(shape))
    mass = np.zeros(nodes)
    for corner, weight in zip(place.corners, place.weights, strict=True):
        mass += np.bincount(corner, weights=weight * cells.accounts, minlength=nodes)
    return mass.reshape(shape)[tuple(slice(0, size - 1) for size in shape)]


def add_unknown(grid: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Append each axis's "not known" node: the average over the axis, weighted by accounts.

    `grid` may have a last axis of knots that `mass` lacks.
    """
    for axis in range(mass.ndim):
        weight = mass.reshape(mass.shape + (1,) * (grid.ndim - mass.ndim)) + 1e-12
        average = (grid * weight).sum(axis=axis, keepdims=True) / weight.sum(
            axis=axis, keepdims=True
        )
        grid = np.concatenate([grid, average], axis=axis)
        mass = np.concatenate([mass, mass.sum(axis=axis, keepdims=True)], axis=axis)
    return grid


def to_table(grid: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Turn F on the known nodes into the stored table: all nodes by knots, in 1/`CDF_ONE`."""
    full = add_unknown(grid, mass)
    flat = np.maximum.accumulate(np.clip(full.reshape(-1, full.shape[-1]), 0.0, 1.0), axis=1)
    flat[:, 0], flat[:, -1] = 0.0, 1.0
    table: NDArray[np.uint16] = np.rint(flat * CDF_ONE).astype(np.uint16)
    return table


def add_unknown_peers(peers: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Append to effective peers those of each axis's "not known" node: of an average over nodes.

    Variances add, and nodes inform each other, so there are never more than accounts.

    Returns
    -------
    ndarray of shape (n_nodes,)
    """
    total = mass.sum()
    for axis in range(mass.ndim):
        share = (mass + 1e-12) / (mass + 1e-12).sum(axis=axis, keepdims=True)
        average = 1.0 / (share**2 / peers).sum(axis=axis, keepdims=True)
        peers = np.concatenate([peers, np.minimum(average, max(total, 1.0))], axis=axis)
        mass = np.concatenate([mass, mass.sum(axis=axis, keepdims=True)], axis=axis)
    # Rounded, so that another machine's last bits do not make another artifact.
    return np.round(peers.reshape(-1), 2)


def _kernel(nodes: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Weigh every pair of nodes by their distance in ranks."""
    weights: NDArray[np.float64] = np.exp(-0.5 * ((nodes[:, None] - nodes[None, :]) / width) ** 2)
    return weights


def _blend(
    kernel: NDArray[np.float64], grid: NDArray[np.float64], position: int
) -> NDArray[np.float64]:
    """Replace each slice along an axis by the slices' sum, weighted by the kernel's row."""
    # Not a product of matrices: how those are summed depends on the library and its threads.
    blended = np.einsum("ij,j...->i...", kernel, np.moveaxis(grid, position, 0))
    return np.moveaxis(blended, 0, position)
