"""From a fitted peer model to the table that serving looks up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from serving.scoring.peer_axes import Axis, locate
from serving.scoring.peer_table import CDF_ONE
from training.axes import in_ranks
from training.peer_models.interface import MetricSample, PeerModel
from training.peer_models.losses import compare_losses, log_losses

#: Candidate bandwidths, in nodes of an even grid, widest first.
BANDWIDTHS = (4.0, 2.5, 1.5, 1.0, 0.5, 0.0)
#: What one node is in ranks where a dimension has few values and a node for each of them.
NODE_WIDTH = 0.025
#: How far an account counts as a peer, in ranks: the width of the kernel of `effective_peers`.
PEER_WIDTH = 0.1


def model_grid(model: PeerModel, axes: Sequence[Axis]) -> NDArray[np.float64]:
    """Evaluate a model at every known node.

    Returns
    -------
    ndarray of shape (axis.size - 1 for each axis, n_knots)
    """
    ticks = [np.arange(axis.size - 1.0) if axis.pooled is None else axis.nodes for axis in axes]
    points = np.array(list(product(*ticks)), dtype=np.float64)
    return model.cdf(points).reshape(*(len(tick) for tick in ticks), -1)


def smooth(
    grid: NDArray[np.float64], axes: Sequence[Axis], bandwidth: float
) -> NDArray[np.float64]:
    """Blur a grid along its numeric axes; averages of distributions stay distributions.

    Where a dimension has few values, a neighbouring node may be any distance away: such nodes are
    blurred by their distance in ranks, so that yes and no are not.
    """
    for position, axis in enumerate(axes):
        if bandwidth > 0 and axis.pooled is not None:
            if np.array_equal(axis.nodes, axis.pooled.ranks):
                kernel = _kernel(axis.nodes, bandwidth * NODE_WIDTH)
                kernel /= kernel.sum(axis=1, keepdims=True)
                grid = _blend(kernel, grid, position)
            else:
                grid = gaussian_filter1d(grid, bandwidth, axis=position, mode="nearest")
    return grid


def choose_bandwidth(
    grid: NDArray[np.float64],
    axes: Sequence[Axis],
    selection: MetricSample,
    mass: NDArray[np.float64],
) -> float:
    """Find the widest bandwidth whose held-out loss is within one standard error of the best."""
    cells = selection.cells
    place = locate([in_ranks(axis) for axis in axes], cells.dimensions)
    candidates = []
    for bandwidth in BANDWIDTHS:
        table = add_unknown(smooth(grid, axes, bandwidth), mass)
        nodes = table.reshape(-1, table.shape[-1])
        candidates.append((place.weights[:, :, None] * nodes[place.corners]).sum(axis=0))
    best = min(candidates, key=lambda cdf: float(log_losses(cdf, cells).sum()))
    for bandwidth, cdf in zip(BANDWIDTHS, candidates, strict=True):
        worse, error = compare_losses(cdf, best, cells)
        if worse <= error:
            return bandwidth
    return 0.0


def node_mass(axes: Sequence[Axis], dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the accounts at each known node, shared out by the weights of interpolation.

    Parameters
    ----------
    dimensions : ndarray of shape (n_accounts, n_dimensions)
        In the columns' own units; NaN (not known) counts nowhere.

    Returns
    -------
    ndarray of shape (axis.size - 1 for each axis)
    """
    known = dimensions[~np.isnan(dimensions).any(axis=1)]
    place = locate(axes, known[np.lexsort(known.T)])
    shape = tuple(axis.size for axis in axes)
    nodes = int(np.prod(shape))
    mass = np.zeros(nodes)
    for corner, weight in zip(place.corners, place.weights, strict=True):
        mass += np.bincount(corner, weights=weight, minlength=nodes)
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


def count_effective_peers(axes: Sequence[Axis], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count how many accounts inform each node: a Gaussian kernel `PEER_WIDTH` ranks wide.

    Accounts of another category are not peers; where a dimension is not known, all along it are.

    Returns
    -------
    ndarray of shape (n_nodes,)
    """
    for position, axis in enumerate(axes):
        if axis.pooled is not None:
            near = _blend(_kernel(axis.nodes, PEER_WIDTH), mass, position)
        else:
            near = mass
        mass = np.concatenate([near, mass.sum(axis=position, keepdims=True)], axis=position)
    # Rounded, so that another machine's last bits do not make another artifact.
    return np.round(mass.reshape(-1), 3)


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
