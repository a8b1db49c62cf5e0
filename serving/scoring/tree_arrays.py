"""Boosted trees as plain arrays, evaluated in numpy: no boosting library where accounts are scored.

Every tree is a complete binary tree of the same depth. That wastes some leaves, and lets all trees
be walked at once, level by level, without a Python loop over nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.scoring.smooth_terms import row_blocks

#: A complete tree of this depth has 1024 leaves; boosted trees are a third as deep.
MAX_DEPTH = 10
#: More trees than this make scoring slow; boosting stops long before.
MAX_TREES = 2**12
#: Rows whose running sums fit the processor's cache.
_BLOCK = 512


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """An ensemble of trees that have a vector of numbers at each leaf.

    Nodes are numbered from the root, level by level: below node i are 2i + 1 and 2i + 2. What is
    smaller than the threshold goes to the first of them. A branch that ends early goes on with
    thresholds of infinity, and so always to the first.

    Attributes
    ----------
    feature : ndarray of int16, shape (n_trees, 2**depth - 1)
        The column that each inner node looks at.
    threshold : ndarray of float32, shape (n_trees, 2**depth - 1)
        Not NaN.
    leaves : ndarray of float32, shape (n_trees, 2**depth, n_outputs)
        From left to right; finite.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    leaves: NDArray[np.float32]

    @property
    def depth(self) -> int:
        """How many questions each tree asks."""
        return int(self.leaves.shape[1]).bit_length() - 1

    def margins(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum the leaves that rows come to over all trees, each row by itself alone.

        Parameters
        ----------
        features : ndarray of float32, shape (n, n_features)
            No NaN. Short floats, because the thresholds were chosen between such.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Summed tree by tree: numpy's `sum` adds in another order for one row than for many.
        """
        # Converted once: adding short floats to long ones is slower than adding long ones.
        leaves = self.leaves.astype(np.float64)
        total = np.zeros((len(features), leaves.shape[2]))
        for rows in row_blocks(len(features), _BLOCK):
            reached = self._leaves_reached(np.ascontiguousarray(features[rows]))
            if leaves.shape[2] == 1 and len(leaves):
                each = leaves[np.arange(len(leaves))[:, None], reached]
                # Tree by tree as below; 0.0, because it might have begun with -0.0.
                total[rows] = np.add.accumulate(each)[-1] + 0.0
                continue
            found = np.empty_like(total[rows])
            for tree, numbers in zip(leaves, reached, strict=True):
                # "clip" spares a copy; the numbers are always good.
                np.take(tree, numbers, axis=0, out=found, mode="clip")
                total[rows] += found
        return total

    def _leaves_reached(self, features: NDArray[np.float32]) -> NDArray[np.intp]:
        """Walk all trees at once; gives numbers of leaves, shape (n_trees, n)."""
        rows, width = features.shape
        trees, nodes = self.feature.shape
        values = features.reshape(-1)
        feature, threshold = self.feature.reshape(-1), self.threshold.reshape(-1)
        row_start = np.arange(rows)[:, None] * width
        root = np.arange(trees) * nodes
        node = np.zeros((rows, trees), dtype=np.intp)
        for _ in range(self.depth):
            entry = root + node
            right = values[row_start + feature[entry]] >= threshold[entry]
            node = 2 * node + 1 + right
        return np.ascontiguousarray((node - nodes).T)


def no_trees(outputs: int) -> Trees:
    """Give an ensemble that adds nothing to any of its outputs."""
    return Trees(
        feature=np.zeros((0, 0), np.int16),
        threshold=np.zeros((0, 0), np.float32),
        leaves=np.zeros((0, 1, outputs), np.float32),
    )
