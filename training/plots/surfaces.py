"""What is usual among peers over two peer dimensions, as images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet

from serving.scoring.flags import FEW_PEERS
from training.peer_surfaces import Direction, PeerSurfaces, Surface
from training.plots.canvas import (
    COLOUR_MAP,
    SMALL,
    TITLE_SIZE,
    Picture,
    blank,
    entitle,
    grid,
    label_panels,
    number_text,
    settings_of_no_place,
    short,
)

_LINES = 5
_LABEL_CHARACTERS = 14


def medians_figure(surfaces: PeerSurfaces) -> Picture:
    """Draw each metric's median among the peers, as an image with lines of equal height.

    Along a number every quarter of an image holds a quarter of the accounts, and the ticks say
    what the number is there. Beside each image stands the scale of its colours, in the metric's
    unit.
    """
    title = "Median of the peers, in each metric's unit"
    if surfaces.others:
        title += "; other peer dimensions at their middle"
    with settings_of_no_place():
        figure, panels = grid(title, surfaces.medians, share_x=True, share_y=True)
        for panel, (name, surface) in zip(panels, surfaces.medians.items(), strict=False):
            _draw(figure, panel, surface, _between(surface))
            entitle(panel, name)
        _label(panels[: len(surfaces.medians)], surfaces.effective_peers)
        return figure


def effective_peers_figure(surfaces: PeerSurfaces) -> Picture:
    """Draw how many accounts inform the scores by place, with a line where they become few."""
    surface = surfaces.effective_peers
    lowest, highest = _range(surface)
    line = [FEW_PEERS] if lowest < FEW_PEERS < highest else []
    with settings_of_no_place():
        figure = blank(6.5, 4.4)
        panel = figure.add_subplot()
        told = f"; beyond the line fewer than {FEW_PEERS:g}" if line else ""
        panel.set_title(f"Effective peers behind a score{told}", fontsize=TITLE_SIZE)
        _draw(figure, panel, surface, line)
        _label([panel], surface)
        return figure


def _label(panels: Sequence[Axes], surface: Surface) -> None:
    up = "" if surface.up is None else surface.up.dimension
    label_panels(panels, x=surface.across.dimension, y=up)


def _draw(figure: Picture, panel: Axes, surface: Surface, levels: Sequence[float]) -> None:
    rows = np.array([0.0, 1.0]) if surface.up is None else surface.up.edges
    lowest, highest = _range(surface)
    image = panel.pcolormesh(
        surface.across.edges, rows, surface.values, cmap=COLOUR_MAP, vmin=lowest, vmax=highest,
        rasterized=True,
    )  # fmt: skip
    bar = figure.colorbar(image, ax=panel, pad=0.02)
    bar.ax.tick_params(labelsize=SMALL)
    lines = _lines(panel, surface, levels)
    if lines is not None:
        bar.add_lines(lines)
    _ticks(panel, surface.across, "x")
    if surface.up is None:
        panel.set_yticks([])
    else:
        _ticks(panel, surface.up, "y")


def _range(surface: Surface) -> tuple[float, float]:
    """Give the ends of the colours; one value everywhere is the lowest colour, not the middle."""
    known = surface.values[~np.isnan(surface.values)]
    if not len(known):
        return 0.0, 1.0
    lowest, highest = float(known.min()), float(known.max())
    return (lowest, highest) if highest > lowest else (lowest, lowest + 1.0)


def _between(surface: Surface) -> Sequence[float]:
    """Give heights for lines: none where all is flat."""
    if np.isnan(surface.values).any() or np.ptp(surface.values) == 0:
        return []
    levels: list[float] = np.linspace(*_range(surface), _LINES + 2)[1:-1].tolist()
    return levels


def _lines(panel: Axes, surface: Surface, levels: Sequence[float]) -> QuadContourSet | None:
    """Draw lines of equal height, where places lie between others."""
    if not levels or surface.up is None:
        return None
    if not (surface.across.is_number and surface.up.is_number):
        return None
    return panel.contour(
        surface.across.middles, surface.up.middles, surface.values, levels=levels,
        colors="white", linewidths=0.8,
    )  # fmt: skip


def _ticks(panel: Axes, side: Direction, which: str) -> None:
    labels = [
        short(value, _LABEL_CHARACTERS) if isinstance(value, str) else number_text(value)
        for value in side.values
    ]
    if which == "x":
        rotation = 0 if side.is_number else 90
        panel.set_xticks(side.ticks, labels, fontsize=SMALL, rotation=rotation)
    else:
        panel.set_yticks(side.ticks, labels, fontsize=SMALL)
