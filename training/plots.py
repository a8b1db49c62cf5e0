"""Pictures of an evaluation, as PNG bytes that are the same for the same numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_COLUMNS = 4


def calibration_plot(evaluation: Mapping[str, Any]) -> bytes:
    """Draw, per metric, the share of held-out accounts at or below each peer rank.

    Right scores lie on the diagonal; the grey band is where 95 % of the curves of right scores
    stay, given the number of accounts.
    """
    metrics = {name: result for name, result in evaluation["metrics"].items() if result["accounts"]}
    rows = max(1, math.ceil(len(metrics) / _COLUMNS))
    figure = Figure(figsize=(3.0 * _COLUMNS, 2.7 * rows + 0.6), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"Calibration on {evaluation['accounts']:,} accounts ({evaluation['on']}): "
        "on the diagonal is right, grey is chance"
    )
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).reshape(-1)
    for panel, (name, result) in zip(panels, metrics.items(), strict=False):
        levels = [0.0, *(float(level) for level in result["coverage"]), 1.0]
        shares = [0.0, *result["coverage"].values(), 1.0]
        noise = result["pit_ks_noise_95"]
        panel.fill_between(
            [0, 1], [-noise, 1 - noise], [noise, 1 + noise], color="0.85", label="chance (95 %)"
        )
        panel.plot(levels, shares, "o-", markersize=4, color="C0", label="measured")
        panel.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        panel.set_title(f"{name}\nKS {result['pit_ks']:.3f}", fontsize=9)
    for panel in panels[len(metrics) :]:
        panel.set_axis_off()
    for panel in panels[: len(metrics) : _COLUMNS]:
        panel.set_ylabel("share of accounts")
    for panel in panels[max(0, len(metrics) - _COLUMNS) : len(metrics)]:
        panel.set_xlabel("peer rank")
    if metrics:
        panels[0].legend(fontsize=7, loc="lower right")
    stream = io.BytesIO()
    # Without the library's version in it, the file depends on the numbers and the fonts alone.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
