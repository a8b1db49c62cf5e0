"""How good predicted chances are on contracts that nothing was fitted to.

Standard errors take contracts as independent of one another.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from serving.scoring.intervals import normal_quantile, wilson
from training.risk.logistic import fit_logistic

LEVEL = 0.95
#: Rows of a calibration table.
_GROUPS = 10
#: A chance is held this far from certainty in a log-loss, as one surprise would count endlessly.
_SURE = 1e-12

Floats = NDArray[np.float64]


class Gain(NamedTuple):
    """By how much a mean loss is lower than another of the same contracts, and its error."""

    gain: float
    standard_error: float


class Calibration(NamedTuple):
    """How chances and what happened differ.

    Attributes
    ----------
    slope, intercept : float
        Of the log-odds that would have been right; 1 and 0 are perfect.
    p_value : float
        How often right chances, calibrated on as many contracts, are off by as much.
    mean_gap : float
        Mean distance between the chance given and the chance that would have been right.
    """

    slope: float
    intercept: float
    p_value: float
    mean_gap: float


def log_losses(chance: Floats, churned: Floats) -> Floats:
    """Give each contract's log-loss, in nats."""
    held = np.clip(chance, _SURE, 1.0 - _SURE)
    return np.asarray(-np.log(np.where(churned == 1.0, held, 1.0 - held)))


def compare(losses: Floats, others: Floats) -> Gain:
    """Compare two losses of the same contracts, pair by pair."""
    difference = others - losses
    error = float(difference.std(ddof=1)) / math.sqrt(len(difference))
    return Gain(float(difference.mean()), error)


def mean_with_interval(losses: Floats) -> tuple[float, list[float]]:
    """Give a mean and its normal interval at `LEVEL`."""
    mean = float(losses.mean())
    reach = normal_quantile(LEVEL) * float(losses.std(ddof=1)) / math.sqrt(len(losses))
    return mean, [mean - reach, mean + reach]


def auc_with_interval(chance: Floats, churned: Floats) -> tuple[float, list[float]]:
    """Give how often a churned contract had the higher chance of two, and the interval at `LEVEL`.

    Equal chances count as half. The interval is DeLong's, on the scale of log-odds.

    References
    ----------
    .. [1] DeLong, DeLong & Clarke-Pearson (1988), "Comparing the Areas under Two or More
           Correlated Receiver Operating Characteristic Curves", Biometrics 44(3).
    """
    gone, stayed = chance[churned == 1.0], chance[churned == 0.0]
    among_all = stats.rankdata(np.concatenate([gone, stayed]))
    below_gone = (among_all[: len(gone)] - stats.rankdata(gone)) / len(stayed)
    above_stayed = 1.0 - (among_all[len(gone) :] - stats.rankdata(stayed)) / len(gone)
    area = float(below_gone.mean())
    variance = below_gone.var(ddof=1) / len(gone) + above_stayed.var(ddof=1) / len(stayed)
    if not 0.0 < area < 1.0:
        return area, [area, area]
    reach = normal_quantile(LEVEL) * math.sqrt(variance) / (area * (1.0 - area))
    middle = special.logit(area)
    return area, special.expit([middle - reach, middle + reach]).tolist()


def calibration(chance: Floats, churned: Floats, *, calibrated_on: int) -> Calibration:
    """Measure how chances are off by a likelihood ratio with two degrees of freedom.

    Parameters
    ----------
    calibrated_on : int
        How many contracts the calibration was learned from: it is as uncertain as they are few,
        and that is no mistake of the model.

    References
    ----------
    .. [1] Cox (1958), "Two Further Applications of a Model for Binary Regression", Biometrika 45.
    """
    margin = special.logit(np.clip(chance, _SURE, 1.0 - _SURE))
    centred = margin - margin.mean()
    columns = np.column_stack([np.ones(len(margin)), centred])
    added = fit_logistic(columns, churned, ridge=np.array([0.0, 1e-6]), offset=margin)
    right = special.expit(margin + columns @ added)
    ratio = 2.0 * float((log_losses(chance, churned) - log_losses(right, churned)).sum())
    ratio /= 1.0 + len(churned) / calibrated_on
    shift, tilt = added.tolist()
    return Calibration(
        slope=1.0 + tilt,
        intercept=shift - tilt * float(margin.mean()),
        p_value=float(stats.chi2.sf(max(ratio, 0.0), df=2)),
        mean_gap=float(np.abs(right - chance).mean()),
    )


def calibration_table(chance: Floats, churned: Floats) -> list[dict[str, Any]]:
    """Set chances given beside what happened, in ten groups of about equal size.

    Equal chances are in one group, so there may be fewer.
    """
    edges = np.unique(np.quantile(chance, np.arange(1, _GROUPS) / _GROUPS))
    group = np.searchsorted(edges, chance, side="right")
    rows = []
    for each in np.unique(group):
        given, happened = chance[group == each], churned[group == each]
        observed, contracts = happened.mean(keepdims=True), np.array([float(len(given))])
        low, high = wilson(observed, contracts, normal_quantile(LEVEL))
        rows.append(
            {
                "contracts": len(given),
                "lowest": float(given.min()),
                "highest": float(given.max()),
                "predicted": float(given.mean()),
                "observed": float(observed[0]),
                "interval": [float(low[0]), float(high[0])],
            }
        )
    return rows
