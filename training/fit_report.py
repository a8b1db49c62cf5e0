"""What is scored and how it was fitted, in words and tables for the model card."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from serving.scoring.scorecard import Component, PeerMetric, Scorecard
from training.markdown_text import picture, plain
from training.quality_report import fitted_as

_TIES = {
    "bounds": "half of the accounts with the same value count as below; at the lower bound (an "
    "account that uses nothing) none do, at the upper bound all do",
    "mid": "half of the accounts with the same value count as below",
    "low": "none of the accounts with the same value count as below",
    "high": "all of the accounts with the same value count as below",
}


def fit_section(
    scorecard: Scorecard, training: Mapping[str, Any], plots: Collection[str] = ()
) -> list[str]:
    """Give the card's section on components, metrics, bounds and steps: lines of Markdown."""
    lines = [
        "## What is scored",
        "",
        "| component | weight | metric | weight | direction | ties | bounds | fitted as |",
        "|---|---:|---|---:|---|---|---|---|",
    ]
    metrics = {metric.name: metric for metric in scorecard.peer_metrics}
    for component in scorecard.all_components:
        lines += _component_rows(component, metrics, training)
    return [
        *lines,
        "",
        *(
            f"Ties `{rule}`: {_TIES[rule]}."
            for rule in sorted({m.ties for m in scorecard.peer_metrics})
        ),
        "A value beyond a bound counts as at it, for an account and for its peers.",
        "",
        missing_text(scorecard),
        "",
        *_steps(scorecard, training),
        *picture(
            plots,
            "plots/peers.png",
            "Median and middle half of the peers of each metric along the first numeric peer "
            "dimension",
        ),
        *picture(
            plots,
            "plots/medians.png",
            "Image of the peers' median of each metric over two peer dimensions, "
            "in the metric's unit",
        ),
    ]


def missing_text(scorecard: Scorecard) -> str:
    """Say what becomes of a metric without a score."""
    policy = {
        "skip": "left out, and the weights of the rest renormalised",
        "zero": "counted as 0 in its component",
    }
    return f"A missing metric has no score; it is {policy[scorecard.missing]}."


def _component_rows(
    component: Component, metrics: Mapping[str, PeerMetric], training: Mapping[str, Any]
) -> list[str]:
    return [
        f"| {plain(component.name)} | {component.weight:g} | {plain(name)} | {weight:g} "
        f"| {'higher' if metrics[name].higher_is_better else 'lower'} is better "
        f"| {metrics[name].ties} | {_bounds(metrics[name], training['metrics'][name])} "
        f"| {plain(fitted_as(training['metrics'][name]))} |"
        for name, weight in component.metrics.items()
        if name in metrics
    ]


def _bounds(metric: PeerMetric, description: Mapping[str, Any]) -> str:
    return bounds_text(metric, description.get("learned_bounds", (None, None)))


def bounds_text(metric: PeerMetric, learned: Sequence[float | None]) -> str:
    """Write where a metric ends, and who says so.

    Parameters
    ----------
    learned : sequence of float or None
        Lower and upper; they hold where none is declared and they do not contradict one that is.
    """
    ends = (("from", metric.lower, learned[0]), ("to", metric.upper, learned[1]))
    lower, upper = (found if own is None else own for _, own, found in ends)
    agree = lower is None or upper is None or lower < upper
    parts = [
        f"{side} {own:g} (declared)" if own is not None else f"{side} {found:g} (learned)"
        for side, own, found in ends
        if own is not None or (found is not None and agree)
    ]
    return " ".join(parts) if parts else "none"


def _steps(scorecard: Scorecard, training: Mapping[str, Any]) -> list[str]:
    found = [
        f"- {plain(metric.name)}: {plain(step_text(step))}"
        for metric in scorecard.peer_metrics
        for step in training["metrics"][metric.name].get("steps_at", ())
    ]
    if not found:
        return ["No metric was found to jump along a peer dimension.", ""]
    return ["Where metrics jump along a peer dimension (tables are not smoothed there):", "",
            *found, ""]  # fmt: skip


def step_text(step: Mapping[str, Any]) -> str:
    """Write where a step is: in the dimension's unit, and as a share of the accounts."""
    return (
        f"{step['dimension']} at {step['value']:g} ({step['rank']:.0%} of the accounts are below)"
    )
