"""Contracts as a classifier takes them: what was known, what became of them, and who may see it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.errors import DataError
from training.reading.account_files import RENEWED
from training.reading.csv_reader import ACCOUNT
from training.risk.outcomes import Outcomes
from training.split import Split, split_accounts


@dataclass(frozen=True, eq=False)
class RiskSample:
    """Contracts that ended.

    Attributes
    ----------
    inputs : tuple of str
        The columns' names.
    columns : ndarray of shape (n_contracts, n_inputs)
        NaN: not known. No row has nothing but NaN: such an account has no score.
    churned : ndarray of shape (n_contracts,)
        1 where it was not renewed, else 0.
    accounts : ndarray of str, shape (n_contracts,)
        Ascending; an account's contracts are all in one split.
    rows : ndarray of int64, shape (n_contracts,)
        Which rows of the outcomes these are, ascending.
    notes : tuple of str
        What was left out.
    """

    inputs: tuple[str, ...]
    columns: NDArray[np.float64]
    churned: NDArray[np.float64]
    accounts: NDArray[np.str_]
    rows: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the contracts."""
        return len(self.churned)

    @property
    def sha256(self) -> str:
        """Hash of all that a fit learns from."""
        digest = hashlib.sha256(json.dumps([self.inputs, self.accounts.tolist()]).encode())
        # There are many NaNs; this is the one. And one zero.
        columns = np.where(np.isnan(self.columns), np.nan, self.columns + 0.0)
        digest.update(columns.astype("<f8").tobytes())
        digest.update(self.churned.astype("<f8").tobytes())
        return digest.hexdigest()

    def only(self, rows: NDArray[np.bool_]) -> RiskSample:
        """Give some of the contracts."""
        return replace(
            self,
            columns=self.columns[rows],
            churned=self.churned[rows],
            accounts=self.accounts[rows],
            rows=self.rows[rows],
        )

    def dealt(self, split: Split) -> RiskSample:
        """Give the contracts of the accounts that are dealt to a split."""
        return self.only(split_accounts(self.accounts.tolist()) == split)

    @property
    def share(self) -> float:
        """The share that was not renewed."""
        return float(self.churned.mean())

    @property
    def rarer(self) -> int:
        """How many contracts have the rarer of the two outcomes."""
        churned = int(self.churned.sum())
        return min(churned, len(self) - churned)


def risk_sample(outcomes: Outcomes, frame: pd.DataFrame, inputs: Sequence[str]) -> RiskSample:
    """Put what was known beside what became of it.

    Parameters
    ----------
    frame : DataFrame
        ``acct_id`` and facts of accounts; only for inputs that the outcomes do not hold
        themselves. Of an account with several contracts only the newest is taken then: one set of
        facts cannot be of several times.
    inputs : sequence of str
        The classifier's columns, in its order.

    Raises
    ------
    DataError
        If an input is in neither.
    """
    ended = outcomes.frame
    elsewhere = [name for name in inputs if name not in ended]
    if absent := sorted(set(elsewhere) - set(frame.columns)):
        raise DataError(f"no file has {', '.join(absent)}, which a risk model is fitted to")
    notes = list(outcomes.notes)
    if elsewhere:
        ended = _joined(ended, frame, elsewhere, notes)
    columns = ended[list(inputs)].to_numpy(np.float64)
    known = ~np.isnan(columns).all(axis=1)
    if blank := int(np.count_nonzero(~known)):
        notes.append(f"{blank:,} contracts with none of {', '.join(inputs)} known")
    return RiskSample(
        inputs=tuple(inputs),
        columns=columns[known],
        churned=1.0 - ended[RENEWED].to_numpy(np.float64)[known],
        accounts=ended[ACCOUNT].to_numpy(np.str_)[known],
        rows=ended.index.to_numpy(np.int64)[known],
        notes=tuple(notes),
    )


def _joined(
    ended: pd.DataFrame, frame: pd.DataFrame, names: Sequence[str], notes: list[str]
) -> pd.DataFrame:
    # The outcomes are in the order of accounts and dates.
    newest = ended.drop_duplicates(ACCOUNT, keep="last")
    if older := len(ended) - len(newest):
        notes.append(
            f"{older:,} older contracts of accounts with several: {', '.join(names)} are known "
            "only once per account"
        )
    joined = newest.join(frame.set_index(ACCOUNT)[list(names)], on=ACCOUNT, how="inner")
    if strangers := len(newest) - len(joined):
        notes.append(f"{strangers:,} contracts of accounts that no other file knows")
    return joined.sort_index()
