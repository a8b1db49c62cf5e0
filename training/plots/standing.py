"""An account against the distribution of its peers, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from training.peer_standing import LEVELS, Standing
from training.plots.canvas import (
    BLUE,
    VERMILION,
    Picture,
    entitle,
    explain_below,
    grid,
    label_panels,
    number_text,
    settings_of_no_place,
    short,
)

#: An axis shows the peers; a value further out than this part of their span stands at its edge.
_BEYOND = 0.5


def standing_figure(standings: Mapping[str, Standing], account: str) -> Picture:
    """Draw, per metric, how many peers stand lower than each value, and where the account is.

    Its rank has a bar as long as its 90 % interval. A value far beyond all peers is an arrow at
    the edge. Where lower is better, the curve falls.

    Parameters
    ----------
    standings : mapping of str to Standing
        As `training.peer_standing.peer_standings` gives them.
    account : str
        What to call the account.
    """
    title = f"Account {short(account)} among its peers; the bar is a 90 % interval"
    shown = {
        name: standing
        for name, standing in standings.items()
        if not np.isnan(standing.quantiles).any()
    }
    with settings_of_no_place():
        figure, panels = grid(title, shown, share_y=True)
        for panel, (name, standing) in zip(panels, shown.items(), strict=False):
            _draw(panel, standing)
            entitle(panel, name, _told(standing))
        label_panels(panels[: len(shown)], x="metric's unit", y="% of peers lower")
        explain_below(figure, *panels[: len(shown)])
        return figure


def _told(standing: Standing) -> str:
    direction = "" if standing.higher_is_better else ", lower is better"
    if math.isnan(standing.value):
        return f": not known{direction}"
    return f": {number_text(standing.value)}{direction}"


def _draw(panel: Axes, standing: Standing) -> None:
    values = standing.quantiles
    shares = 100 * (LEVELS if standing.higher_is_better else 1 - LEVELS)
    panel.plot(values, shares, color=BLUE, label="peers: share that stands lower")
    lowest, highest = _reach(values, standing.value)
    panel.set(xlim=(lowest, highest), ylim=(-4, 104), yticks=[0, 25, 50, 75, 100])
    panel.grid(axis="y", color="0.92")
    panel.set_axisbelow(True)
    panel.locator_params(axis="x", nbins=5)
    if math.isnan(standing.rank):
        return
    at = min(max(standing.value, lowest), highest)
    marker = ">" if standing.value > highest else "<" if standing.value < lowest else "o"
    label = "this account" if marker == "o" else "this account, further out than the axis"
    rank, low, high = (100 * share for share in (standing.rank, standing.low, standing.high))
    panel.errorbar(
        [at], [rank], yerr=[[max(rank - low, 0.0)], [max(high - rank, 0.0)]], fmt=marker,
        color=VERMILION, capsize=4, clip_on=False, zorder=5, label=label,
    )  # fmt: skip


def _reach(values: NDArray[np.float64], value: float) -> tuple[float, float]:
    """Give the ends of the axis: the peers, and the account if it is not far beyond them."""
    lowest, highest = float(values[0]), float(values[-1])
    span = highest - lowest or max(abs(highest), 1.0)
    edges = lowest - _BEYOND * span, highest + _BEYOND * span
    if not math.isnan(value):
        lowest = max(min(lowest, value), edges[0])
        highest = min(max(highest, value), edges[1])
    return lowest - 0.05 * span, highest + 0.05 * span
