"""How right the scores are, in words and tables for the model card."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from training.markdown_text import picture, plain, table
from training.quality_verdict import CALIBRATION_MARGIN, FALSE_ALARMS, RIGHT, headline, verdicts

_NONE = "-"


def quality_section(evaluation: Mapping[str, Any], plots: Collection[str] = ()) -> list[str]:
    """Give the card's section on calibration and sharpness: lines of Markdown."""
    metrics = evaluation["metrics"]
    return [
        "## How right it is",
        "",
        "A score is right if, of the accounts kept out of training, 30 % rank at or below 0.3, "
        "and so on at every rank. The largest error says how far that is missed at worst, in "
        "percentage points; ten of them are one point of ten. With so many accounts, chance alone "
        "keeps 19 of 20 right metrics below the limit stated. The verdict also looks for peers "
        "whose scores are off, and whether plain nearest peers predict better; both are said only "
        "beyond chance.",
        "",
        *table(
            ["metric", "verdict", "largest error (95 % interval)", "limit"],
            (
                _verdict_row(name, word, metrics[name])
                for name, word in verdicts(evaluation).items()
            ),
            left=(0, 1),
        ),
        "",
        f"Of {len(metrics)} right metrics, chance alone puts {0.05 * len(metrics):.2g} beyond the "
        "limit on average.",
        "",
        *picture(
            plots,
            "plots/calibration.png",
            "Calibration per metric: measured share of accounts at or below each rank, minus the "
            "rank, with the band of chance; the table above says which leave it",
        ),
        "### The figures",
        "",
        *table(
            [
                "metric", "accounts", "missing", "CRPS to no peers", "CRPS to nearest peers",
                "KS (noise)", "worst cell (noise)", "at or below 10/25/50/75/90 %", "jump",
            ],
            (
                [plain(name), f"{result['accounts']:,}", f"{result['missing']:,}",
                 *_figures(result)]
                for name, result in metrics.items()
            ),
            left=(0,),
        ),
        "",
        *_reading(evaluation),
    ]  # fmt: skip


def summary(evaluation: Mapping[str, Any]) -> str:
    """Say in one sentence how many metrics are as they should be, and what the others are."""
    told = verdicts(evaluation)
    others = [f"{plain(name)} ({word})" for name, word in told.items() if word != RIGHT]
    on = evaluation["on"]
    accounts = "accounts it has not seen" if on == "evaluation split" else plain(on)
    sentence = f"On {accounts}, {headline(evaluation)}"
    return f"{sentence}; the others: {', '.join(others)}." if others else f"{sentence}."


def error_interval(result: Mapping[str, Any]) -> tuple[float, float]:
    """Give the 95 % interval of the largest error of a metric's ranks, 0 to 1.

    The measured shares are within the noise of the true ones 19 times of 20, all at once.
    """
    error, noise = result["pit_ks"], result["pit_ks_noise_95"]
    return max(error - noise, 0.0), min(error + noise, 1.0)


def _verdict_row(name: str, word: str, result: Mapping[str, Any]) -> list[str]:
    if not result["accounts"]:
        return [plain(name), word, _NONE, _NONE]
    low, high = error_interval(result)
    return [
        plain(name),
        word,
        f"{100 * result['pit_ks']:.1f} ({100 * low:.1f} to {100 * high:.1f})",
        f"{100 * result['pit_ks_noise_95']:.1f}",
    ]


def _figures(result: Mapping[str, Any]) -> list[str]:
    if not result["accounts"]:
        return [_NONE] * 6
    coverage = result["coverage"]
    return [
        ratio_text(result, "rank_crps_ratio"),
        ratio_text(result, "rank_crps_knn_ratio"),
        f"{result['pit_ks']:.3f} ({result['pit_ks_noise_95']:.3f})",
        worst_cell_text(result),
        " / ".join(f"{100 * coverage[level]:.1f}" for level in _SHOWN),
        _NONE if result.get("jump_p99") is None else f"{result['jump_p99']:.2f}",
    ]


_SHOWN = ("0.10", "0.25", "0.50", "0.75", "0.90")


def ratio_text(result: Mapping[str, Any], key: str) -> str:
    """Write a ratio with its 95 % interval; a dash where there is none."""
    if result.get(key) is None:
        return _NONE
    interval = result.get(f"{key}_interval")
    if interval is None:
        return f"{result[key]:.3f}"
    return f"{result[key]:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def worst_cell_text(result: Mapping[str, Any]) -> str:
    """Write the worst cell's KS and noise; a dash where no cell has accounts to be judged by."""
    if result["worst_cell_ks"] is None:
        return _NONE
    return f"{result['worst_cell_ks']:.3f} ({result['worst_cell_noise_95']:.3f})"


def _reading(evaluation: Mapping[str, Any]) -> list[str]:
    baseline, jump = evaluation.get("baseline"), evaluation.get("jump")
    lines = [
        "How to read it; brackets after a ratio hold its 95 % bootstrap interval over accounts:",
        "",
        "- *CRPS to no peers*: error of the predicted distribution, as a share of the error when "
        "peers are ignored; 1 means that this fit ignores peers, or that they tell nothing about "
        "the metric.",
        "- *CRPS to nearest peers*: the same error as a share of that of the plain baseline, the "
        "share of the nearest accounts that stand lower. Below 1 is better than the baseline; an "
        "interval that holds 1 cannot tell the two apart. " + _baseline_text(baseline),
        "- *KS*: largest distance between the share of held-out accounts at or below a rank and "
        "that rank; right scores stay below the noise level 19 times in 20.",
        "- *Worst cell*: the KS of that cell of quartiles of the peer dimensions which exceeds its "
        "own noise most. It is the worst of many, so it may exceed one cell's noise. The verdict "
        f"names it beyond what fewer than {FALSE_ALARMS:.0%} of evaluations of right "
        "metrics reach by chance, and "
        f"{100 * CALIBRATION_MARGIN:g} percentage points more.",
        "- *At or below*: per cent of held-out accounts at or below these ranks. Right scores have "
        "10, 25, 50, 75 and 90; more at the low ranks means scores that are too low.",
    ]
    if jump is not None and jump["dimension"] is not None:
        lines.append(
            f"- *Jump*: when {plain(jump['dimension'])} moves by {jump['rank']:.1%} of the "
            "accounts, 99 of 100 scores change by at most so many points of 10, before rounding. "
            "Large jumps are scores that change without the account doing anything."
        )
    return [*lines, ""]


def _baseline_text(baseline: Mapping[str, Any] | None) -> str:
    if baseline is None:
        return "It was not measured."
    if baseline["reason"]:
        return f"There is none here: {plain(baseline['reason'])}."
    return (
        f"It is fitted to the same {baseline['accounts']:,} accounts as a scorecard is; a metric "
        "that uses it itself has exactly 1."
    )


def fitted_as(description: Mapping[str, Any]) -> str:
    """Name the estimator a metric ended with, its family, and why peers are ignored if they are."""
    name = description.get("estimator", _NONE)
    if family := description.get("family"):
        name = f"{name} {family}"
    reason = description.get("reason")
    return f"{name} ({reason})" if reason else name
