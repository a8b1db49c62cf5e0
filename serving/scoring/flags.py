"""What to know about an account's scores."""

from __future__ import annotations

from enum import IntFlag

#: Fewer effective peers than this, and the account is flagged.
FEW_PEERS = 100.0


class Flag(IntFlag):
    """What to know about an account's scores; a sum of these."""

    OUT_OF_RANGE = 1  #: a peer dimension is outside the training range; its edge was used
    PEER_DIMENSION_MISSING = 2  #: not given or an unknown category; the average over it was used
    FEW_PEERS = 4  #: fewer than `FEW_PEERS` effective peers
    VALUE_CLAMPED = 8  #: a metric is beyond its bound and was counted as at the bound
