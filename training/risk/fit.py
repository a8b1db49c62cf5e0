"""Fits the classifiers that a scorecard's `learned_risk` metrics name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from serving.scoring.errors import InvalidInput
from serving.scoring.risk_models import is_model_name
from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.signals.learned_risk import LearnedRisk
from training.risk.boosting import RiskFit, fit_boosted
from training.risk.evaluation import evaluate_risk
from training.risk.outcomes import Outcomes
from training.risk.sample import RiskSample, risk_sample
from training.split import Split, split_accounts

#: With fewer contracts of either outcome among those of a split, nothing can be learned or told.
FEWEST: Mapping[Split, int] = {Split.FIT: 30, Split.SELECT: 10, Split.EVALUATE: 10}


@dataclass(frozen=True, eq=False)
class RiskFits:
    """What was learned from contracts that ended.

    Attributes
    ----------
    models : mapping of str to BoostedRisk
        By name; those that could be fitted.
    evaluation : mapping of str to dict
        Name → how good each is, for ``evaluation.json``.
    descriptions : mapping of str to dict
        Name → what was fitted, for the manifest: ``fitted`` false with a ``reason`` where nothing
        was.
    boosters : mapping of str to bytes
        File name → the library's JSON, for data scientists.
    """

    models: Mapping[str, BoostedRisk] = field(default_factory=dict)
    evaluation: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    descriptions: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    boosters: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, str]:
        """Why models were not fitted, by name."""
        return {
            name: told["reason"] for name, told in self.descriptions.items() if not told["fitted"]
        }


def models_asked(risks: Iterable[LearnedRisk]) -> dict[str, tuple[str, ...]]:
    """Find the classifiers that metrics ask for: name → columns.

    Raises
    ------
    InvalidInput
        If two metrics give the same model different columns, or a model cannot be called so.
    """
    asked: dict[str, tuple[str, ...]] = {}
    for risk in risks:
        if not is_model_name(risk.model):
            raise InvalidInput(f"{risk.name}: a model cannot be called {risk.model!r}")
        if sorted(asked.setdefault(risk.model, risk.columns)) != sorted(risk.columns):
            raise InvalidInput(
                f"{risk.name}: the model {risk.model} has other inputs here than in another "
                f"metric: {', '.join(risk.columns)}; there it has {', '.join(asked[risk.model])}"
            )
    return asked


def fit_risks(
    models: Mapping[str, Sequence[str]],
    frame: pd.DataFrame,
    outcomes: Outcomes,
    *,
    seed: int,
    jobs: int = 1,
) -> RiskFits:
    """Fit, calibrate and evaluate every model.

    The accounts of `Split.FIT` are fitted to, those of `Split.SELECT` stop the boosting and
    calibrate it, those of `Split.EVALUATE` evaluate it. A model that has too few contracts is not
    fitted, with a reason, and spoils no other.

    Parameters
    ----------
    models : mapping of str to sequence of str
        Name → columns; see `models_asked`.
    frame : DataFrame
        ``acct_id`` and the columns that the outcomes do not hold themselves.
    seed : int
        The same contracts and seed give the same bytes, in whatever order they come and whatever
        `jobs`.
    jobs : int
        How many models to fit at once.

    Raises
    ------
    DataError
        If a column is nowhere.
    """
    samples = {
        name: risk_sample(outcomes, frame, inputs) for name, inputs in sorted(models.items())
    }
    # Sums of several threads would depend on how many there are.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max(1, jobs)) as pool:
        fits = dict(
            zip(samples, pool.map(lambda each: _fit(each, seed), samples.values()), strict=True)
        )
    done = {name: fit for name, fit in fits.items() if not isinstance(fit, str)}
    return RiskFits(
        models={name: fit.model for name, (fit, _) in done.items()},
        evaluation={name: told for name, (_, told) in done.items()},
        descriptions={name: _describe(samples[name], fits[name]) for name in samples},
        boosters={
            f"boosters/{name}.json": bytes(fit.booster.save_raw("json"))
            for name, (fit, _) in done.items()
            if fit.booster is not None
        },
    )


def _fit(sample: RiskSample, seed: int) -> tuple[RiskFit, dict[str, Any]] | str:
    """Give the fit and its evaluation, or why there is none."""
    parts = {split: sample.dealt(split) for split in Split}
    for split, fewest in FEWEST.items():
        if parts[split].rarer < fewest:
            return (
                f"the {split.name.lower()} accounts have {len(parts[split]):,} contracts that "
                f"ended, {parts[split].rarer} of the rarer outcome; {fewest} are needed"
            )
    fitting, selection = parts[Split.FIT], parts[Split.SELECT]
    fit = fit_boosted(fitting, selection, seed=seed)
    known = sample.only(split_accounts(sample.accounts.tolist()) < Split.EVALUATE)
    told = evaluate_risk(fit.model, known, parts[Split.EVALUATE], calibrated_on=len(selection))
    return fit, told


def _describe(sample: RiskSample, fit: tuple[RiskFit, Any] | str) -> dict[str, Any]:
    about = {
        "contracts": len(sample),
        "churned": int(sample.churned.sum()),
        "contracts_sha256": sample.sha256,
        "left_out": list(sample.notes),
    }
    if isinstance(fit, str):
        return {"fitted": False, "reason": fit, "inputs": list(sample.inputs), **about}
    return {"fitted": True, **fit[0].describe(), **about}
