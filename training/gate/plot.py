"""A picture of what a promotion would change."""

from __future__ import annotations

from matplotlib.colors import LogNorm

from training.gate.comparison import Comparison
from training.gate.moves import MOVE_EDGES, SCORE_EDGES
from training.plots.canvas import (
    BLUE,
    GREY,
    SMALL,
    Picture,
    entitle,
    grid,
    label_panels,
    settings_of_no_place,
)

#: Narrower than a half point, so that bars do not touch.
_BAR = 0.4


def movement_plot(comparison: Comparison) -> bytes:
    """Draw what `movement_figure` does, as PNG bytes."""
    return movement_figure(comparison).png()


def movement_figure(comparison: Comparison) -> Picture:
    """Draw global scores before and after, and how far each metric's score moves.

    The first panel has a cell per fifth of a point; an account on the line keeps its score. The
    others show the share of accounts by move, in points of ten.
    """
    moves = comparison.moves
    places = {key: place for place, key in enumerate(moves.scores) if key in comparison.metrics}
    title = "From the champion to the candidate, on the same accounts; points of ten"
    with settings_of_no_place():
        figure, panels = grid(title, {"global": None, **places})
        first, *others = panels
        known = moves.globals.T.any()
        image = first.pcolormesh(
            SCORE_EDGES, SCORE_EDGES, moves.globals.T, cmap="Blues",
            norm=LogNorm(1, max(moves.globals.max(), 2)) if known else None,
        )  # fmt: skip
        if known:
            bar = figure.colorbar(image, ax=first, pad=0.02, format="{x:,.0f}")
            bar.ax.tick_params(labelsize=SMALL)
            bar.set_label("accounts", fontsize=SMALL)
        first.plot([0, 10], [0, 10], color=GREY, linewidth=0.8, label="no change")
        first.legend(fontsize=SMALL, loc="upper left")
        entitle(first, "global score, before and after")
        middles = (MOVE_EDGES[:-1] + MOVE_EDGES[1:]) / 2
        for panel, (key, place) in zip(others, places.items(), strict=False):
            counts = moves.histograms[place]
            panel.bar(middles, 100 * counts / max(counts.sum(), 1), width=_BAR, color=BLUE)
            reach = max(2.0, moves.scores[key].largest)
            panel.set(xlim=(-reach - 0.5, reach + 0.5), ylim=(0, 100))
            entitle(panel, comparison.metrics[key], f" (> 1 point: {moves.scores[key].share:.1%})")
        label_panels(panels[: 1 + len(places)], x="move", y="% of accounts")
        first.set(xlabel="before", ylabel="after")
        for panel in others[:1]:
            panel.set_ylabel("% of accounts")
        return figure
