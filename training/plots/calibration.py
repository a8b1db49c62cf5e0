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
    minus that, in percentage points. Inside the grey band it cannot be told from chance. The curve
    goes through its furthest point, whose distance is the KS over the panel.

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
            levels, gaps = _curve(result)
            noise = 100 * result["pit_ks_noise_95"]
            panel.axhspan(-noise, noise, color=BAND, label="chance (95 %)")
            panel.axhline(0.0, color=GREY, linewidth=0.8)
            panel.plot(levels, gaps, ".-", markersize=4, color=BLUE, label="measured")
            panel.set(xlim=(0, 1), xticks=[0, 0.5, 1])
            entitle(panel, name, f" (KS {result['pit_ks']:.3f})")
        label_panels(panels[: len(metrics)], x="peer rank", y="measured - rank, % points")
        if metrics:
            explain_below(figure, panels[0])
        return figure


def _curve(result: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give ranks, and measured shares minus these in percentage points, the furthest among them."""
    points = [(float(level), share - float(level)) for level, share in result["coverage"].items()]
    if "pit_ks_gap" in result:
        points.append((result["pit_ks_rank"], result["pit_ks_gap"]))
    ranks, gaps = zip(*sorted([(0.0, 0.0), *points, (1.0, 0.0)]), strict=True)
    return ranks, tuple(100 * gap for gap in gaps)
