"""The model card: what an artifact is for, how good it is, when not to use it. All from numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring.scorecard import Component, PeerMetric, Scorecard
from serving.scoring.scorer import FEW_PEERS

_TIES = {
    "bounds": "half of the accounts with the same value count as below; at the lower bound (an "
    "account that uses nothing) none do, at the upper bound all do",
    "mid": "half of the accounts with the same value count as below",
    "low": "none of the accounts with the same value count as below",
    "high": "all of the accounts with the same value count as below",
}


def model_card(
    scorecard: Scorecard, training: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> str:
    """Write the card as Markdown."""
    return "\n".join(
        [
            f"# Model card: {scorecard.id}",
            "",
            *_purpose(scorecard),
            *_data(training, evaluation),
            *_calibration(evaluation),
            *_reading(),
            *_scorecard(scorecard, training),
            *_limits(evaluation),
        ]
    )


def _purpose(scorecard: Scorecard) -> list[str]:
    dimensions = " and ".join(column.name for column in scorecard.peer_dimensions)
    return [
        "Scores how well a customer account uses the product, compared with accounts like it: "
        f"a score is the share of accounts with similar {dimensions} that stand lower, "
        f"put on 0 to {scorecard.scale.maximum:g}.",
        "",
        "For: finding accounts that use less, or more, than their peers. "
        "Not for: judging people, prices or credit; comparing with another vendor's scores; "
        "absolute quality (an account can score well among peers who all do badly).",
        "",
    ]


def _data(training: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[str]:
    split = training["split"]["accounts"]
    return [
        "## Data",
        "",
        f"{training['accounts']:,} accounts (sha256 of the cleaned table "
        f"`{training['data_sha256'][:16]}…`); {training['refused_rows']:,} rows were refused.",
        f"Fitted on {split['fit'] + split['select']:,}, of which {split['select']:,} chose between "
        f"fits; {split['evaluate']:,} were kept out. "
        f"Evaluated on {evaluation['accounts']:,} ({evaluation['on']}).",
        "",
    ]


def _calibration(evaluation: Mapping[str, Any]) -> list[str]:
    lines = [
        "## How right it is",
        "",
        "| metric | accounts | missing | CRPS to no peers | KS (noise) "
        "| worst cell (noise) | at or below 10/50/90 % |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, result in evaluation["metrics"].items():
        if not result["accounts"]:
            lines.append(f"| {name} | 0 | {result['missing']:,} | - | - | - | - |")
            continue
        coverage = result["coverage"]
        # Without noise there is no cell: none has enough accounts to be judged by.
        worst = (
            f"{result['worst_cell_ks']:.3f} ({result['worst_cell_noise_95']:.3f})"
            if result["worst_cell_ks"] is not None
            else "-"
        )
        lines.append(
            f"| {name} | {result['accounts']:,} | {result['missing']:,} "
            f"| {result['rank_crps_ratio']:.3f} ± {result['rank_crps_ratio_standard_error']:.3f} "
            f"| {result['pit_ks']:.3f} ({result['pit_ks_noise_95']:.3f}) "
            f"| {worst} "
            f"| {coverage['0.10']:.1%} / {coverage['0.50']:.1%} / {coverage['0.90']:.1%} |"
        )
    return [*lines, "", "![calibration](plots/calibration.png)", ""]


def _reading() -> list[str]:
    return [
        "- *CRPS to no peers*: error of the predicted distribution, as a share of the error when "
        "peers are ignored; 1 means that the peer dimensions tell nothing about this metric.",
        "- *KS*: largest distance between the share of held-out accounts at or below a rank and "
        "that rank; right scores stay below the noise level 19 times in 20.",
        "- *Worst cell*: the KS of that cell of quartiles of the peer dimensions which exceeds its "
        "own noise most. It is the worst of many, so it may exceed one cell's noise.",
        "",
    ]


def _scorecard(scorecard: Scorecard, training: Mapping[str, Any]) -> list[str]:
    lines = [
        "## What is scored",
        "",
        "| component | weight | metric | weight | direction | ties | fitted as |",
        "|---|---:|---|---:|---|---|---|",
    ]
    metrics = {metric.name: metric for metric in scorecard.metrics}
    for component in scorecard.all_components:
        lines += _component_rows(component, metrics, training)
    policy = {
        "skip": "left out, and the weights of the rest renormalised",
        "zero": "counted as 0 in its component",
    }
    lines += [
        "",
        *(f"Ties `{rule}`: {_TIES[rule]}." for rule in sorted({m.ties for m in scorecard.metrics})),
    ]
    return [*lines, "", f"A missing metric has no score; it is {policy[scorecard.missing]}.", ""]


def _component_rows(
    component: Component, metrics: Mapping[str, PeerMetric], training: Mapping[str, Any]
) -> list[str]:
    return [
        f"| {component.name} | {component.weight:g} | {name} | {weight:g} "
        f"| {'higher' if metrics[name].higher_is_better else 'lower'} is better "
        f"| {metrics[name].ties} | {_fitted(training['metrics'][name])} |"
        for name, weight in component.metrics.items()
    ]


def _fitted(description: Mapping[str, Any]) -> str:
    reason = description.get("reason")
    name: str = description["estimator"]
    return f"{name} ({reason})" if reason else name


def _limits(evaluation: Mapping[str, Any]) -> list[str]:
    flags, accounts = evaluation["flags"], max(evaluation["accounts"], 1)
    return [
        "## Limits",
        "",
        f"- Fewer than {FEW_PEERS:g} effective peers: {flags['few_peers'] / accounts:.1%} of the "
        "evaluated accounts. Their scores rest on neighbours further away.",
        f"- A peer dimension outside the training range: {flags['out_of_range'] / accounts:.1%}. "
        "The nearest edge is used.",
        f"- A peer dimension not known: {flags['peer_dimension_missing'] / accounts:.1%}. "
        "The average over it is used.",
        f"- A metric beyond its bound: {flags['value_clamped'] / accounts:.1%}. "
        "It counts as at the bound.",
        "- Scores say where an account stands, not why, and not what caused it.",
        "",
    ]
