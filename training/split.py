"""Which accounts fit, which select, which evaluate: by a salted hash of the account's id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

#: Change it, and every account is dealt again.
SALT = "scorecard/split/1"


class Split(IntEnum):
    """What an account is used for."""

    FIT = 0
    SELECT = 1
    EVALUATE = 2


#: Shares of the three; stored in the manifest.
SHARES = (0.6, 0.2, 0.2)


def split_accounts(
    account_ids: Iterable[str], *, salt: str = SALT, shares: Sequence[float] = SHARES
) -> NDArray[np.int8]:
    """Deal accounts to the splits, by default as training does; a manifest holds salt and shares.

    An account keeps its split when others come or go, so an evaluation stays honest when a
    scorecard is retrained on more accounts.

    Returns
    -------
    ndarray of int8, shape (n_accounts,)
        Values of `Split`.
    """
    edges = np.cumsum(shares)[:-1]
    return np.searchsorted(edges, split_numbers(account_ids, salt=salt), side="right").astype(
        np.int8
    )


def split_numbers(account_ids: Iterable[str], *, salt: str = SALT) -> NDArray[np.float64]:
    """Give the numbers in [0, 1) by which accounts are dealt, shape (n_accounts,)."""
    start = hashlib.sha256(salt.encode())
    return np.fromiter((_number(start, text) for text in account_ids), dtype=np.float64)


def _number(start: hashlib._Hash, account_id: str) -> float:
    """Give a number in [0, 1) that depends on the salt and the id alone."""
    digest = start.copy()
    digest.update(account_id.encode())
    return int.from_bytes(digest.digest()[:6], "big") / 2.0**48
