"""Where accounts are that are not in memory, and what is asked of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.encoding import encode_column
from training.peer_models.counting import Sums
from training.split import SHARES, Split

#: The stored column of each account's number in [0, 1), which deals it to a split. No input can
#: be called so.
DEAL = "(deal)"


class Rows(NamedTuple):
    """Some accounts, encoded.

    Attributes
    ----------
    split : ndarray of int8, shape (n_rows,)
        `Split` of each.
    columns : mapping of str to ndarray of shape (n_rows,)
        Encoded as the scorer encodes them; NaN = not known.
    """

    split: NDArray[np.int8]
    columns: Mapping[str, NDArray[np.float64]]


class Reduction(Protocol):
    """Sums over accounts that fit or select; pickled, it goes to where the accounts are."""

    @property
    def columns(self) -> Sequence[str]:
        """The inputs it looks at."""

    def of(self, rows: Rows) -> Sums:
        """Look at some accounts, none of them kept out to evaluate."""

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Put the sums of different accounts together; in any order the same to the bit."""


@dataclass(frozen=True)
class Encoding:
    """How stored columns become numbers.

    Attributes
    ----------
    inputs : mapping of str to Input
        Categories with their values listed.
    scoring_date : date or None
        Dates become days before it.
    """

    inputs: Mapping[str, Input]
    scoring_date: dt.date | None

    def rows(self, batch: pa.RecordBatch, columns: Sequence[str]) -> Rows:
        """Encode the accounts of a batch that fit or select.

        Parameters
        ----------
        batch : RecordBatch
            `DEAL` and the columns: doubles, texts or timestamps, null = not known.
        """
        split = split_of(batch.column(DEAL).to_numpy())
        used = pa.array(split < Split.EVALUATE)
        batch = batch.filter(used)
        encoded = {name: self._encoded(name, batch.column(name)) for name in columns}
        return Rows(split[split < Split.EVALUATE], encoded)

    def _encoded(self, name: str, column: pa.Array) -> NDArray[np.float64]:
        entry = self.inputs[name]
        if entry.type in ("number", "boolean"):
            # -0.0 becomes 0.0: one zero, so that equal values are equal bits.
            return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64) + 0.0
        return encode_column(entry, column.to_pandas(), self.scoring_date)


def split_of(deal: NDArray[np.float64]) -> NDArray[np.int8]:
    """Give the `Split` of accounts by their numbers in [0, 1); same shape."""
    edges = np.cumsum(SHARES)[:-1]
    return np.searchsorted(edges, deal, side="right").astype(np.int8)


class AccountStore(Protocol):
    """Accounts that are not in memory."""

    @property
    def split_counts(self) -> NDArray[np.int64]:
        """How many accounts each `Split` has, shape (3,)."""

    def reduce(self, reduction: Reduction, encoding: Encoding) -> Sums:
        """Run a pass over all accounts but those to evaluate; several threads may ask."""

    def categories(self, column: str, most: int) -> list[str]:
        """List the distinct texts of a column among accounts that fit or select.

        Sorted; where there are more than `most`, some `most` + 1 of them.
        """

    def at_least(self, deal: float) -> pd.DataFrame:
        """Fetch the accounts whose number is at least this: `acct_id` and the inputs."""
