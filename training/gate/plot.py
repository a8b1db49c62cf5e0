"""A picture of what a promotion would change."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from training.gate.comparison import Comparison
from training.gate.moves import MOVE_EDGES, SCORE_EDGES, Move, Moves
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
#: Points that an axis of moves reaches at least, to each side.
_LEAST_REACH = 2.0
_COMPONENT = "_component_score"


def movement_plot(comparison: Comparison) -> bytes:
    """Draw what `movement_figure` does, as PNG bytes."""
    return movement_figure(comparison).png()


def movement_figure(comparison: Comparison) -> Picture:
    """Draw global scores before and after, and how far metrics and components move.

    The first panel has a cell per fifth of a point; an account on the line keeps its score. The
    others, one for each metric and component in which anything moves, show the share of accounts
    by move, all on the same axis. Points are of the candidate's scale.
    """
    moves, point = comparison.moves, comparison.moves.point
    shown = {
        key: place
        for place, (key, move) in enumerate(moves.scores.items())
        if move.changed > 0 and move.kind != "global"
    }
    with settings_of_no_place():
        figure, panels = grid(_title(moves), {"global": None, **shown})
        first, *others = panels[: 1 + len(shown)]
        _draw_globals(figure, first, moves)
        largest = max([_LEAST_REACH, *(moves.scores[key].largest for key in shown)])
        reach = (largest + 0.5) * point
        middles = (MOVE_EDGES[:-1] + MOVE_EDGES[1:]) / 2 * point
        more = "> 1 point" if point == 1.0 else f"> {point:g} points"
        for panel, (key, place) in zip(others, shown.items(), strict=True):
            counts = moves.histograms[place]
            panel.bar(middles, 100 * counts / max(counts.sum(), 1), width=_BAR * point, color=BLUE)
            panel.set(xlim=(-reach, reach), ylim=(0, 100))
            panel.text(
                0.97, 0.94, f"{more}: {moves.scores[key].share:.1%}", fontsize=SMALL,
                ha="right", va="top", transform=panel.transAxes,
            )  # fmt: skip
            component = f"component {key.removesuffix(_COMPONENT)}"
            entitle(panel, comparison.metrics.get(key, component))
        label_panels([first, *others], x="move", y="% of accounts")
        first.set(xlabel="before", ylabel="after")
        for panel in others[:1]:
            panel.set_ylabel("% of accounts")
        return figure


def _title(moves: Moves) -> str:
    still = [one for one in moves.scores.values() if _is_metric(one) and one.changed == 0]
    told = f"From the champion to the candidate, on the same accounts; points of {moves.maximum:g}"
    if not still:
        return told
    of = sum(map(_is_metric, moves.scores.values()))
    return f"{told}\n{len(still)} of {of} metrics do not move and are left out"


def _is_metric(move: Move) -> bool:
    return move.kind == "metric"


def _draw_globals(figure: Picture, panel: Axes, moves: Moves) -> None:
    known = moves.globals.T.any()
    edges = SCORE_EDGES * moves.point
    image = panel.pcolormesh(
        edges, edges, moves.globals.T, cmap="Blues",
        norm=LogNorm(1, max(moves.globals.max(), 2)) if known else None,
    )  # fmt: skip
    if known:
        bar = figure.colorbar(image, ax=panel, pad=0.02, format="{x:,.0f}")
        bar.ax.tick_params(labelsize=SMALL)
        bar.set_label("accounts", fontsize=SMALL)
    panel.plot([0, moves.maximum], [0, moves.maximum], color=GREY, linewidth=0.8, label="no change")
    panel.legend(fontsize=SMALL, loc="upper left")
    entitle(panel, "global score, before and after")
