"""Whether risk models may be served: better than none, calibrated, no worse than the champion's.

The limits are the gate's own (`training.gate.limits`): `false_alarms` is how often right models
may be refused, over all models of a scorecard together; `allow_not_evaluated` lets one pass that
nobody could evaluate. Which limits a verdict went by stands in it.

Measured on synthetic renewals, 40 samples each. 5,000 contracts: every good model passes, and every
retrain of it (another seed, 80 % of the contracts, half of them new ones); none of the models of
shuffled outcomes does. 1,500 contracts: 3 good models are refused, as 309 held-out contracts prove
too little; every retrain passes; of the models of shuffled outcomes 1 is called better than none,
and 3 not worse than the champion's.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import pandas as pd
from scipy import stats

from serving.scoring import Scorer
from serving.scoring.risk import RiskModel
from training.gate.limits import Limits
from training.gate.report import Verdict, listed
from training.risk.fit import FEWEST
from training.risk.measures import Gain, compare, log_losses
from training.risk.outcomes import Outcomes
from training.risk.sample import RiskSample, risk_sample
from training.split import Split

BETTER = "risk better than none"
CALIBRATED = "risk calibration"
LOST = "risk model kept"
NOT_WORSE = "risk not worse"
#: No calibration stays within chance for ever: chances that are off by less than a hundredth on
#: average change nobody's mind.
CALIBRATION_MARGIN = 0.01
#: Nor does a loss: what another sample of as many contracts costs, as a share of the champion's.
LOSS_MARGIN = 0.02
_LIMITS = ("false_alarms", "allow_not_evaluated")


class Compared(NamedTuple):
    """A candidate's model beside the champion's of the same name, on the same contracts.

    Attributes
    ----------
    contracts : int
    champion : float
        Its mean log-loss.
    gain : Gain
        Of the candidate; below 0 where it is worse.
    """

    contracts: int
    champion: float
    gain: Gain


def judge_evaluations(
    models: Collection[str], evaluation: Mapping[str, Mapping[str, Any]], limits: Limits
) -> list[Verdict]:
    """Judge a candidate by its own evaluation, on contracts that it has not seen.

    Parameters
    ----------
    models : collection of str
        The names of those in the artifact.
    evaluation : mapping of str to mapping
        Name → what `evaluate_risk` gives.
    """
    if not models:
        return []
    told = {name: evaluation[name] for name in sorted(models) if name in evaluation}
    unknown = [f"{name} is not evaluated" for name in sorted(models) if name not in told]
    chance = limits.false_alarms / len(models)
    better = {name: _better(each, chance) for name, each in told.items()}
    calibrated = {name: _calibrated(each, chance) for name, each in told.items()}
    return [_verdict(BETTER, better, unknown, limits), _verdict(CALIBRATED, calibrated, [], limits)]


def judge_lost(candidate: Scorer, champion: Scorer, limits: Limits) -> list[Verdict]:
    """Refuse an artifact without a model that its scorecard names and the champion's has.

    All scores of such a metric would go.
    """
    asked = {risk.model for risk in candidate.scorecard.risks}
    gone = sorted(asked & set(champion.artifact.models) - set(candidate.artifact.models))
    if not gone:
        return []
    text = (
        f"{', '.join(gone)}: the champion has this model and the candidate lacks it, so nobody "
        "would have its score; train with renewals.csv, or build from an artifact that has it"
    )
    return [Verdict(LOST, limits.allow_not_evaluated, text, limits=("allow_not_evaluated",))]


def compare_models(
    candidate: Mapping[str, RiskModel],
    champion: Mapping[str, RiskModel],
    outcomes: Outcomes,
    frame: pd.DataFrame,
    *,
    held_out: Collection[str] | None = None,
) -> dict[str, Compared]:
    """Compare models of the same name on contracts that neither has seen.

    Parameters
    ----------
    frame : DataFrame
        As `fit_risks` takes it, with the inputs of both.
    held_out : collection of str, optional
        The accounts that both left out; those that training leaves out by default.

    Returns
    -------
    dict
        Name → how they compare; without those that too few contracts tell of.
    """
    found = {}
    for name in sorted(set(candidate) & set(champion)):
        parts = [
            _held_out(risk_sample(outcomes, frame, model.inputs), held_out)
            for model in (candidate[name], champion[name])
        ]
        ours, theirs = _same_contracts(*parts)
        if ours.rarer < FEWEST[Split.EVALUATE]:
            continue
        losses, champions = (
            log_losses(model.probability([*sample.columns.T]), sample.churned)
            for model, sample in ((candidate[name], ours), (champion[name], theirs))
        )
        gain = compare(losses, champions)
        found[name] = Compared(len(losses), float(champions.mean()), gain)
    return found


def judge_compared(
    compared: Mapping[str, Compared], models: Collection[str], limits: Limits
) -> Verdict:
    """Judge whether a candidate's models predict as well as the champion's.

    Parameters
    ----------
    compared : mapping of str to Compared
        As `compare_models` gives.
    models : collection of str
        The names that both artifacts have.
    """
    if not compared:
        what = "no model of both" if not models else "too few held-out contracts"
        return Verdict(NOT_WORSE, True, f"{what} to compare", judged=False)
    chance = limits.false_alarms / len(compared)
    found = {name: _not_worse(each, chance) for name, each in compared.items()}
    return _verdict(NOT_WORSE, found, [], limits)


def _held_out(sample: RiskSample, accounts: Collection[str] | None) -> RiskSample:
    if accounts is None:
        return sample.dealt(Split.EVALUATE)
    return sample.only(pd.Index(sample.accounts).isin(list(accounts)))


def _same_contracts(ours: RiskSample, theirs: RiskSample) -> tuple[RiskSample, RiskSample]:
    """Keep the contracts that both know something of."""
    same = set(ours.rows.tolist()) & set(theirs.rows.tolist())
    mine, other = (pd.Index(each.rows).isin(list(same)) for each in (ours, theirs))
    return ours.only(mine), theirs.only(other)


def _reach(chance: float) -> float:
    """Give the standard errors that chance alone exceeds so often, to one side."""
    return float(stats.norm.isf(chance))


def _better(told: Mapping[str, Any], chance: float) -> tuple[bool, str]:
    base = told["base_rate"]
    least = _reach(chance) * base["gain_standard_error"]
    text = (
        f"log-loss {told['log_loss']:.4f} where the base rate alone has {base['log_loss']:.4f}: "
        f"better by {base['gain']:.4f}, and more than {least:.4f} is beyond chance on "
        f"{told['contracts']:,} contracts"
    )
    return base["gain"] > max(least, 0.0), text


def _calibrated(told: Mapping[str, Any], chance: float) -> tuple[bool, str]:
    found = told["calibration"]
    text = (
        f"chances are off by {found['mean_gap']:.3f} on average (slope {found['slope']:.2f}), "
        f"which happens to right ones with p = {found['p_value']:.2g}"
    )
    return found["p_value"] >= chance or found["mean_gap"] <= CALIBRATION_MARGIN, text


def _not_worse(compared: Compared, chance: float) -> tuple[bool, str]:
    worse, error = -compared.gain.gain, compared.gain.standard_error
    most = _reach(chance) * error + LOSS_MARGIN * compared.champion
    change = worse / compared.champion if compared.champion else math.copysign(math.inf, worse)
    text = (
        f"log-loss {'worse' if worse > 0 else 'better'} by {abs(change):.1%} than the champion's "
        f"on {compared.contracts:,} contracts, at most {most / compared.champion:.1%} worse"
    )
    return worse <= most, text


def _verdict(
    name: str, found: Mapping[str, tuple[bool, str]], unknown: list[str], limits: Limits
) -> Verdict:
    refused = [f"{model}: {text}" for model, (good, text) in found.items() if not good]
    refused += [] if limits.allow_not_evaluated else unknown
    if refused:
        return Verdict(name, False, listed(refused), limits=_LIMITS)
    good = [f"{model}: {text}" for model, (_, text) in found.items()]
    return Verdict(name, True, listed([*good, *(f"allowed: {each}" for each in unknown)]))
