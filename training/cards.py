"""The model card as files; a build writes it, too, and needs no matplotlib for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from serving.scoring.scorecard import Scorecard
from training.card_page import card_page
from training.model_card import model_card

EVALUATION = "evaluation.json"
CARD = "model_card.md"
PAGE = "model_card.html"
PLOTS = "plots/"


def write_cards(
    scorecard: Scorecard,
    training: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None = None,
    plots: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Write the model card with the plots there are: file name → PNG bytes.

    `evaluation` is None where no account was seen.
    """
    card = model_card(scorecard, training, evaluation, plots=plots.keys())
    return {
        CARD: card.encode(),
        PAGE: card_page(card, title=f"Model card: {scorecard.id}", pictures=plots).encode(),
    }
