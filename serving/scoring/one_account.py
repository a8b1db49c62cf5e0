"""The scores of one account, without arrays: what most requests ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from serving.scoring.flags import FEW_PEERS, Flag
from serving.scoring.many_accounts import ManyAccounts
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scalar_lookup import ScalarAxis, ScalarCell, ScalarLookup, locate_one
from serving.scoring.scorecard import Scale

# As plain numbers: or-ing flags is slower than all look-ups of a metric.
_OUT_OF_RANGE, _MISSING, _FEW, _CLAMPED = (flag.value for flag in Flag)


class ScoresOfOne(NamedTuple):
    """A row of `Scores`."""

    values: list[float]
    ranks: list[float]
    flags: int


class OneAccount:
    """Scores one account: bit for bit as `ManyAccounts` does, some twenty times as fast.

    Parameters
    ----------
    many : ManyAccounts
        Of the same artifact.
    tables : PeerTables
        Of the same artifact. Peers that are no tables have no such way.
    """

    def __init__(self, many: ManyAccounts, tables: PeerTables) -> None:
        self._many = many
        self._axes = [ScalarAxis(axis) for axis in tables.axes]
        self._peers = np.ascontiguousarray(tables.effective_peers).data
        self._lookup = ScalarLookup(many.lookup)
        self._bounds = list(zip(many.lower.tolist(), many.upper.tolist(), strict=True))
        self._scale = ScalarScale(many.scorecard.scale)

    def score(self, account: Sequence[float]) -> ScoresOfOne:
        """Score an account, its inputs in the order of `Scorer.inputs`; NaN means "not known"."""
        many = self._many
        cell = locate_one(self._axes, [account[column] for column in many.dimension_columns])
        observed = [account[column] for column in many.metric_columns]
        ranks = self._lookup.ranks(cell, observed)
        scores = [self._scale.score(rank) for rank in ranks]
        shown = [scores[metric] for metric in many.shown]
        return ScoresOfOne(shown + many.roll_up.one(scores), ranks, self._flags(cell, observed))

    def _flags(self, cell: ScalarCell, observed: Sequence[float]) -> int:
        flags = _OUT_OF_RANGE * cell.outside | _MISSING * cell.unknown
        if cell.mix(self._peers) < FEW_PEERS:
            flags |= _FEW
        for value, (lower, upper) in zip(observed, self._bounds, strict=True):
            if value < lower or value > upper:
                return flags | _CLAMPED
        return flags


class ScalarScale:
    """A `Scale` for one rank at a time."""

    def __init__(self, scale: Scale) -> None:
        self._maximum = scale.maximum
        self._step = scale.step

    def score(self, rank: float) -> float:
        """Put a peer rank on the scale: bit for bit what `Scale.score` gives for it.

        Examples
        --------
        >>> ScalarScale(Scale("out_of_10", 1)).score(0.71)
        7.0
        """
        score = rank * self._maximum
        if self._step is None or score != score:  # not rounded, or NaN
            return score
        # What numpy's `round` does; Python's own looks at decimals, which a float is not made of.
        return round(round(score / self._step) * self._step * 1e10) / 1e10
