"""Counting distinct values without holding them: exact counts of the values that matter.

Values are counted by their leading bits first; bins that hold a wanted rank, an end or an atom are
cut finer in the next pass, until they hold one value each, or so few accounts that their values are
counted as they are. This is selection by radix, for several hundred ranks of several columns at
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.peer_models.counting import Sums
from training.pooled import CURVE_POINTS, TAIL_VALUES, ValueCounts, curve_levels, fewest_of_an_atom
from training.reduction.store import AccountStore, Encoding
from training.reduction.value_bins import Bins, CountBins, CountValues, values_of

#: The key of 0.
_ZERO = np.uint64(2**63)
_FIRST_BITS = 16
_NEXT_BITS = 8
#: Bins of several values with fewer accounts than this in all are counted value by value.
_FEW = 2**17
#: With at most so many bins all of them matter: a curve keeps every value of so few.
_ALL_BINS = 2 * CURVE_POINTS


def count_values(
    store: AccountStore, encoding: Encoding, columns: Sequence[str]
) -> dict[str, ValueCounts | None]:
    """Count the values of columns among the accounts that fit or select.

    Returns
    -------
    dict
        Column → its values that can matter, counted exactly; None where no account has one. What
        `training.pooled.count_values` gives of all values draws the same curve, bounds and knots.
    """
    first = CountBins(dict.fromkeys(columns), 0, _FIRST_BITS)
    sums = store.reduce(first, encoding)
    found = {
        name: _Column.start(first.found(sums, name, np.zeros(1, np.int64))) for name in columns
    }
    states = {name: state for name, state in found.items() if state is not None}
    bits = _FIRST_BITS
    while wide := {name: state for name, state in states.items() if state.unknown > _FEW}:
        cut = CountBins({name: each.open.start for name, each in wide.items()}, bits, _NEXT_BITS)
        sums = store.reduce(cut, encoding)
        for name, state in wide.items():
            below = state.open.upto - state.open.accounts
            states[name] = state.narrowed(cut.found(sums, name, below))
        bits += _NEXT_BITS
    left = {name: state.open for name, state in states.items() if state.unknown}
    last = CountValues({name: (bins.lowest, bins.highest) for name, bins in left.items()})
    sums = store.reduce(last, encoding) if left else {}
    return {name: states[name].counts(sums, name) if name in states else None for name in columns}


@dataclass(frozen=True)
class _Column:
    """The bins of one column that matter, and how many accounts have a value."""

    bins: Bins
    total: int

    @classmethod
    def start(cls, found: Bins) -> _Column | None:
        """Begin with the first pass; None if no account has a value."""
        if not len(found.start):
            return None
        total = int(found.upto[-1])
        return cls(found.some(_matters(found, total)), total)

    @property
    def open(self) -> Bins:
        """Bins of several values."""
        return self.bins.some(~self.bins.is_single)

    @property
    def unknown(self) -> int:
        """Accounts in them."""
        return int(self.open.accounts.sum())

    def narrowed(self, found: Bins) -> _Column:
        """Take a pass's finer bins for those of several values; keep what matters."""
        both = _in_order(self.bins.some(self.bins.is_single), found)
        return _Column(both.some(_matters(both, self.total)), self.total)

    def counts(self, sums: Sums, name: str) -> ValueCounts:
        """Put together what is known, with the values counted in the last pass."""
        bins = self.bins
        if self.unknown:
            bins = _in_order(bins.some(bins.is_single), _by_value(self.open, sums, name))
        return ValueCounts(values_of(bins.lowest), bins.accounts, bins.upto)


def _by_value(bins: Bins, sums: Sums, name: str) -> Bins:
    """Replace bins by one for each of their values."""
    keys, accounts = sums[f"keys {name}"], sums[f"accounts {name}"]
    bin_of = np.searchsorted(bins.lowest, keys, side="right") - 1
    # Accounts up to each value, counted on from what is below the bin it is in.
    running = accounts.cumsum()
    before = np.append(0, running)[np.searchsorted(bin_of, np.arange(len(bins.start)))]
    upto = running - before[bin_of] + (bins.upto - bins.accounts)[bin_of]
    return Bins(keys, accounts, upto, keys, keys)


def _in_order(some: Bins, others: Bins) -> Bins:
    both = Bins._make(np.concatenate(pair) for pair in zip(some, others, strict=True))
    order = np.argsort(both.lowest, kind="stable")
    return Bins._make(part[order] for part in both)


def _matters(bins: Bins, total: int) -> NDArray[np.bool_]:
    """Tell which bins hold what a curve is drawn through, or an atom."""
    if len(bins.start) <= _ALL_BINS and int(bins.accounts.sum()) == total:
        return np.ones(len(bins.start), dtype=np.bool_)
    matters = bins.accounts >= fewest_of_an_atom(total)
    # How many accounts have exactly 0 is told of every metric.
    matters |= (bins.lowest <= _ZERO) & (bins.highest >= _ZERO)
    matters[:TAIL_VALUES] = matters[-TAIL_VALUES:] = True
    last = len(bins.start) - 1
    matters[np.searchsorted(bins.upto / total, curve_levels()).clip(0, last)] = True
    return matters
