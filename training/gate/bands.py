"""Which bands accounts come into, and what the definition says otherwise, told in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Scorer
from training.band_moves import BandMoves, band_moves
from training.definition_changes import definition_changes
from training.gate.limits import Limits
from training.gate.report import Verdict, listed
from training.gate.same_accounts import SameAccounts

DEFINITION = "definition"
BANDS = "stable bands"
_LIMITS = ("band_changing_share",)
#: Accounts scored at a time.
_BLOCK = 2**16


def tell_definition(candidate: Scorer, champion: Scorer) -> list[Verdict]:
    """Say what the candidate defines otherwise; nothing of cards that only compare with peers.

    A changed definition is no reason to refuse: what it does to scores is judged by how they move.
    """
    if not any(_has_bands_or_signals(scorer) for scorer in (candidate, champion)):
        return []
    changes = definition_changes(candidate.scorecard, champion.scorecard)
    text = f"changed: {listed(changes)}" if changes else "that of the champion"
    return [Verdict(DEFINITION, True, text)]


def judge_bands(
    candidate: Scorer, champion: Scorer, same: SameAccounts, limits: Limits
) -> list[Verdict]:
    """Judge how many accounts come into another band; nothing where neither card has bands."""
    if not candidate.scorecard.bands and not champion.scorecard.bands:
        return []
    if not candidate.scorecard.bands or not champion.scorecard.bands:
        which = "candidate" if candidate.scorecard.bands else "champion"
        return [Verdict(BANDS, True, f"only the {which} has bands", judged=False)]
    moves = _all_moves(candidate, champion, same)
    share, total = moves.changed_share, int(moves.counts.sum())
    text = (
        f"{share:.1%} of {total:,} accounts change band (at most "
        f"{limits.band_changing_share:.1%}); {moves.largest_flows()}"
    )
    passed = share <= limits.band_changing_share
    return [Verdict(BANDS, passed, text, limits=() if passed else _LIMITS)]


def _all_moves(candidate: Scorer, champion: Scorer, same: SameAccounts) -> BandMoves:
    before, after = (_globals(scorer, same) for scorer in (champion, candidate))
    return band_moves(before, after, champion.scorecard.bands, candidate.scorecard.bands)


def _globals(scorer: Scorer, same: SameAccounts) -> NDArray[np.float64]:
    blocks = (slice(start, start + _BLOCK) for start in range(0, len(same.frame), _BLOCK))
    return np.concatenate(
        [scorer.score(same.encode(scorer, rows)).values[:, -1] for rows in blocks]
    )


def _has_bands_or_signals(scorer: Scorer) -> bool:
    return bool(scorer.scorecard.absolute_metrics or scorer.scorecard.bands)
