"""What is usual among peers, along one peer dimension."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.inspection import PeerCurve
from training.plots.canvas import (
    BLUE,
    Picture,
    entitle,
    explain_below,
    grid,
    label_panels,
    settings_of_no_place,
)


def curves_figure(curves: Mapping[str, PeerCurve]) -> Picture:
    """Draw, per metric, what is usual among peers: median and quartiles along a peer dimension.

    The first thing to look at in a fit: whether it runs as the business says it should.

    Parameters
    ----------
    curves : mapping of str to PeerCurve
        As `training.inspection.peer_curves` gives them.
    """
    dimension = next((curve.dimension for curve in curves.values()), "a number")
    title = f"Peer median and the middle half of the peers, along {dimension}"
    if any(curve.others for curve in curves.values()):
        title += "; others at median"
    with settings_of_no_place():
        figure, panels = grid(title, curves, share_x=True)
        for panel, (name, curve) in zip(panels, curves.items(), strict=False):
            low, median, high = curve.quartiles.T
            panel.fill_between(curve.along, low, high, color=BLUE, alpha=0.25, linewidth=0,
                               label="middle half of the peers")  # fmt: skip
            # Over the frame, where a median of 0 lies.
            panel.plot(curve.along, median, color=BLUE, label="median of the peers",
                       clip_on=False, zorder=3)  # fmt: skip
            panel.margins(x=0)
            if np.ptp(curve.quartiles) == 0:
                # One value for all peers: an axis of hundredths around it would say otherwise.
                panel.set_ylim(median[0] - 0.5, median[0] + 1.0)
            if curve.quartiles.min() >= 0:
                # From 0, or a small difference looks like a large one.
                panel.set_ylim(bottom=0.0)
            entitle(panel, name)
        label_panels(panels[: len(curves)], x=dimension, y="metric's unit")
        if curves:
            explain_below(figure, panels[0])
        return figure
