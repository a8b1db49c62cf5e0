"""An explained account, laid out for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from serving.scoring.drivers import PointsLost
from serving.scoring.explanation import MetricExplanation, SignalExplanation
from training.explain_account import ExplainedAccount
from training.explained_metrics_text import absolute_lines, compared_lines
from training.next_band_text import next_band_lines, peers_line
from training.number_text import plain_text, score_text

_REASONS = {
    "insufficient_coverage": "too little of it is known",
    "not_applicable": "nothing of it applies to the account",
}


def explanation_text(told: ExplainedAccount) -> str:
    """Write what a person asks: where it stands, what would help, what it lost its points with."""
    parts = [_head(told), _what_if(told), _metrics(told), next_band_lines(told.explanation)]
    sections = [[*part] for part in (*parts, _drivers(told))]
    return "\n\n".join("\n".join(section) for section in sections if section)


def _head(told: ExplainedAccount) -> Iterator[str]:
    why = told.explanation
    band = f", {why.band}" if why.band else ""
    yield (
        f"account {told.account}: {why.overall.key} {score_text(why.overall.score)}"
        f" of {why.maximum:g}{band} (scorecard {told.scorecard}, version {told.version})"
    )
    compared = {each.metric for each in why.metrics if isinstance(each, MetricExplanation)}
    if compared:
        read = {name for each in why.metrics if isinstance(each, SignalExplanation)
                for name in each.inputs}  # fmt: skip
        by = [name for name in told.inputs if name not in compared | read]
        dimensions = ", ".join(f"{name} {plain_text(told.inputs[name])}" for name in by)
        yield f"compared by {dimensions}" if by else "compared with all accounts"
    if why.overall.reason is not None:
        yield f"no score: {_REASONS[why.overall.reason]}"
    if why.overall.coverage is not None and why.overall.coverage < 1.0:
        yield f"known by weight: {why.overall.coverage:.1%} of what applies"
    if why.peers is not None:
        yield peers_line(why.peers)
    if why.flags:
        yield f"flags: {', '.join(why.flags)}"


def _what_if(told: ExplainedAccount) -> Iterator[str]:
    if not told.changes:
        return
    changes = ", ".join(f"{name} = {plain_text(value)}" for name, value in told.changes.items())
    yield f"what if {changes}? All figures here are those of the account as it would be."
    moved = [key for key, score in told.scores.items() if score != told.before[key]]
    for key in moved:
        yield f"  {key:44} {score_text(told.before[key]):>6} -> {score_text(told.scores[key])}"
    if not moved:
        yield "  no score changes"


def _metrics(told: ExplainedAccount) -> Iterator[str]:
    metrics = told.explanation.metrics
    compared = [each for each in metrics if isinstance(each, MetricExplanation)]
    absolute = [each for each in metrics if isinstance(each, SignalExplanation)]
    if compared:
        yield from compared_lines(compared, told.bounds)
    if compared and absolute:
        yield ""
    if absolute:
        yield from absolute_lines(absolute, told.inputs)


def _drivers(told: ExplainedAccount) -> Iterator[str]:
    why = told.explanation
    yield f"points lost; with its score they are {why.maximum:g}, weights as they apply here"
    for lost in (why.overall, *why.components):
        yield from _lost(lost, told.drivers)


def _lost(lost: PointsLost, most: int | None) -> Iterator[str]:
    if lost.points_lost is None:
        reason = "nothing of it applies" if lost.reason == "not_applicable" else None
        nothing = "nothing of it is known" if not lost.coverage else "too little of it is known"
        yield f"  {lost.key}: no score, {reason or nothing}"
        return
    yield f"  {lost.key} {score_text(lost.score)}, lost {lost.points_lost:.2f}"
    told = [each for each in lost.drivers if each.points_lost > 0 or each.score is None]
    for driver in told[:most]:
        score = "no value" if driver.score is None else f"score {score_text(driver.score)}"
        yield (
            f"    {driver.points_lost:6.2f}  {driver.label:28} weight {driver.weight:6.1%}  {score}"
        )
    if len(told) > len(told[:most]):
        rest = told[len(told[:most]) :]
        points = sum(driver.points_lost for driver in rest)
        yield f"    {points:6.2f}  by {len(rest)} more"
