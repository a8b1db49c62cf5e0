"""An explained account, laid out for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from serving.scoring.drivers import PointsLost
from serving.scoring.explanation import MetricExplanation
from serving.scoring.goals import STATUSES, Goal
from training.explain_account import ExplainedAccount

#: Significant digits of values.
_DIGITS = 4
#: Nearer to 0 than this is just not 0.
_TINY = 1e-100


def explanation_text(told: ExplainedAccount) -> str:
    """Write what a person asks: where it stands, what would help, what it lost its points with."""
    why = told.explanation
    seen = {metric.metric for metric in why.metrics}
    peers = [f"{name} {_plain(told.inputs[name])}" for name in told.inputs if name not in seen]
    lines = [
        f"account {told.account}: {why.overall.key} {_score(why.overall.score)} of {why.maximum:g}"
        f" (scorecard {told.scorecard}, version {told.version})",
        f"compared by {', '.join(peers)}" if peers else "compared with all accounts",
    ]
    if why.flags:
        lines.append(f"flags: {', '.join(why.flags)}")
    lines += ["", *_what_if(told)] if told.changes else []
    return "\n".join([*lines, "", *_metrics(why.metrics), "", *_drivers(told)])


def _what_if(told: ExplainedAccount) -> Iterator[str]:
    changes = ", ".join(f"{name} = {_plain(value)}" for name, value in told.changes.items())
    yield f"what if {changes}? All figures here are those of the account as it would be."
    moved = [key for key, score in told.scores.items() if score != told.before[key]]
    for key in moved:
        yield f"  {key:44} {_score(told.before[key]):>6} -> {_score(told.scores[key])}"
    if not moved:
        yield "  no score changes"


def _metrics(metrics: Sequence[MetricExplanation]) -> Iterator[str]:
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
        goals = [_goal(metric, metric.next_point)]
        goals += [_goal(metric, metric.next_band)] if metric.next_band is not None else []
        yield (
            f"{metric.metric:{width}}  {_value(metric.value):>10}"
            f"  {'  '.join(f'{_value(quartile):>8}' for quartile in quartiles)}"
            f"  {_rank(metric.rank):>6}  {_interval(metric):>11}  {metric.effective_peers:>6,.0f}"
            f"  {_score(metric.score):>5}  {'; '.join(goals)}"
        )


def _goal(metric: MetricExplanation, goal: Goal) -> str:
    if goal.value is None:
        return STATUSES[goal.status].removeprefix("not reachable: ")
    text = f"{enough(goal.value, rising=metric.higher_is_better)} (scores {_score(goal.score)})"
    return text if goal.status == "reachable" else f"{text}, beyond 95 % of the peers: no advice"


def _drivers(told: ExplainedAccount) -> Iterator[str]:
    why = told.explanation
    yield f"points lost; with its score they are {why.maximum:g}, weights as they apply here"
    for lost in (why.overall, *why.components):
        yield from _lost(lost)


def _lost(lost: PointsLost) -> Iterator[str]:
    if lost.points_lost is None:
        yield f"  {lost.key}: no score, nothing of it is known"
        return
    yield f"  {lost.key} {_score(lost.score)}, lost {lost.points_lost:.2f}"
    for driver in lost.drivers:
        if driver.points_lost > 0 or driver.score is None:
            score = "no value" if driver.score is None else f"score {_score(driver.score)}"
            yield (
                f"    {driver.points_lost:6.2f}  {driver.metric:28} weight {driver.weight:6.1%}"
                f"  {score}"
            )


def enough(value: float, *, rising: bool) -> str:
    """Write few digits of a value that is still enough: rounded to the side that helps."""
    if value == round(value):
        return _value(value)
    if abs(value) < _TINY:
        return "more than 0" if rising else "less than 0"
    unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - _DIGITS)
    steps = math.ceil(value / unit) if rising else math.floor(value / unit)
    return f"{steps * unit:.{_DIGITS}g}"


def _value(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.{_DIGITS}g}"


def _plain(value: float | str | None) -> str:
    if value is None:
        return "not known"
    return value if isinstance(value, str) else f"{value:g}"


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.2f}".rstrip("0").rstrip(".")


def _rank(rank: float | None) -> str:
    return "-" if rank is None else f"{rank:.3f}"


def _interval(metric: MetricExplanation) -> str:
    if metric.rank_low is None or metric.rank_high is None:
        return "-"
    return f"{metric.rank_low:.2f} - {metric.rank_high:.2f}"
