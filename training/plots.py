"""Pictures for people, as PNG bytes that are the same for the same numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.inspection import PeerCurve

_COLUMNS = 4


def calibration_plot(evaluation: Mapping[str, Any]) -> bytes:
    """Draw, per metric, how far held-out accounts are from where right scores would put them.

    At rank 0.3 a right score has 30 % of accounts at or below it; the curve is the measured share
    minus that, in percentage points. Inside the grey band it cannot be told from chance.
    """
    metrics = {name: result for name, result in evaluation["metrics"].items() if result["accounts"]}
    title = (
        f"Calibration on {evaluation['accounts']:,} accounts ({evaluation['on']}): "
        "0 is right, grey is what chance alone does"
    )
    with settings_of_no_place():
        figure, panels = grid(title, metrics, share_y=True)
        for panel, (name, result) in zip(panels, metrics.items(), strict=False):
            levels = [0.0, *(float(level) for level in result["coverage"]), 1.0]
            shares = [0.0, *result["coverage"].values(), 1.0]
            noise = 100 * result["pit_ks_noise_95"]
            panel.axhspan(-noise, noise, color="0.87", label="chance (95 %)")
            panel.axhline(0.0, color="0.5", linewidth=0.8)
            gaps = [100 * (share - level) for share, level in zip(shares, levels, strict=True)]
            panel.plot(levels, gaps, ".-", markersize=4, color="C0", label="measured")
            panel.set(xlim=(0, 1), xticks=[0, 0.5, 1])
            panel.set_title(f"{name} (KS {result['pit_ks']:.3f})", fontsize=9)
        label_panels(panels, len(metrics), x="peer rank", y="% points")
        return png(figure)


def curves_plot(curves: Mapping[str, PeerCurve]) -> bytes:
    """Draw, per metric, what is usual among peers: median and quartiles along a peer dimension.

    The first thing to look at in a fit: whether it runs as the business says it should.
    """
    dimension = next((curve.dimension for curve in curves.values()), "a number")
    title = f"Peer median and the middle half of the peers, along {dimension}; others at median"
    with settings_of_no_place():
        figure, panels = grid(title, curves, share_y=False)
        for panel, (name, curve) in zip(panels, curves.items(), strict=False):
            low, median, high = curve.quartiles.T
            panel.fill_between(curve.along, low, high, color="C0", alpha=0.25, linewidth=0,
                               label="middle half")  # fmt: skip
            panel.plot(curve.along, median, color="C0", label="median")
            panel.margins(x=0)
            panel.set_title(name, fontsize=9)
        label_panels(panels, len(curves), x=dimension, y="metric's unit")
        return png(figure)


@contextmanager
def settings_of_no_place() -> Iterator[None]:
    """Draw with the library's own settings: a matplotlibrc here must not change the bytes."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


def grid(title: str, shown: Mapping[str, Any], *, share_y: bool) -> tuple[Figure, list[Axes]]:
    """Lay out a panel for each metric; those left over in the last row stay empty."""
    rows = max(1, math.ceil(len(shown) / _COLUMNS))
    figure = Figure(figsize=(3.0 * _COLUMNS, 2.3 * rows + 0.8), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    panels = list(figure.subplots(rows, _COLUMNS, squeeze=False, sharey=share_y).reshape(-1))
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    return figure, panels


def label_panels(panels: list[Axes], shown: int, *, x: str, y: str) -> None:
    """Name the axes at the left and the bottom only, and explain the first panel."""
    for panel in panels[:shown:_COLUMNS]:
        panel.set_ylabel(y)
    for panel in panels[max(0, shown - _COLUMNS) : shown]:
        panel.set_xlabel(x)
    if shown:
        panels[0].legend(fontsize=7, loc="lower right")


def png(figure: Figure) -> bytes:
    """Give the picture's bytes; the same figure gives the same ones."""
    stream = io.BytesIO()
    # Without the library's version in it, the file depends on the numbers and the fonts alone.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
