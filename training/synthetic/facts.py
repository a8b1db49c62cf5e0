"""Synthetic facts for the scorecards of absolute metrics: the CSVs of `data/sample/<card>/`.

They are as facts of real accounts are: some were never noted down, some are old, some metrics are
for a part of the accounts only, and accounts that do well in one thing tend to in others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from training.atomic_files import arriving_together
from training.synthetic.renewals import FEATURES, renewals
from training.synthetic.shapes import Floats

#: The day on which the facts were put together; dates are before it.
TODAY = np.datetime64("2026-01-05")
#: Share of the cells of each fact that nobody noted down.
MISSING_SHARE = 0.02
#: Share of the accounts whose facts about the pipeline, or work orders, are months old.
STALE_SHARE = 0.06
#: Share of the accounts in the insider program.
INSIDERS = 0.25
_EVENT_MONTHS = 18

_Names = NDArray[np.str_]


def account_health_facts(accounts: Sequence[str], seed: int) -> dict[str, pd.DataFrame]:
    """Draw the facts of `account_health.yaml`: file stem → what its CSV holds.

    What the churn model reads is drawn as `renewals` draws it, so that a model fitted to contracts
    that ended meets accounts of the same kind.

    Parameters
    ----------
    accounts : sequence of str
        Their ids.
    seed : int
        The same ids and seed give the same facts.
    """
    rng = np.random.default_rng(seed)
    health = rng.standard_normal(len(accounts))
    ids = {"acct_id": list(accounts)}
    # Another seed than that of contracts that ended: these are the facts of now.
    features = renewals(accounts, seed + 1)[list(FEATURES)]
    checked = TODAY - _days(features["days_since_health_check"].to_numpy())
    insider = rng.random(len(accounts)) < INSIDERS
    called = _ago(_leaning(health, rng, 60.0), rng, never=0.15)
    open_deals = rng.poisson(4.0, len(accounts)).astype(np.float64)
    engagement = {
        "last_updated": str(TODAY),
        "usage_tier": _blanked(_tiers(health, rng), rng),
        "last_health_check": checked,
        "onboarding_result": _blanked(_onboarding(features["tenure_months"], health, rng), rng),
        "insider_program": np.where(insider, "true", "false"),
        "last_insider_call": np.where(insider, called, np.datetime64("NaT")),
        "last_qbr": _ago(_leaning(health, rng, 110.0), rng, never=0.1),
    }
    pipeline = {
        "pipeline_open": _holed(open_deals, rng),
        "pipeline_moving": _holed(rng.binomial(open_deals.astype(int), _share(health)), rng),
        "pipeline_updated": _updated(len(accounts), rng),
    }
    return {
        "usage_facts": pd.DataFrame(ids | {name: features[name] for name in FEATURES}),
        "engagement_facts": pd.DataFrame(ids | engagement),
        "pipeline_facts": pd.DataFrame(ids | pipeline),
    }


def success_score_facts(accounts: Sequence[str], seed: int) -> dict[str, pd.DataFrame]:
    """Draw the facts of `customer_success_score.yaml`, the last of them `events`.

    Parameters and result are those of `account_health_facts`.
    """
    rng = np.random.default_rng(seed)
    health = rng.standard_normal(len(accounts))
    ids = {"acct_id": list(accounts)}
    bought = np.ceil(rng.lognormal(3.8, 1.2, len(accounts)))
    bought[rng.random(len(accounts)) < 0.01] = 0.0
    used = rng.binomial(bought.astype(int), _share(health))
    checked = rng.integers(10, 25, len(accounts))
    adoption = {
        "licenses_purchased": _holed(bought, rng),
        "licenses_active": _holed(used, rng),
        **_monthly("workorders", 13, health, rng),
        "workorders_counted": _updated(len(accounts), rng),
        "swarming_active": _flags(0.4, len(accounts), rng),
        **_monthly("rangers", 13, health, rng, only=(0, 12)),
    }
    technical = {
        "last_updated": str(TODAY),
        "clean_days_30d": _holed(rng.binomial(30, _share(health + 1.5)), rng),
        "days_30d": 30,
        "page_ms_month_avg": _holed(np.rint(rng.lognormal(7.6 - 0.2 * health, 0.4)), rng),
        "last_api_upgrade": _ago(_leaning(health, rng, 400.0), rng, never=0.02),
        "event_monitoring": _flags(0.55, len(accounts), rng),
        "settings_checked": checked,
        "settings_ok": _holed(rng.binomial(checked, _share(health + 1.0)), rng),
    }
    return {
        "adoption_facts": pd.DataFrame(ids | adoption),
        "technical_facts": pd.DataFrame(ids | technical),
        "events": _events(accounts, health, rng),
    }


#: By the name of the scorecard's file: its facts.
FACTS: Mapping[str, Callable[[Sequence[str], int], dict[str, pd.DataFrame]]] = {
    "account_health": account_health_facts,
    "customer_success_score": success_score_facts,
}


def write_facts(folder: Path, card: str, peers: pd.DataFrame, seed: int) -> None:
    """Write the facts of a card, and last ``peer_dims.csv``, which says which accounts there are.

    The same arguments give the same bytes. While it has not finished, the folder holds what it
    held before or no ``peer_dims.csv``.

    Parameters
    ----------
    card : str
        One of `FACTS`.
    peers : DataFrame
        ``acct_id`` and the peer dimensions of the card.
    seed : int
    """
    tables = {**FACTS[card](peers["acct_id"].tolist(), seed), "peer_dims": peers}
    with arriving_together(folder, [f"{stem}.csv" for stem in tables]) as scratch:
        for stem, table in tables.items():
            table.to_csv(
                scratch / f"{stem}.csv", index=False, lineterminator="\n", float_format="%.10g"
            )


def _share(health: Floats) -> Floats:
    return np.asarray(special.expit(0.4 + 0.9 * health), dtype=np.float64)


def _leaning(health: Floats, rng: np.random.Generator, scale: float) -> Floats:
    """Draw days, shape (n,): the better the account, the fewer."""
    return np.floor(rng.gamma(1.6, scale / 1.6, len(health)) * np.exp(-0.25 * health))


def _days(numbers: Floats) -> NDArray[np.timedelta64]:
    whole = np.where(np.isnan(numbers), 0.0, numbers).astype("timedelta64[D]")
    return np.where(np.isnan(numbers), np.timedelta64("NaT", "D"), whole)


def _ago(days: Floats, rng: np.random.Generator, *, never: float) -> NDArray[np.datetime64]:
    unknown = rng.random(len(days)) < never
    return TODAY - _days(np.where(unknown, np.nan, days))


def _updated(accounts: int, rng: np.random.Generator) -> NDArray[np.datetime64]:
    old = rng.random(accounts) < STALE_SHARE
    days = np.where(old, rng.integers(60, 300, accounts), rng.integers(0, 20, accounts))
    return TODAY - _days(days.astype(np.float64))


def _holed(values: NDArray[np.generic], rng: np.random.Generator) -> pd.Series:
    known = pd.Series(values).astype("Int64")
    return known.mask(rng.random(len(values)) < MISSING_SHARE)


def _blanked(labels: _Names, rng: np.random.Generator) -> pd.Series:
    return pd.Series(labels).mask(rng.random(len(labels)) < MISSING_SHARE)


def _flags(share: float, accounts: int, rng: np.random.Generator) -> pd.Series:
    return _blanked(np.where(rng.random(accounts) < share, "true", "false"), rng)


def _tiers(health: Floats, rng: np.random.Generator) -> _Names:
    seen = health + 0.7 * rng.standard_normal(len(health))
    tiers = np.array(["none", "low", "medium", "high", "power"])
    return tiers[np.searchsorted([-1.7, -0.7, 0.5, 1.5], seen)]


def _onboarding(tenure: pd.Series, health: Floats, rng: np.random.Generator) -> _Names:
    seen = health + rng.standard_normal(len(health))
    results = np.array(["missed", "late", "on_time"])[np.searchsorted([-1.5, -0.2], seen)]
    return np.where(tenure.to_numpy() < 3.0, "open", results)


def _monthly(
    name: str,
    months: int,
    health: Floats,
    rng: np.random.Generator,
    *,
    only: Sequence[int] | None = None,
) -> dict[str, pd.Series]:
    """Draw counts of this month and of those before; young accounts have fewer of them."""
    level = rng.lognormal(4.0, 1.0, len(health))
    trend = 0.02 * health + 0.03 * rng.standard_normal(len(health))
    known = np.where(rng.random(len(health)) < 0.08, rng.integers(1, 13, len(health)), months)
    columns = {}
    for month in range(months):
        counts = pd.Series(rng.poisson(level * np.exp(-trend * month))).astype("Int64")
        key = f"{name}_{month}m_ago" if month else name
        columns[key] = counts.mask(month >= known)
    return columns if only is None else {key: columns[key] for key in _chosen(name, only)}


def _chosen(name: str, months: Sequence[int]) -> list[str]:
    return [f"{name}_{month}m_ago" if month else name for month in months]


def _events(accounts: Sequence[str], health: Floats, rng: np.random.Generator) -> pd.DataFrame:
    """Draw events of more months than any window has, so that a window that is wrong shows."""
    tables = []
    bought = np.rint(rng.lognormal(6.5, 0.8, len(accounts)))
    for name, every, share in (
        ("credits_provisioned", 12, np.ones(len(accounts))),
        ("credits_used", 6, _share(health)),
    ):
        for month in range(0, _EVENT_MONTHS, every):
            days = month * 30 + rng.integers(0, 28, len(accounts))
            quantity = np.rint(bought * share * every / 12 * rng.uniform(0.8, 1.2, len(accounts)))
            tables.append(_table(np.asarray(accounts), name, days, quantity))
    for name, rate in (("threshold_review", 1.2), ("expert_coaching", 1.5)):
        counts = rng.poisson(rate * 2.0 * _share(health))
        who = np.repeat(np.asarray(accounts), counts)
        tables.append(_table(who, name, rng.integers(0, 30 * _EVENT_MONTHS, len(who)), None))
    return pd.concat(tables).sort_values(["acct_id", "date", "event"], ignore_index=True)


def _table(
    accounts: _Names, event: str, days: NDArray[np.int64], quantity: Floats | None
) -> pd.DataFrame:
    dates = (TODAY - days.astype("timedelta64[D]")).astype(str)
    counted = np.full(len(accounts), np.nan) if quantity is None else quantity
    return pd.DataFrame(
        {"acct_id": accounts, "event": event, "date": dates, "quantity": pd.Series(counted)}
    )
