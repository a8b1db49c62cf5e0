"""The files of an artifact that people open: evaluation, model card, plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring import Scorer
from serving.scoring.manifest import to_json
from training.cards import EVALUATION, PLOTS, write_cards
from training.inspection import peer_curves
from training.peer_surfaces import peer_surfaces
from training.plots import (
    calibration_figure,
    curves_figure,
    effective_peers_figure,
    medians_figure,
)


def files_for_people(
    scorer: Scorer, training: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> dict[str, bytes]:
    """Make the evaluation, the plots, and the model card as Markdown and as one HTML page.

    Parameters
    ----------
    scorer : Scorer
        Of the tables that the artifact will hold.
    training : mapping
        What the manifest says of the fit.
    evaluation : mapping
        As `training.evaluate.evaluate` gives it.
    """
    plots = draw_plots(scorer, evaluation)
    return {
        EVALUATION: to_json(evaluation),
        **plots,
        **write_cards(scorer.scorecard, training, evaluation, plots),
    }


def draw_plots(scorer: Scorer, evaluation: Mapping[str, Any]) -> dict[str, bytes]:
    """Draw what an artifact carries: file name → PNG bytes; nothing where there are no peers."""
    if not scorer.scorecard.peer_metrics:
        return {}
    plots = {f"{PLOTS}calibration.png": calibration_figure(evaluation).png()}
    if curves := peer_curves(scorer):
        plots[f"{PLOTS}peers.png"] = curves_figure(curves).png()
    surfaces = peer_surfaces(scorer)
    if surfaces is not None:
        plots[f"{PLOTS}medians.png"] = medians_figure(surfaces).png()
        plots[f"{PLOTS}effective_peers.png"] = effective_peers_figure(surfaces).png()
    return plots
