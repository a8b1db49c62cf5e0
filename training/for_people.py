"""The files of an artifact that people open: evaluation, model card, plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring import Scorer
from serving.scoring.manifest import to_json
from serving.scoring.scorecard import Scorecard
from training.card_page import card_page
from training.inspection import peer_curves
from training.model_card import model_card
from training.peer_surfaces import peer_surfaces
from training.plots import (
    calibration_figure,
    curves_figure,
    effective_peers_figure,
    medians_figure,
)

EVALUATION = "evaluation.json"
CARD = "model_card.md"
PAGE = "model_card.html"
PLOTS = "plots/"


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


def write_cards(
    scorecard: Scorecard,
    training: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    plots: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Write the model card with the plots there are: file name → PNG bytes."""
    card = model_card(scorecard, training, evaluation, plots=plots.keys())
    return {
        CARD: card.encode(),
        PAGE: card_page(card, title=f"Model card: {scorecard.id}", pictures=plots).encode(),
    }


def draw_plots(scorer: Scorer, evaluation: Mapping[str, Any]) -> dict[str, bytes]:
    """Draw what an artifact carries: file name → PNG bytes."""
    plots = {f"{PLOTS}calibration.png": calibration_figure(evaluation).png()}
    if curves := peer_curves(scorer):
        plots[f"{PLOTS}peers.png"] = curves_figure(curves).png()
    surfaces = peer_surfaces(scorer)
    if surfaces is not None:
        plots[f"{PLOTS}medians.png"] = medians_figure(surfaces).png()
        plots[f"{PLOTS}effective_peers.png"] = effective_peers_figure(surfaces).png()
    return plots
