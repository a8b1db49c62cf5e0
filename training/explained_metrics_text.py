"""The metrics of an explained account, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.scoring.explanation import MetricExplanation, SignalExplanation, SignalGoal
from serving.scoring.goals import STATUSES, Goal
from training.number_text import goal_text, plain_text, score_text, value_text

#: Why an absolute metric has no score.
_WITHOUT_SCORE: Mapping[str, str] = {
    "missing": "not known, so it has no score",
    "stale": "too old, so it has no score",
    "not_applicable": "does not apply",
    "no_history": "no history to compare with, so it has no score",
    "no_denominator": "nothing to take a share of, so it has no score",
    "model_missing": "the artifact holds no model for it, so it has no score",
}


def compared_lines(
    metrics: Sequence[MetricExplanation], bounds: Mapping[str, tuple[float, float]]
) -> Iterator[str]:
    """Write the metrics that are compared with peers; `bounds` are as of `metric_bounds`."""
    width = max(len(metric.metric) for metric in metrics)
    banded = any(metric.next_band is not None for metric in metrics)
    yield (
        f"{'':{width}}  {'':>10}  {'values of its peers':^28}  {'':>6}  {'90 %':>11}  {'':>6}"
    ).rstrip()
    yield (
        f"{'metric':{width}}  {'value':>10}  {'25 %':>8}  {'median':>8}  {'75 %':>8}  {'rank':>6}"
        f"  {'interval':>11}  {'peers':>6}  {'score':>5}  next point at"
        f"{'; next band at' if banded else ''}"
    )
    for metric in metrics:
        quartiles = metric.peer_quartiles or (None, None, None)
        asked = [metric.next_point, metric.next_band]
        goals = [_goal(metric, goal, bounds[metric.metric]) for goal in asked if goal is not None]
        yield (
            f"{metric.metric:{width}}  {value_text(metric.value):>10}"
            f"  {'  '.join(f'{value_text(quartile):>8}' for quartile in quartiles)}"
            f"  {_rank(metric.rank):>6}  {_interval(metric):>11}  {metric.effective_peers:>6,.0f}"
            f"  {score_text(metric.score):>5}  {'; '.join(goals)}"
        )


def absolute_lines(
    metrics: Sequence[SignalExplanation], inputs: Mapping[str, Any]
) -> Iterator[str]:
    """Write the absolute metrics.

    Parameters
    ----------
    inputs : mapping
        What was read, as it was given: dates as text.
    """
    width = max(len("metric"), *(len(metric.label) for metric in metrics))
    facts = [
        ", ".join(
            f"{name} {plain_text(_as_given(value, inputs[name]))}"
            for name, value in metric.inputs.items()
        )
        for metric in metrics
    ]
    goals = [_raised(metric) for metric in metrics]
    wide = max(len("next point at"), *map(len, goals))
    yield f"{'metric':{width}}  {'score':>5}  {'next point at':{wide}}  read"
    for metric, goal, read in zip(metrics, goals, facts, strict=True):
        yield f"{metric.label:{width}}  {score_text(metric.score):>5}  {goal:{wide}}  {read}"


def _as_given(value: Any, given: Any) -> Any:
    # Days are told as the date they count from.
    return given if isinstance(value, float) and isinstance(given, str) else value


def _raised(metric: SignalExplanation) -> str:
    if metric.score is None:
        return _WITHOUT_SCORE[metric.status]
    goals = [goal for goal in (metric.next_point, metric.next_band) if goal is not None]
    if not goals:
        return "highest already" if metric.points == 100.0 else "no single input is known to help"
    return "; ".join(map(_signal_goal, goals))


def _signal_goal(goal: SignalGoal) -> str:
    return f"{goal.text} (scores {score_text(goal.score)})"


def _goal(metric: MetricExplanation, goal: Goal, bounds: tuple[float, float]) -> str:
    if goal.value is None:
        return STATUSES[goal.status].removeprefix("not reachable: ")
    enough = goal_text(goal.value, higher_is_better=metric.higher_is_better, bounds=bounds)
    text = f"{enough} (scores {score_text(goal.score)})"
    return text if goal.status == "reachable" else f"{text}, beyond 95 % of the peers: no advice"


def _rank(rank: float | None) -> str:
    return "-" if rank is None else f"{rank:.3f}"


def _interval(metric: MetricExplanation) -> str:
    if metric.rank_low is None or metric.rank_high is None:
        return "-"
    return f"{metric.rank_low:.2f} - {metric.rank_high:.2f}"
