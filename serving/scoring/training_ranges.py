"""Between which values training has seen each input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peers import Peers

#: The share of accounts on each side that must prove themselves.
_TAIL = 0.01
#: So many times farther from the middle than all before it, and a value counts as a mistake.
_FAR = 100.0


def training_ranges(peers: Peers | None, inputs: Sequence[Input]) -> NDArray[np.float64]:
    """Find the lowest and the highest value of each input that training has seen.

    A value in the outermost hundredth that is a hundred times farther from the median than the
    value before it is left out, and what lies beyond it. One account with 999,999,999 would
    otherwise hide everything that is ever out of range; on reference data with one such account
    per column no order of the columns but the right one was noticed. Heavy tails stay: they have
    no such gaps. Quantiles instead would cut them off, and with them every request about the
    largest customers.

    Parameters
    ----------
    peers : Peers or None
        Of an artifact; None where it has none, and so no ranges. A column's stored curve ends at
        its lowest and highest value and has some 400 points between them. Bounds do not matter
        here.
    inputs : sequence of Input

    Returns
    -------
    ndarray of shape (n_inputs, 2)
        In the columns' own units, a date as days before the scoring date. NaN where there is no
        range: for a category, for a column that is not compared with peers, and for a metric that
        no training account had.
    """
    curves = {} if peers is None else _curves(peers)
    ranges = [_range(curves[column.name]) if column.name in curves else None for column in inputs]
    return np.array([ends or (np.nan, np.nan) for ends in ranges]).reshape(-1, 2)


def _curves(peers: Peers) -> Mapping[str, PooledDistribution]:
    # A metric that nobody had has a single point, which stands for nothing.
    metrics = {
        name: metric.pooled
        for name, metric in peers.metrics.items()
        if len(metric.pooled.values) > 1
    }
    axes = {axis.input.name: axis.pooled for axis in peers.axes if axis.pooled is not None}
    return metrics | axes


def _range(pooled: PooledDistribution) -> tuple[float, float]:
    values, ranks = pooled.values.tolist(), pooled.ranks
    last = len(values) - 1
    middle = values[min(int(np.searchsorted(ranks, 0.5)), last)]
    low = max(int(np.searchsorted(ranks, _TAIL, side="right")) - 1, 0)
    high = min(int(np.searchsorted(ranks, 1.0 - _TAIL)), last)
    return _outwards(values[low::-1], middle), _outwards(values[high:], middle)


def _outwards(values: Sequence[float], middle: float) -> float:
    """Go from the first value to the last, as long as there is no gap."""
    reached = values[0]
    for value in values[1:]:
        if reached != middle and abs(value - middle) > _FAR * abs(reached - middle):
            break
        reached = value
    return reached
