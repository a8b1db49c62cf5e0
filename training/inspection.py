"""What a fitted artifact says of peers, in the units people know: places, quartiles, steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Scorer
from serving.scoring.lookup import CDF_ONE
from serving.scoring.peer_axes import Axis, Cells
from serving.scoring.peer_table import PeerTable
from serving.scoring.scorecard import PeerMetric

QUARTILES = (0.25, 0.5, 0.75)
#: Ranks of a numeric dimension at which its peers are shown.
PLACES = {"low": 0.1, "median": 0.5, "high": 0.9}
#: Categories shown at most: of more, the first ones.
MAX_CATEGORIES = 20
#: Places along a dimension that a curve is drawn through.
CURVE_PLACES = 101


def values_at(axis: Axis, ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ranks of a numeric dimension back into its own unit, same shape.

    Raises
    ------
    ValueError
        For a category, which has no ranks.
    """
    if axis.pooled is None:
        raise ValueError(f"{axis.input.name} is a category")
    return np.interp(ranks, axis.pooled.ranks, axis.pooled.values)


def steps_in_units(
    axes: Sequence[Axis], steps: Iterable[Sequence[float]]
) -> list[dict[str, float | str]]:
    """Say where a metric jumps: dimension, rank, and the value there in the dimension's unit.

    Parameters
    ----------
    steps : iterable of (dimension's number, rank)
        As a fit describes them.
    """
    told: list[dict[str, float | str]] = []
    for position, rank in steps:
        axis = axes[int(position)]
        value = float(values_at(axis, np.array([rank]))[0])
        told.append({"dimension": axis.input.name, "rank": rank, "value": round(value, 6)})
    return told


def describe_dimension(axis: Axis) -> dict[str, Any]:
    """Say where the training accounts are along a peer dimension: plain JSON values."""
    told: dict[str, Any] = {"name": axis.input.name, "type": axis.input.type}
    if axis.pooled is None:
        return told | {"categories": list(axis.input.categories)}
    lowest, *quartiles, highest = values_at(axis, np.array([0.0, *QUARTILES, 1.0])).tolist()
    return told | {"lowest": lowest, "quartiles": quartiles, "highest": highest}


def peer_quantiles(
    table: PeerTable, metric: PeerMetric, cells: Cells, levels: Sequence[float]
) -> NDArray[np.float64]:
    """Give the smallest value that at least a share of each account's peers are at or below.

    The inverse of F; see `PeerTable`. What is beyond a bound counts as at it.

    Parameters
    ----------
    levels : sequence of float
        Shares of the peers, in (0, 1).

    Returns
    -------
    ndarray of shape (n_accounts, n_levels)
        In the metric's unit; NaN for a metric that no training account had.
    """
    if len(table.pooled.values) == 1:
        return np.full((len(cells.unknown), len(levels)), np.nan)
    at_knots = np.column_stack([cells.mix(table.cdf[:, knot]) for knot in range(len(table.knots))])
    pooled = [[_first(share, row / CDF_ONE, table.knots) for share in levels] for row in at_knots]
    values = [
        [_first(rank, table.pooled.ranks, table.pooled.values) for rank in row] for row in pooled
    ]
    quantiles = np.array(values, dtype=np.float64).reshape(-1, len(levels))
    return np.clip(quantiles, *table.bounds(metric))


def _first(level: float, rising: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Find where a line through points first reaches a level, along `values`."""
    after = int(np.searchsorted(rising, level, side="left"))
    if after == 0:
        return float(values[0])
    if after == len(rising):
        return float(values[-1])
    low, high = rising[after - 1], rising[after]
    way = (level - low) / (high - low)
    return float(
        values[after] if way >= 1 else values[after - 1] + way * np.diff(values)[after - 1]
    )


class PeerPlace(NamedTuple):
    """A place among peers and a metric's quartiles there.

    Other numbers are at their median; other categories are not known, which is the average over
    them.
    """

    dimension: str
    place: str
    value: float | str
    quartiles: list[float]


def quartiles_by_place(scorer: Scorer, metric: PeerMetric) -> list[PeerPlace]:
    """Give a metric's peer quartiles at low, median and high of every number, and per category."""
    axes = scorer.peers.axes
    found: list[PeerPlace] = []
    for axis in axes:
        places: list[tuple[str, float | str]]
        if axis.pooled is None:
            places = [("category", name) for name in axis.input.categories[:MAX_CATEGORIES]]
            encoded = np.arange(len(places), dtype=np.float64)
        else:
            encoded = values_at(axis, np.array(list(PLACES.values())))
            places = list(zip(PLACES, encoded.tolist(), strict=True))
        quartiles = _quantiles_along(scorer, metric, axis, encoded)
        found += [
            PeerPlace(axis.input.name, *place, row)
            for place, row in zip(places, quartiles.tolist(), strict=True)
        ]
    return found


class PeerCurve(NamedTuple):
    """How a metric's quartiles run along a numeric dimension, shape (n_places,) and (…, 3).

    `others` says whether there are other dimensions, which stay in one place.
    """

    dimension: str
    along: NDArray[np.float64]
    quartiles: NDArray[np.float64]
    others: bool = False


def peer_curves(scorer: Scorer) -> Mapping[str, PeerCurve]:
    """Give every metric's curve along the first numeric dimension; none where there is none.

    Other dimensions are as `PeerPlace` says.
    """
    axes = scorer.peers.axes
    axis = next((axis for axis in axes if axis.pooled is not None), None)
    if axis is None:
        return {}
    along = values_at(axis, np.linspace(0.0, 1.0, CURVE_PLACES))
    return {
        metric.name: PeerCurve(
            axis.input.name, along, _quantiles_along(scorer, metric, axis, along), len(axes) > 1
        )
        for metric in scorer.scorecard.peer_metrics
        if len(scorer.peers.metrics[metric.name].pooled.values) > 1
    }


def _quantiles_along(
    scorer: Scorer, metric: PeerMetric, along: Axis, encoded: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give quartiles at places along one dimension, shape (n_places, 3)."""
    accounts = np.full((len(encoded), len(scorer.inputs)), np.nan)
    names = [entry.name for entry in scorer.inputs]
    for axis in scorer.peers.axes:
        if axis.pooled is not None:
            accounts[:, names.index(axis.input.name)] = values_at(axis, np.array([0.5]))
    accounts[:, names.index(along.input.name)] = encoded
    around = scorer.around(accounts)
    return peer_quantiles(around.metrics[metric.name], metric, around.cells, QUARTILES)
