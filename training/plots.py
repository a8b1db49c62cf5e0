"""Pictures of an evaluation, as PNG bytes that are the same for the same numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_COLUMNS = 4


def calibration_plot(evaluation: Mapping[str, Any]) -> bytes:
    """Draw, per metric, how far held-out accounts are from where right scores would put them.

    At rank 0.3 a right score has 30 % of accounts at or below it; the curve is the measured share
    minus that, in percentage points. Inside the grey band it cannot be told from chance.
    """
    with mpl.rc_context():
        # A matplotlibrc where the program happens to be started must not change the bytes.
        mpl.rcdefaults()
        return _draw(evaluation)


def _draw(evaluation: Mapping[str, Any]) -> bytes:
    metrics = {name: result for name, result in evaluation["metrics"].items() if result["accounts"]}
    rows = max(1, math.ceil(len(metrics) / _COLUMNS))
    figure = Figure(figsize=(3.0 * _COLUMNS, 2.3 * rows + 0.8), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"Calibration on {evaluation['accounts']:,} accounts ({evaluation['on']}): "
        "0 is right, grey is what chance alone does"
    )
    panels = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).reshape(-1)
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
    for panel in panels[len(metrics) :]:
        panel.set_axis_off()
    for panel in panels[: len(metrics) : _COLUMNS]:
        panel.set_ylabel("% points")
    for panel in panels[max(0, len(metrics) - _COLUMNS) : len(metrics)]:
        panel.set_xlabel("peer rank")
    if metrics:
        panels[0].legend(fontsize=7, loc="lower right")
    stream = io.BytesIO()
    # Without the library's version in it, the file depends on the numbers and the fonts alone.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
