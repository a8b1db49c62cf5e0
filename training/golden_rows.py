"""Which rows an artifact proves itself with. Made up from the tables: no real account is stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.peers import Peers

#: Rows drawn at random, beside the edge cases.
RANDOM_ROWS = 128


def golden_accounts(tables: Peers, inputs: Sequence[Input], *, seed: int) -> NDArray[np.float64]:
    """Make up accounts: random ones, and the edges.

    Edges: every column at its lowest and highest, beyond both, all missing, each column missing
    in turn, zeros, categories that do not exist.

    Returns
    -------
    ndarray of shape (n_rows, n_inputs)
        Encoded, columns in the order of `inputs`.
    """
    rng = np.random.default_rng(seed)
    curves = {axis.input.name: axis.pooled for axis in tables.axes}
    curves |= {name: table.pooled for name, table in tables.metrics.items()}
    columns, low, high = [], [], []
    for column in inputs:
        curve = curves[column.name]
        if curve is None:
            columns.append(rng.integers(0, len(column.categories), RANDOM_ROWS).astype(float))
            low.append(0.0)
            high.append(len(column.categories) - 1.0)
        else:
            # Stored points, so that atoms (zeros, top codes) come as often as they are.
            columns.append(np.interp(rng.random(RANDOM_ROWS), curve.ranks, curve.values))
            low.append(curve.values[0])
            high.append(curve.values[-1])
    random = np.column_stack(columns)
    bottom, top = np.array(low), np.array(high)
    holed = random[np.arange(len(inputs)) % RANDOM_ROWS]
    holes = np.where(np.eye(len(inputs), dtype=bool), np.nan, holed)
    edges = [bottom, top, bottom - 1.0, top + 1.0, np.full(len(inputs), np.nan), 0.0 * bottom]
    return np.vstack([random, np.array(edges), holes])
