"""A picture of what a promotion would change."""

from __future__ import annotations

from matplotlib.colors import LogNorm

from training.gate.comparison import Comparison
from training.gate.moves import MOVE_EDGES, SCORE_EDGES
from training.plots import grid, label_panels, png, settings_of_no_place

#: Narrower than a half point, so that bars do not touch.
_BAR = 0.4


def movement_plot(comparison: Comparison) -> bytes:
    """Draw global scores before and after, and how far each metric's score moves, as PNG bytes.

    The first panel has a cell per fifth of a point; an account on the line keeps its score. The
    others show the share of accounts by move, in points of ten.
    """
    moves = comparison.moves
    places = {key: place for place, key in enumerate(moves.scores) if key in comparison.metrics}
    title = "From the champion to the candidate, on the same accounts; points of ten"
    with settings_of_no_place():
        figure, panels = grid(title, {"global": None, **places}, share_y=False)
        first, *others = panels
        known = moves.globals.T.any()
        first.pcolormesh(
            SCORE_EDGES, SCORE_EDGES, moves.globals.T, cmap="Blues",
            norm=LogNorm(1, max(moves.globals.max(), 2)) if known else None,
        )  # fmt: skip
        first.plot([0, 10], [0, 10], color="0.5", linewidth=0.8, label="no change")
        first.set_title("global score, before and after", fontsize=9)
        middles = (MOVE_EDGES[:-1] + MOVE_EDGES[1:]) / 2
        for panel, (key, place) in zip(others, places.items(), strict=False):
            counts = moves.histograms[place]
            panel.bar(middles, 100 * counts / max(counts.sum(), 1), width=_BAR, color="C0")
            reach = max(2.0, moves.scores[key].largest)
            panel.set(xlim=(-reach - 0.5, reach + 0.5), ylim=(0, 100))
            share = moves.scores[key].share
            panel.set_title(f"{comparison.metrics[key]} (> 1 point: {share:.1%})", fontsize=9)
        label_panels(panels, 1 + len(places), x="move", y="% of accounts")
        first.set(xlabel="before", ylabel="after")
        return png(figure)
