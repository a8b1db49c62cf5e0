"""The accounts of a training run, in memory or elsewhere: what there is to know, fit, evaluate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data_digest import data_sha256
from training.definition import Definition
from training.errors import DataError
from training.prepare import TrainingData, prepare
from training.reading.refusals import Refusals
from training.reduction.prepare import prepare_counted
from training.reduction.store import AccountStore, split_of
from training.split import SHARES, Split, split_numbers
from training.tables import Accounts

#: Accounts that are evaluated, of those kept out: with more, no figure gets surer in what is read.
MOST_EVALUATED = 200_000


class Place(Protocol):
    """Where accounts are."""

    @property
    def split_counts(self) -> NDArray[np.int64]:
        """How many accounts each `Split` has, shape (3,)."""

    def data_sha256(self) -> str:
        """Give the SHA-256 of the cleaned table."""

    def prepare(
        self, definition: Definition, *, seed: int, scoring_date: dt.date | None
    ) -> TrainingData:
        """Lay the grid; see `training.prepare.prepare`."""

    def at_least(self, number: float) -> pd.DataFrame:
        """Give the accounts that are dealt by this number or a higher one, in memory."""


@dataclass(frozen=True)
class TrainingAccounts:
    """Accounts to train on, and what was met while reading them.

    Attributes
    ----------
    place : Place
    refusals, notes, newest
        As of `Accounts`.
    """

    place: Place
    refusals: Refusals
    notes: tuple[str, ...]
    newest: pd.Timestamp | None

    def __len__(self) -> int:
        """Count them."""
        return int(self.place.split_counts.sum())

    def table(self) -> pd.DataFrame:
        """Give all of them at once; raises DataError where they are not in memory."""
        if not isinstance(self.place, InMemory):
            raise DataError(
                "what this card needs beside peers is derived from all accounts in memory"
            )
        return self.place.frame

    @property
    def kept_out(self) -> int:
        """How many no fit sees; raises DataError if there is none."""
        count = int(self.place.split_counts[Split.EVALUATE])
        if not count:
            raise DataError(f"{len(self)} accounts are too few: none is left to evaluate")
        return count

    def to_evaluate(self) -> pd.DataFrame:
        """Give those to evaluate on: all that are kept out, or about `MOST_EVALUATED` of them.

        Which ones depends on their ids alone.
        """
        first = float(np.cumsum(SHARES)[:-1][-1])
        left_out = max(0.0, 1.0 - MOST_EVALUATED / self.kept_out)
        return self.place.at_least(first + (1.0 - first) * left_out)


@dataclass(frozen=True)
class InMemory:
    """Accounts in a table: `acct_id` and the inputs."""

    frame: pd.DataFrame

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The numbers by which the accounts are dealt, shape (n_accounts,)."""
        return split_numbers(self.frame["acct_id"])

    @property
    def split_counts(self) -> NDArray[np.int64]:
        """How many accounts each `Split` has, shape (3,)."""
        return np.bincount(split_of(self.numbers), minlength=len(Split))

    def data_sha256(self) -> str:
        """Give the SHA-256 of the table."""
        return data_sha256(self.frame)

    def prepare(
        self, definition: Definition, *, seed: int, scoring_date: dt.date | None
    ) -> TrainingData:
        """Lay the grid."""
        return prepare(definition, self.frame, seed=seed, scoring_date=scoring_date)

    def at_least(self, number: float) -> pd.DataFrame:
        """Give the accounts that are dealt by this number or a higher one."""
        return self.frame[self.numbers >= number]


@dataclass(frozen=True)
class InStore:
    """Accounts that stay where they are.

    Attributes
    ----------
    store : AccountStore
    sha256 : callable
        Gives the SHA-256 of the cleaned table.
    """

    store: AccountStore
    sha256: Callable[[], str]

    @property
    def split_counts(self) -> NDArray[np.int64]:
        """How many accounts each `Split` has, shape (3,)."""
        return self.store.split_counts

    def data_sha256(self) -> str:
        """Give the SHA-256 of the table."""
        return self.sha256()

    def prepare(
        self, definition: Definition, *, seed: int, scoring_date: dt.date | None
    ) -> TrainingData:
        """Lay the grid by passes."""
        return prepare_counted(definition, self.store, seed=seed, scoring_date=scoring_date)

    def at_least(self, number: float) -> pd.DataFrame:
        """Fetch the accounts that are dealt by this number or a higher one."""
        return self.store.at_least(number)


def in_memory(accounts: Accounts) -> TrainingAccounts:
    """Train on accounts that were read into memory."""
    return TrainingAccounts(
        InMemory(accounts.frame), accounts.refusals, accounts.notes, accounts.newest
    )
