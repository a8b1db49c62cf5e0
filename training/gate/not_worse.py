"""Whether the candidate predicts held-out accounts as well as the champion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.gate.held_out import MetricLosses
from training.gate.limits import Limits
from training.gate.report import Verdict, listed

NAME = "not worse"
_COMPARED = ("accounts", "rank_crps", "rank_crps_ratio", "rank_crps_ratio_standard_error")
_COMPARED_RATIOS = ("accounts", "rank_crps_ratio", "rank_crps_ratio_standard_error")


class Change(NamedTuple):
    """How a metric's mean rank-CRPS changed.

    Attributes
    ----------
    relative : float
        The change as a share of the champion's mean; above 0 is worse.
    errors : float
        The change in standard errors of it; infinite where there is a change without any error.
    accounts : int
    """

    relative: float
    errors: float
    accounts: int


def paired_change(losses: MetricLosses) -> Change:
    """Compare two losses of the same accounts.

    The error is that of the accounts' differences: what makes an account hard to predict, for
    both artifacts, cancels out.
    """
    differences: NDArray[np.float64] = losses.candidate - losses.champion
    count = len(differences)
    if count < 2:
        return Change(0.0, 0.0, count)
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    return _change(float(differences.mean()), error, float(losses.champion.mean()), count)


def judge_losses(losses: Mapping[str, MetricLosses], on: str, limits: Limits) -> Verdict:
    """Refuse a metric that is worse by more than chance and by more than a little.

    The test is one-sided, at `false_alarms` divided by the number of metrics (Bonferroni), with
    Student's t for the number of accounts.
    """
    return _judge({name: paired_change(told) for name, told in losses.items()}, on, limits)


def judge_evaluations(
    candidate: Mapping[str, Any], champion: Mapping[str, Any], limits: Limits
) -> Verdict:
    """Compare the evaluations that two artifacts carry; they must be of the same accounts.

    Not paired: the error is that of two independent means, so it is larger than that of the
    accounts' differences, and less is noticed.
    """
    changes = {
        name: _unpaired_change(ours, champion[name])
        for name, ours in candidate.items()
        if _is_told(ours, _COMPARED) and _is_told(champion.get(name, {}), _COMPARED)
    }
    return _judge(changes, "both evaluations, of the same accounts, not paired", limits)


def judge_other_evaluations(
    candidate: Mapping[str, Any], champion: Mapping[str, Any], limits: Limits
) -> Verdict:
    """Compare evaluations of different accounts, by the ratio to no peers.

    Losses of other accounts are not comparable; what peers tell nearly is. A fit to data that are
    no longer the accounts' own tells nothing, and that shows.
    """
    changes = {
        name: _ratio_change(ours, champion[name])
        for name, ours in candidate.items()
        if _is_told(ours, _COMPARED_RATIOS) and _is_told(champion.get(name, {}), _COMPARED_RATIOS)
    }
    on = "a coarse comparison of evaluations on other accounts (--data would tell more)"
    return _judge(changes, on, limits, margin="other_accounts_crps_margin")


def _is_told(result: Mapping[str, Any], keys: Sequence[str]) -> bool:
    return all(key in result for key in keys)


def _ratio_change(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Change:
    key = "rank_crps_ratio"
    error = math.hypot(*(result[f"{key}_standard_error"] for result in (ours, theirs)))
    accounts = min(int(ours["accounts"]), int(theirs["accounts"]))
    return _change(ours[key] - theirs[key], error, theirs[key], accounts)


def _unpaired_change(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Change:
    error = math.hypot(_error(ours), _error(theirs))
    difference = ours["rank_crps"] - theirs["rank_crps"]
    return _change(difference, error, theirs["rank_crps"], int(theirs["accounts"]))


def _error(result: Mapping[str, Any]) -> float:
    """Turn the error of the ratio to the pooled distribution into that of the mean loss."""
    share = result["rank_crps_ratio"]
    pooled = result["rank_crps"] / share if share > 0 else 0.0
    return float(result["rank_crps_ratio_standard_error"] * pooled)


def _change(difference: float, error: float, base: float, accounts: int) -> Change:
    if difference == 0.0:
        return Change(0.0, 0.0, accounts)
    relative = difference / base if base > 0 else math.copysign(math.inf, difference)
    errors = difference / error if error > 0 else math.copysign(math.inf, difference)
    return Change(relative, errors, accounts)


def _judge(
    changes: Mapping[str, Change], on: str, limits: Limits, *, margin: str = "crps_margin"
) -> Verdict:
    most = float(getattr(limits, margin))
    known = {name: told for name, told in changes.items() if told.accounts > 1}
    if not known:
        return Verdict(NAME, True, f"{on}: no metric that both have", judged=False)
    level = limits.false_alarms / len(known)
    bounds = {name: float(stats.t.isf(level, told.accounts - 1)) for name, told in known.items()}
    order = sorted(known, key=lambda name: known[name].errors - bounds[name], reverse=True)
    above = {
        name: f"(refused above both {100 * most:+.3g}% and {bounds[name]:.1f})" for name in order
    }
    failures = [
        f"{name}: CRPS worse by {known[name].relative:+.1%} and {known[name].errors:.1f} standard "
        f"errors {above[name]}"
        for name in order
        if known[name].errors > bounds[name] and known[name].relative > most
    ]
    if failures:
        return Verdict(NAME, False, f"{on}: {listed(failures)}", limits=(margin, "false_alarms"))
    first = order[0]
    return Verdict(
        NAME,
        True,
        f"{on}: nearest to its limit is {first}: CRPS {known[first].relative:+.1%}, "
        f"{known[first].errors:+.1f} standard errors {above[first]}",
    )
