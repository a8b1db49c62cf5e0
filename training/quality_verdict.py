"""Whether a metric's scores are right, in words: on all, among peers, beside nearest peers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.calibration import KS_95, MIN_CELL_ACCOUNTS

#: The verdict on a metric that chance alone explains.
RIGHT = "as it should be"
#: How the verdicts begin that tell neither right from wrong.
_NOT_MEASURED, _TOO_FEW = "not measured", "too few accounts to tell"

#: The limits of the gate, which `training/gate/limits.py` explains.
FALSE_ALARMS = 0.01
CALIBRATION_MARGIN = 0.03
FEWEST_ACCOUNTS = 100


def verdicts(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Give metric → whether its scores are as they should be, in plain words.

    Parameters
    ----------
    evaluation : mapping
        As `training.evaluate.evaluate` gives it. What an older one does not say is not judged.
    """
    metrics = evaluation["metrics"]
    return {name: _verdict(result, len(metrics)) for name, result in metrics.items()}


def headline(evaluation: Mapping[str, Any]) -> str:
    """Say how many metrics are as they should be: the words that stand for a whole evaluation."""
    told = list(verdicts(evaluation).values())
    right = sum(word == RIGHT for word in told)
    unknown = sum(word.startswith((_NOT_MEASURED, _TOO_FEW)) for word in told)
    wrong = len(told) - right - unknown
    if unknown and unknown == len(told):
        return f"too few accounts to tell of any of {unknown} metrics"
    said = f"{right} of {len(told)} metrics are as they should be"
    if not unknown:
        return said
    have = "has" if unknown == 1 else "have"
    are = "is" if wrong == 1 else "are"
    return f"{said}, {wrong} {are} not, {unknown} {have} too few accounts to tell"


def worst_cell_is_off(result: Mapping[str, Any], metrics: int) -> bool:
    """Whether scores in one cell of the peer dimensions are off by more than chance explains.

    The cell is the worst of many, of each of many metrics: right scores of all of them have such a
    cell in fewer than `FALSE_ALARMS` of evaluations (Massart's bound). A fit that is
    hardly wrong, by less than `CALIBRATION_MARGIN`, has none either.

    Parameters
    ----------
    result : mapping
        What an evaluation says of a metric.
    metrics : int
        How many metrics were evaluated.
    """
    worst, noise = result.get("worst_cell_ks"), result.get("worst_cell_noise_95")
    if worst is None or not noise:
        return False
    accounts = (KS_95 / noise) ** 2
    cells = max(result["accounts"] // MIN_CELL_ACCOUNTS, 1)
    chance = math.sqrt(math.log(2 * metrics * cells / FALSE_ALARMS) / (2 * accounts))
    return bool(worst > chance + CALIBRATION_MARGIN)


def nearest_peers_are_better(result: Mapping[str, Any]) -> bool:
    """Whether plain nearest peers predict a metric better, beyond the interval of the ratio."""
    interval = result.get("rank_crps_knn_ratio_interval")
    return interval is not None and bool(interval[0] > 1)


def _verdict(result: Mapping[str, Any], metrics: int) -> str:
    accounts = result["accounts"]
    if not accounts:
        return f"{_NOT_MEASURED}: no account has a value that can be ranked"
    error, limit = result["pit_ks"], result["pit_ks_noise_95"]
    found = []
    if error > limit:
        found.append(f"off by up to {100 * error:.1f} percentage points, {_way(result)}")
    if worst_cell_is_off(result, metrics):
        points = 100 * result["worst_cell_ks"]
        found.append(f"off by up to {points:.1f} percentage points among some peers")
    if nearest_peers_are_better(result):
        found.append("plain nearest peers predict better")
    if found:
        return "; ".join(found)
    if accounts < FEWEST_ACCOUNTS:
        few = "account" if accounts == 1 else "accounts"
        return f"{_TOO_FEW}: {accounts} {few}, {FEWEST_ACCOUNTS} are needed"
    return RIGHT


def _way(result: Mapping[str, Any]) -> str:
    gaps = [share - float(level) for level, share in result["coverage"].items()]
    mean = sum(gaps) / len(gaps)
    # A third of the largest error all along the way is a direction, not a wiggle.
    if abs(mean) <= result["pit_ks"] / 3:
        return "too low at some ranks and too high at others"
    return "scores are too low" if mean > 0 else "scores are too high"
