"""How good the classifiers of an artifact are, in words and tables for the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.markdown_text import plain, table


def risk_section(training: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[str]:
    """Give the card's section on the models behind `learned_risk`; nothing where there are none."""
    described = training.get("risks", {})
    if not described:
        return []
    return [
        "## Models of risk",
        "",
        "Each says how likely a contract is to end without renewal; points are 100 times the "
        "chance that it does not. Measured on contracts of accounts that the fit has not seen.",
        "",
        *table(
            ["model", "contracts", "AUC (95 % interval)", "log-loss", "base rate's",
             "logistic regression's", "off on average"],
            (_row(name, told) for name, told in evaluation.get("risks", {}).items()),
            left=(0,),
        ),
        "",
        *(
            f"- {plain(name)} was not fitted: {plain(told['reason'])}. Its metrics have no score "
            "(model_missing)."
            for name, told in described.items()
            if not told["fitted"]
        ),
        *(
            f"- {plain(name)}: {told['contracts']:,} contracts that ended, of which "
            f"{told['churned']:,} were not renewed; those of the evaluation accounts taught it "
            "nothing."
            for name, told in described.items()
            if told["fitted"]
        ),
        "",
    ]  # fmt: skip


def _row(name: str, told: Mapping[str, Any]) -> Sequence[str]:
    low, high = told["auc_interval"]
    return [
        plain(name),
        f"{told['contracts']:,}",
        f"{told['auc']:.3f} ({low:.3f} to {high:.3f})",
        f"{told['log_loss']:.4f}",
        f"{told['base_rate']['log_loss']:.4f}",
        f"{told['logistic_regression']['log_loss']:.4f}",
        f"{told['calibration']['mean_gap']:.3f}",
    ]
