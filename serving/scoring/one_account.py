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
    statuses: list[int]


class OneAccount:
    """Scores one account: bit for bit as `ManyAccounts` does, some twenty times as fast.

    Parameters
    ----------
    many : ManyAccounts
        Of the same artifact, which must be one that `can_score` is true of.
    """

    def __init__(self, many: ManyAccounts) -> None:
        self._many = many
        ranking, tables = many.peers, many.peers and many.peers.peers
        if ranking is None or not isinstance(tables, PeerTables):
            raise TypeError("only tables have a way for one account")
        self._ranking = ranking
        self._axes = [ScalarAxis(axis) for axis in tables.axes]
        self._peers = np.ascontiguousarray(tables.effective_peers).data
        self._lookup = ScalarLookup(ranking.lookup)
        self._bounds = list(zip(ranking.lower.tolist(), ranking.upper.tolist(), strict=True))
        self._scale = ScalarScale(many.scorecard.scale)

    @staticmethod
    def can_score(many: ManyAccounts) -> bool:
        """Say whether all there is are tables of peers, and no score is ever withheld."""
        tables = many.peers and many.peers.peers
        only_peers = not many.scorecard.absolute_metrics
        return isinstance(tables, PeerTables) and only_peers and not many.coverage.counts

    def score(self, account: Sequence[float]) -> ScoresOfOne:
        """Score an account, its inputs in the order of `Scorer.inputs`; NaN means "not known"."""
        many, ranking = self._many, self._ranking
        cell = locate_one(self._axes, [account[column] for column in ranking.dimension_columns])
        observed = [account[column] for column in ranking.metric_columns]
        ranks = self._lookup.ranks(cell, observed)
        scores = [self._scale.score(rank) for rank in ranks]
        shown = [scores[metric] for metric in many.shown]
        values = shown + many.roll_up.one(scores)
        # OK is 0 and MISSING is 1; without a rank there is no value, or nothing to compare with.
        statuses = [0 if rank == rank else 1 for rank in ranks]
        return ScoresOfOne(values, ranks, self._flags(cell, observed), statuses)

    def _flags(self, cell: ScalarCell, observed: Sequence[float]) -> int:
        flags = _OUT_OF_RANGE * cell.outside | _MISSING * cell.unknown
        if cell.mix(self._peers) < FEW_PEERS:
            flags |= _FEW
        for value, (lower, upper) in zip(observed, self._bounds, strict=True):
            if value < lower or value > upper:
                return flags | _CLAMPED
        return flags


class ScalarScale:
    """A `Scale` for one rank at a time, or for points up to `of`."""

    def __init__(self, scale: Scale, *, of: float = 1.0) -> None:
        self._maximum = scale.maximum / of
        self._step = scale.step

    def score(self, rank: float) -> float:
        """Put a peer rank, or points, on the scale: bit for bit what `Scale.score` gives for it.

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
