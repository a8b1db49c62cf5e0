"""Whether the scores are spread as they should be, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.plots.canvas import (
    BAND,
    BLUE,
    GREY,
    Picture,
    entitle,
    explain_below,
    grid,
    label_panels,
    settings_of_no_place,
)


def calibration_figure(evaluation: Mapping[str, Any]) -> Picture:
    """Draw, per metric, how far held-out accounts are from where right scores would put them.

    At rank 0.3 a right score has 30 % of accounts at or below it; the curve is the measured share
    minus that, in percentage points. Inside the grey band it cannot be told from chance.

    Parameters
    ----------
    evaluation : mapping
        As `training.evaluate.evaluate` gives it.
    """
    metrics = {name: result for name, result in evaluation["metrics"].items() if result["accounts"]}
    title = (
        f"Calibration on {evaluation['accounts']:,} accounts ({evaluation['on']}): "
        "0 is right, grey is what chance alone does"
    )
    with settings_of_no_place():
        figure, panels = grid(title, metrics, share_x=True, share_y=True)
        for panel, (name, result) in zip(panels, metrics.items(), strict=False):
            levels = [0.0, *(float(level) for level in result["coverage"]), 1.0]
            shares = [0.0, *result["coverage"].values(), 1.0]
            noise = 100 * result["pit_ks_noise_95"]
            panel.axhspan(-noise, noise, color=BAND, label="chance (95 %)")
            panel.axhline(0.0, color=GREY, linewidth=0.8)
            gaps = [100 * (share - level) for share, level in zip(shares, levels, strict=True)]
            panel.plot(levels, gaps, ".-", markersize=4, color=BLUE, label="measured")
            panel.set(xlim=(0, 1), xticks=[0, 0.5, 1])
            entitle(panel, name, f" (KS {result['pit_ks']:.3f})")
        label_panels(panels[: len(metrics)], x="peer rank", y="% points")
        if metrics:
            explain_below(figure, panels[0])
        return figure
