"""How good a fitted risk model is, as plain JSON for an artifact's ``evaluation.json``."""

from __future__ import annotations

from typing import Any

import numpy as np

from serving.scoring.risk import RiskModel
from training.risk.measures import (
    Floats,
    auc_with_interval,
    calibration,
    calibration_table,
    compare,
    log_losses,
    mean_with_interval,
)
from training.risk.plain_regression import fit_plain
from training.risk.sample import RiskSample


def evaluate_risk(
    model: RiskModel, known: RiskSample, held_out: RiskSample, *, calibrated_on: int
) -> dict[str, Any]:
    """Evaluate on `held_out`, which neither the fit nor its calibration has seen.

    Parameters
    ----------
    known : RiskSample
        What it was fitted to and calibrated on; the base rate and a logistic regression, fitted to
        the same, are told beside it.
    held_out : RiskSample
        With contracts of both outcomes.
    calibrated_on : int
        How many of the known contracts calibrated it.
    """
    churned = held_out.churned
    chance = model.probability([*held_out.columns.T])
    plain = fit_plain(known).probability(held_out.columns)
    base = np.full(len(held_out), known.share)
    return {
        "on": "contracts of the evaluation accounts",
        "contracts": len(held_out),
        "churned": int(churned.sum()),
        **_measures(chance, churned),
        "base_rate": {"share": known.share, **_beside(chance, base, churned)},
        "logistic_regression": {**_measures(plain, churned), **_beside(chance, plain, churned)},
        "calibration": {
            **calibration(chance, churned, calibrated_on=calibrated_on)._asdict(),
            "calibrated_on": calibrated_on,
            "table": calibration_table(chance, churned),
        },
        "notes": list(held_out.notes),
    }


def _measures(chance: Floats, churned: Floats) -> dict[str, Any]:
    log_loss, log_loss_interval = mean_with_interval(log_losses(chance, churned))
    brier, brier_interval = mean_with_interval((chance - churned) ** 2)
    auc, auc_interval = auc_with_interval(chance, churned)
    return {
        "log_loss": log_loss,
        "log_loss_interval": log_loss_interval,
        "brier": brier,
        "brier_interval": brier_interval,
        "auc": auc,
        "auc_interval": auc_interval,
    }


def _beside(chance: Floats, other: Floats, churned: Floats) -> dict[str, float]:
    """Say what another prediction's losses are, and what the model gains on it."""
    losses = log_losses(other, churned)
    gain = compare(log_losses(chance, churned), losses)
    return {
        "log_loss": float(losses.mean()),
        "brier": float(((other - churned) ** 2).mean()),
        "gain": gain.gain,
        "gain_standard_error": gain.standard_error,
    }
