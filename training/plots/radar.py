"""An account's components side by side, around a circle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.projections.polar import PolarAxes

from training.plots.canvas import (
    BLUE,
    GREY,
    SMALL,
    VERMILION,
    Picture,
    blank,
    explain_below,
    settings_of_no_place,
    short,
)

#: With fewer there is no area to see, with more no room for the names.
_AROUND = range(3, 13)
#: Colour, and for who sees none: line and marker.
_STYLES = ((VERMILION, "o-"), (BLUE, "s--"), (GREY, "^:"))
_LABEL_CHARACTERS = 24
_NO_SCORE = "no score"
_POINTS_PER_INCH = 72
#: Above the first bar and below the last, where two components are 1 apart.
_MARGIN = 0.2
_INCHES = 9.0, 6.4
#: Left, bottom, width and height of the circle: parts of the picture.
_CIRCLE = 0.26, 0.13, 0.48, 0.675


def radar_figure(
    components: Sequence[str],
    scores: Mapping[str, Sequence[float]],
    *,
    maximum: float,
    title: str,
) -> Picture:
    """Draw component scores around a circle; with one, two or very many components, as bars.

    Parameters
    ----------
    components : sequence of str
        Their names, in the order around the circle.
    scores : mapping of str to sequence of float
        What the legend says → a score per component, NaN where there is none; three at most. The
        first is the account itself.
    maximum : float
        The best score there is.
    """
    with settings_of_no_place():
        if len(components) not in _AROUND:
            return _bars(components, scores, maximum, title)
        figure = blank(*_INCHES)
        # Names around a circle are more than matplotlib can make room for by itself.
        figure.set_layout_engine("none")
        panel = figure.add_axes(_CIRCLE, projection="polar")
        if not isinstance(panel, PolarAxes):
            raise TypeError("matplotlib gave no polar axes")
        own = next(iter(scores.values()), ())
        _circle(panel, _labels(components, own), maximum)
        angles = np.append(_angles(len(components)), 2 * math.pi)
        for (name, row), (colour, style) in zip(scores.items(), _STYLES, strict=False):
            panel.plot(angles, np.append(row, row[0]), style, color=colour, label=name,
                       markersize=5, clip_on=False)  # fmt: skip
        figure.suptitle(short(title, 80))
        handles, labels = panel.get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=len(labels), fontsize=SMALL)
        return figure


def _angles(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.linspace(0, 2 * math.pi, count, endpoint=False)


def _labels(components: Sequence[str], own: Sequence[float]) -> list[str]:
    """Give what stands at the spokes: the names, and where the account itself has no score."""
    labels = [short(name, _LABEL_CHARACTERS) for name in components]
    # A gap in its line is easily overlooked.
    return [
        f"{label}\n({_NO_SCORE})" if math.isnan(score) else label
        for label, score in zip(labels, own, strict=True)
    ]


def _circle(panel: PolarAxes, labels: Sequence[str], maximum: float) -> None:
    """Begin at the top and go clockwise, with labels that lead away from the circle."""
    panel.set_theta_zero_location("N")
    panel.set_theta_direction(-1)
    angles = _angles(len(labels))
    panel.set_xticks(angles, labels)
    panel.tick_params(axis="x", pad=4)
    for angle, label in zip(angles, panel.get_xticklabels(), strict=True):
        side = math.sin(angle)
        label.set_horizontalalignment(
            "center" if abs(side) < 0.1 else "left" if side > 0 else "right"
        )
    panel.set_ylim(0, maximum)
    marks = np.linspace(0, maximum, 6)[1:]
    panel.set_yticks(marks, [""] * len(marks))
    for mark in marks:
        # Between the first two spokes, over the lines: an outline keeps it readable on them.
        panel.text(
            math.pi / len(labels), mark, f"{mark:g}", fontsize=SMALL, color="0.35",
            ha="center", va="center", zorder=10,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip


def _bars(
    components: Sequence[str], scores: Mapping[str, Sequence[float]], maximum: float, title: str
) -> Picture:
    height = 0.9 if len(components) < _AROUND.start else 0.36
    figure = blank(8.0, 1.8 + height * len(components))
    panel = figure.add_subplot()
    places = np.arange(len(components), dtype=float)
    width = 0.8 / max(len(scores), 1)
    for number, ((name, row), (colour, _)) in enumerate(zip(scores.items(), _STYLES, strict=False)):
        panel.barh(places + number * width, row, width, label=name, color=colour)
        for place in places[np.isnan(np.asarray(row, dtype=float))]:
            panel.annotate(
                _NO_SCORE, (0, place + number * width), (3, 0), textcoords="offset points",
                va="center", fontsize=min(SMALL, _POINTS_PER_INCH * height * width), color=colour,
            )  # fmt: skip
    middle = width * (len(scores) - 1) / 2
    panel.set_yticks(places + middle, [short(name, _LABEL_CHARACTERS) for name in components])
    # From the top down, also past places where there is no bar.
    top, bottom = -width / 2 - _MARGIN, len(components) - 0.2 - width / 2 + _MARGIN
    panel.set(xlim=(0, maximum), ylim=(bottom, top), xlabel=f"score, 0 to {maximum:g}")
    figure.suptitle(short(title, 80))
    explain_below(figure, panel)
    return figure
