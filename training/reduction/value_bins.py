"""Passes that count accounts by the leading bits of their values, or by the values themselves.

A double's bits, read as a whole number (its key), are in the order of the doubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.peer_models.counting import Sums
from training.reduction.store import Rows

_ALL_BITS = 64
_SIGN = np.uint64(2**63)
Keys = NDArray[np.uint64]


def keys_of(values: NDArray[np.float64]) -> Keys:
    """Give whole numbers in the order of the values; no NaN, no -0.0."""
    bits = values.view(np.uint64)
    return np.where(bits >= _SIGN, ~bits, bits | _SIGN)


def values_of(keys: Keys) -> NDArray[np.float64]:
    """Undo `keys_of`."""
    return np.where(keys >= _SIGN, keys ^ _SIGN, ~keys).view(np.float64)


class Bins(NamedTuple):
    """Bins of one column that hold accounts, in order; all of shape (n_bins,).

    Attributes
    ----------
    start : ndarray of uint64
        Lowest possible key.
    accounts : ndarray of int64
        Accounts in the bin.
    upto : ndarray of int64
        Accounts in the bin or at a lower value, in a bin listed or not.
    lowest, highest : ndarray of uint64
        Outermost keys that occur.
    """

    start: Keys
    accounts: NDArray[np.int64]
    upto: NDArray[np.int64]
    lowest: Keys
    highest: Keys

    def some(self, which: NDArray[np.bool_]) -> Bins:
        """Give some of the bins, by a mask."""
        return Bins._make(part[which] for part in self)

    @property
    def is_single(self) -> NDArray[np.bool_]:
        """Whether all accounts of a bin have one value."""
        return np.equal(self.lowest, self.highest)


@dataclass(frozen=True)
class CountBins:
    """A pass that counts accounts by bin.

    Attributes
    ----------
    bins : mapping of str to ndarray of uint64 or None
        Column → starts of the bins to cut finer, ascending; None cuts everything.
    bits : int
        How many leading bits the bins had before; each is cut into `2**cut`.
    cut : int
    """

    bins: Mapping[str, Keys | None]
    bits: int
    cut: int

    @property
    def columns(self) -> Sequence[str]:
        """The columns that are not known yet."""
        return tuple(self.bins)

    def of(self, rows: Rows) -> Sums:
        """Count some accounts."""
        return {
            f"{kind} {name}": part
            for name, starts in self.bins.items()
            for kind, part in self._count(rows.columns[name], starts).items()
        }

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Add counts, keep the outermost keys."""
        rules = {"accounts": np.add, "lowest": np.minimum, "highest": np.maximum}
        return {name: rules[name.partition(" ")[0]](some[name], others[name]) for name in some}

    def found(self, sums: Sums, name: str, below: NDArray[np.int64]) -> Bins:
        """Give a column's bins that hold accounts; `below` counts those below each former bin."""
        accounts = sums[f"accounts {name}"].reshape(-1, 2**self.cut)
        upto = (accounts.cumsum(axis=1) + below[:, None]).reshape(-1)
        lowest, highest = sums[f"lowest {name}"], sums[f"highest {name}"]
        starts = self.bins[name]
        before = np.zeros(1, np.uint64) if starts is None else starts
        width = np.uint64(_ALL_BITS - self.bits - self.cut)
        step = np.arange(2**self.cut, dtype=np.uint64) << width
        start = (before[:, None] + step).reshape(-1)
        flat = accounts.reshape(-1)
        return Bins(start, flat, upto, lowest, highest).some(flat > 0)

    def _count(self, values: NDArray[np.float64], starts: Keys | None) -> Sums:
        keys = keys_of(values[~np.isnan(values)])
        shift = np.uint64(_ALL_BITS - self.bits - self.cut)
        code = (keys >> shift).astype(np.int64) & (2**self.cut - 1)
        former = 1
        if starts is not None:
            former = len(starts)
            bin_of = np.searchsorted(starts, keys, side="right") - 1
            width = np.uint64(_ALL_BITS - self.bits)
            inside = (bin_of >= 0) & ((keys >> width) == (starts[bin_of.clip(0)] >> width))
            keys, code = keys[inside], code[inside] + (bin_of[inside] << self.cut)
        size = former << self.cut
        lowest = np.full(size, np.iinfo(np.uint64).max, dtype=np.uint64)
        highest = np.zeros(size, dtype=np.uint64)
        np.minimum.at(lowest, code, keys)
        np.maximum.at(highest, code, keys)
        accounts = np.bincount(code, minlength=size)
        return {"accounts": accounts, "lowest": lowest, "highest": highest}


@dataclass(frozen=True)
class CountValues:
    """A pass that counts distinct values between given keys.

    Attributes
    ----------
    spans : mapping of str to tuple of ndarray of uint64
        Column → lowest and highest key of each span, ascending and apart.
    """

    spans: Mapping[str, tuple[Keys, Keys]]

    @property
    def columns(self) -> Sequence[str]:
        """The columns with spans."""
        return tuple(self.spans)

    def of(self, rows: Rows) -> Sums:
        """Count some accounts."""
        sums: dict[str, NDArray[np.generic]] = {}
        for name, (low, high) in self.spans.items():
            values = rows.columns[name]
            keys = keys_of(values[~np.isnan(values)])
            span = np.searchsorted(low, keys, side="right") - 1
            keys = keys[(span >= 0) & (keys <= high[span.clip(0)])]
            found, accounts = np.unique(keys, return_counts=True)
            sums |= {f"keys {name}": found, f"accounts {name}": accounts.astype(np.int64)}
        return sums

    def merge(self, some: Sums, others: Sums) -> Sums:
        """Add the counts of equal values."""
        merged: dict[str, NDArray[np.generic]] = {}
        for name in self.spans:
            keys = np.concatenate([some[f"keys {name}"], others[f"keys {name}"]])
            accounts = np.concatenate([some[f"accounts {name}"], others[f"accounts {name}"]])
            found, place = np.unique(keys, return_inverse=True)
            total = np.zeros(len(found), dtype=np.int64)
            np.add.at(total, place, accounts)
            merged |= {f"keys {name}": found, f"accounts {name}": total}
        return merged
