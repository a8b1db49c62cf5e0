"""The plain baseline that every fit must beat: nearest peers, fitted to the same accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring import Scorer
from serving.scoring.peers import Peers
from training.axes import fit_axes, is_grid
from training.definition import EstimatorOptions
from training.errors import DataError
from training.fit import fit_tables
from training.peer_models.prerequisites import MIN_ACCOUNTS
from training.plan import FitPlan, Metric, Plan
from training.split import Split

NAME = "nearest_peers"


@dataclass(frozen=True)
class Baseline:
    """Nearest peers of the metrics that were fitted otherwise.

    Attributes
    ----------
    peers : Peers or None
        None where there is none; `reason` then says why. None without a reason where every metric
        has nearest peers itself.
    accounts : int
        Fitted to.
    reason : str or None
    """

    peers: Peers | None
    accounts: int
    reason: str | None = None

    def describe(self) -> dict[str, Any]:
        """Say what it is, for the evaluation: plain JSON values."""
        return {"estimator": NAME, "accounts": self.accounts, "reason": self.reason}


def no_baseline(reason: str) -> Baseline:
    """Give the baseline that is none."""
    return Baseline(None, 0, reason)


def fit_baseline(
    plan: Plan[Metric],
    metrics: Mapping[str, Metric],
    fitted: Mapping[str, str],
    *,
    jobs: int,
) -> Baseline:
    """Fit nearest peers to the accounts of a plan; the result does not depend on `jobs`.

    Parameters
    ----------
    metrics : mapping
        Name → what the plan knows the metric by.
    fitted : mapping of str to str
        Metric → the estimator it has: one with nearest peers is its own baseline.
    """
    accounts = len(plan)
    if accounts < MIN_ACCOUNTS:
        return no_baseline(f"{accounts} accounts to fit it to; {MIN_ACCOUNTS} are needed")
    if not is_grid(plan.axes):
        return no_baseline("among so many peer dimensions nobody is near")
    others = {name: values for name, values in metrics.items() if fitted.get(name) != NAME}
    if not others:
        return Baseline(None, accounts)
    asked = dict.fromkeys(others, EstimatorOptions(NAME))
    peers, _ = fit_tables(plan, others, asked, jobs=jobs)
    return Baseline(peers, accounts)


def refit_baseline(
    scorer: Scorer,
    frame: pd.DataFrame,
    split: NDArray[np.int8],
    *,
    scoring_date: dt.date | None,
    jobs: int,
) -> Baseline:
    """Fit nearest peers for an artifact that there is already, as `train` did.

    Parameters
    ----------
    frame : DataFrame
        Accounts, those to evaluate among them, which are left out.
    split : ndarray of int8, shape (n_accounts,)
        Each account's `Split`, dealt as the artifact's were.
    """
    known = frame[split < Split.EVALUATE]
    if len(known) < MIN_ACCOUNTS:
        return no_baseline(f"{len(known)} accounts to fit it to; {MIN_ACCOUNTS} are needed")
    # Sorted by id, as in training.
    order = np.argsort(known["acct_id"].to_numpy(str), kind="stable")
    encoded = scorer.encode(known, scoring_date=scoring_date)[order]
    column = {entry.name: encoded[:, at] for at, entry in enumerate(scorer.inputs)}
    axes = scorer.peers.axes
    dimensions = np.column_stack([column[axis.input.name] for axis in axes])
    try:
        laid = fit_axes([axis.input for axis in axes], dimensions)
    except DataError as error:
        return no_baseline(str(error))
    dealt = split[split < Split.EVALUATE][order]
    names = [metric.name for metric in scorer.scorecard.peer_metrics]
    return fit_baseline(
        # The seed is for boosters, and here is none.
        FitPlan(laid, dimensions, dealt, seed=0),
        {name: column[name] for name in names},
        {name: fit["estimator"] for name, fit in descriptions(scorer).items()},
        jobs=jobs,
    )


def descriptions(scorer: Scorer) -> Mapping[str, Mapping[str, Any]]:
    """Give what the manifest says of each metric's fit; nothing where it says nothing."""
    told: Mapping[str, Mapping[str, Any]] = scorer.artifact.manifest.get("training", {}).get(
        "metrics", {}
    )
    return told
