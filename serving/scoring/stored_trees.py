"""Trees as an artifact stores them, checked when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.stored_arrays import StoredArrays, check
from serving.scoring.tree_arrays import MAX_DEPTH, MAX_TREES, Trees

#: Of whatever is summed to log-odds, so that no sum leaves the numbers; a fit stays below 100.
_LARGEST = 1e6


def tree_arrays(trees: Trees) -> dict[str, NDArray[Any]]:
    """Give the arrays to store; `read_trees` reads them back from under a key."""
    return {
        "tree_features": trees.feature,
        "tree_thresholds": trees.threshold,
        "tree_leaves": trees.leaves,
    }


def read_trees(arrays: StoredArrays, key: str, outputs: int, features: int) -> Trees:
    """Take out an ensemble over so many features with so many outputs.

    Raises
    ------
    ArtifactCorrupt
        If it lacks, has other shapes, asks for features that there are not, or holds what no fit
        gives.
    """
    feature = arrays.take(f"{key}/tree_features", np.int16, (None, None))
    trees, nodes = feature.shape
    threshold = arrays.take(f"{key}/tree_thresholds", np.float32, (trees, nodes))
    leaves = arrays.take(f"{key}/tree_leaves", np.float32, (trees, nodes + 1, outputs))
    file = arrays.file
    # An array without numbers may claim any size.
    check(trees <= MAX_TREES, f"{key}/tree_features", file)
    check(nodes + 1 in [2**depth for depth in range(MAX_DEPTH + 1)], f"{key}/tree_features", file)
    within = (feature >= 0) & (feature < features)
    check(bool(within.all()), f"{key}/tree_features", file)
    # What always goes left has an infinite threshold.
    check(bool((threshold > -np.inf).all()), f"{key}/tree_thresholds", file)
    check(is_bounded(leaves), f"{key}/tree_leaves", file)
    return Trees(feature, threshold, leaves)


def is_bounded(array: NDArray[np.float64] | NDArray[np.float32]) -> bool:
    """Tell whether sums of these numbers stay numbers."""
    return bool((np.abs(array) <= _LARGEST).all())
