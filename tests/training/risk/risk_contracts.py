"""Contracts with a known chance of churn, as the parts of a fit take them."""

from pathlib import Path

import numpy as np
import pandas as pd

from training.reading.refusals import Refusals
from training.risk import Outcomes
from training.risk.sample import RiskSample, risk_sample
from training.synthetic.renewals import FEATURES, TRUTH, renewals

NOBODY = pd.DataFrame({"acct_id": pd.Series([], dtype="str")})


def make_ids(accounts: int) -> list[str]:
    return [f"{number:011x}" for number in range(accounts)]


def make_outcomes(contracts: pd.DataFrame) -> Outcomes:
    """What reading such contracts gives."""
    kept = contracts.drop(columns=[TRUTH, "as_of"], errors="ignore").astype({"renewed": "float64"})
    ended = kept.assign(end_date=pd.to_datetime(kept["end_date"]))
    return Outcomes(
        ended.sort_values(["acct_id", "end_date"]).reset_index(drop=True), Refusals(), ()
    )


def make_contracts(accounts: int = 3000, *, seed: int = 1) -> pd.DataFrame:
    return renewals(make_ids(accounts), seed)


def shuffled(contracts: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """The same contracts with one another's outcomes: nothing is to be learned."""
    renewed = np.random.default_rng(seed).permutation(contracts["renewed"].to_numpy())
    return contracts.assign(renewed=renewed)


def make_sample(contracts: pd.DataFrame) -> RiskSample:
    return risk_sample(make_outcomes(contracts), NOBODY, FEATURES)


def write_contracts(folder: Path, text: str, name: str = "renewals.csv") -> Path:
    (folder / name).write_text(text)
    return folder
