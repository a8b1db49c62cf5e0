"""Whether the candidate's scores are spread as they should be, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.gate.limits import Limits
from training.gate.report import Verdict, listed

NAME = "calibration"
_LIMITS = ("calibration_margin", "false_alarms", "fewest_accounts", "allow_not_evaluated")


def highest_ks(accounts: int, metrics: int, limits: Limits) -> float:
    """Give the KS distance from which on a metric is refused.

    Right scores of `accounts` accounts exceed the first part once in ``metrics / false_alarms``
    times (Massart's bound, which holds for every number of accounts), so one of all metrics does
    so less often than `false_alarms`.

    References
    ----------
    .. [1] Massart (1990), "The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz Inequality",
           Annals of Probability 18(3).
    """
    chance = math.sqrt(math.log(2 * metrics / limits.false_alarms) / (2 * accounts))
    return chance + limits.calibration_margin


def judge_calibration(found: Mapping[str, tuple[int, float]], on: str, limits: Limits) -> Verdict:
    """Judge how far the scores of each metric are from uniform.

    Parameters
    ----------
    found : mapping of str to (int, float)
        Metric → how many accounts it was evaluated on, and their KS distance.
    on : str
        Which accounts these are.
    """
    known = {name: told for name, told in found.items() if told[0] >= limits.fewest_accounts}
    unknown = [
        f"{name} is not evaluated ({count} held-out accounts, {limits.fewest_accounts} are needed)"
        for name, (count, _) in found.items()
        if name not in known
    ]
    bounds = {name: highest_ks(count, len(found), limits) for name, (count, _) in known.items()}
    # The worst first.
    order = sorted(known, key=lambda name: bounds[name] - known[name][1])
    lines = {
        name: f"{name}: KS {known[name][1]:.3f}, at most {bounds[name]:.3f} on "
        f"{known[name][0]:,} accounts"
        for name in order
    }
    failures = [lines[name] for name in order if known[name][1] > bounds[name]]
    refused = failures if limits.allow_not_evaluated else [*failures, *unknown]
    if refused:
        return Verdict(NAME, False, f"{on}: {listed(refused)}", limits=_LIMITS)
    allowed = [f"allowed: {listed(unknown)}"] if unknown else []
    worst = [f"nearest to its limit is {lines[order[0]]}"] if order else []
    return Verdict(NAME, True, f"{on}: {'; '.join([*worst, *allowed])}")


def evaluated(metrics: list[str], evaluation: Mapping[str, Any]) -> dict[str, tuple[int, float]]:
    """Give what an artifact's own evaluation says; no accounts for a metric that it lacks."""
    told = evaluation.get("metrics", {})
    found = {}
    for name in metrics:
        result = told.get(name, {})
        known = "pit_ks" in result
        found[name] = (int(result["accounts"]), float(result["pit_ks"])) if known else (0, 0.0)
    return found
