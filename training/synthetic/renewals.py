"""Synthetic renewals: contracts that ended, what was known before, and how likely each was to go.

The chance is a formula of what was known, with what real ones have: a step, a curve that flattens,
two facts that matter only together, and a blank that tells something. So an estimate can be
checked against the truth, not only against what happened to happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from training.atomic_files import arriving_together
from training.errors import DataError
from training.synthetic.shapes import Floats

#: What was known of an account some months before its contract ended.
FEATURES = (
    "tenure_months",
    "logins_30d",
    "support_cases_90d",
    "days_since_health_check",
    "seats_used_share",
    "price_increase_share",
)
#: The file and the truth's column, which is never written.
RENEWALS = "renewals"
TRUTH = "churn_probability"

#: Share of each fact's cells that nobody noted down; it has nothing to do with churn.
MISSING_SHARE = 0.02
#: Share of accounts that never had a health check: blank, too, and they leave more often.
NEVER_CHECKED = 0.15
#: What was known is of so many days before the end.
DAYS_BEFORE = 90
_FIRST_END, _DAYS_OF_ENDS = np.datetime64("2025-01-01"), 365


def renewals(accounts: Sequence[str], seed: int) -> pd.DataFrame:
    """Draw one ended contract per account.

    Parameters
    ----------
    accounts : sequence of str
        Their ids.
    seed : int
        The same ids and seed give the same contracts.

    Returns
    -------
    DataFrame
        ``acct_id``, ``renewed`` (1 or 0), ``as_of`` and ``end_date`` (ISO dates), `FEATURES`
        (float64; NaN where not known), and ``churn_probability``, the true chance that an account
        with these facts does not renew.

    Raises
    ------
    DataError
        If there are no accounts.
    """
    if not len(accounts):
        raise DataError("renewals need at least one account")
    rng = np.random.default_rng(seed)
    facts = _facts(len(accounts), rng)
    truth = churn_probability(facts)
    end = _FIRST_END + rng.integers(0, _DAYS_OF_ENDS, len(accounts)).astype("timedelta64[D]")
    renewed = (rng.random(len(accounts)) >= truth).astype(np.int64)
    for name in FEATURES:
        facts.loc[rng.random(len(accounts)) < MISSING_SHARE, name] = np.nan
    dates = {"as_of": (end - DAYS_BEFORE).astype(str), "end_date": end.astype(str)}
    known = {name: facts[name] for name in FEATURES}
    return pd.DataFrame(
        {"acct_id": list(accounts), "renewed": renewed, **dates, **known, TRUTH: truth}
    )


def churn_probability(facts: pd.DataFrame) -> Floats:
    """Give the true chance not to renew, in (0, 1), of accounts with these facts.

    Blank days since the last health check mean that there was none; other facts must be there.
    """
    tenure, logins = facts["tenure_months"].to_numpy(), facts["logins_30d"].to_numpy()
    cases, days = facts["support_cases_90d"].to_numpy(), facts["days_since_health_check"].to_numpy()
    seats, price = facts["seats_used_share"].to_numpy(), facts["price_increase_share"].to_numpy()
    unchecked = np.where(np.isnan(days), 1.4, np.where(days > 90, 1.0, 0.0))
    together = np.where((cases >= 4) & (price >= 0.05), 2.2, 0.0)
    log_odds = (
        -2.4
        - 0.6 * np.log1p(tenure / 12)
        + 2.4 * np.exp(-logins / 12)
        + 0.06 * np.minimum(cases, 10)
        + unchecked
        - 3.0 * (seats - 0.6)
        + 4.0 * price
        + together
    )
    return np.asarray(special.expit(log_odds), dtype=np.float64)


def write_renewals(folder: Path, accounts: Sequence[str], seed: int) -> None:
    """Write `renewals`, without the truth, as ``renewals.csv``; whole, or not at all."""
    frame = renewals(accounts, seed).drop(columns=TRUTH)
    with arriving_together(folder, [f"{RENEWALS}.csv"]) as scratch:
        frame.to_csv(scratch / f"{RENEWALS}.csv", index=False, lineterminator="\n")


def _facts(accounts: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw facts as they will stand in the file: p is the chance given what can be read there."""
    days = np.rint(rng.gamma(1.6, 45.0, accounts))
    return pd.DataFrame(
        {
            "tenure_months": np.round(rng.gamma(2.0, 18.0, accounts), 1),
            "logins_30d": np.floor(rng.gamma(1.1, 22.0, accounts)),
            "support_cases_90d": rng.poisson(rng.gamma(1.2, 2.2, accounts)).astype(np.float64),
            "days_since_health_check": np.where(
                rng.random(accounts) < NEVER_CHECKED, np.nan, np.minimum(days, 720.0)
            ),
            "seats_used_share": np.round(rng.beta(3.5, 2.0, accounts), 3),
            "price_increase_share": np.round(
                np.where(rng.random(accounts) < 0.35, 0.0, rng.beta(2.0, 22.0, accounts)), 3
            ),
        }
    )
