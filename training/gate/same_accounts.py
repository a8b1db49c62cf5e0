"""The accounts that candidate and champion are compared on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring import ArtifactCorrupt, Scorer
from training.batch import dealt
from training.data_digest import data_sha256
from training.split import Split
from training.tables import Accounts, read_accounts


@dataclass(frozen=True, eq=False)
class SameAccounts:
    """Accounts that both artifacts can read, sorted by id.

    Attributes
    ----------
    accounts : Accounts
        As read, in their own order.
    frame : DataFrame
        The same, sorted by id: nothing here depends on the order of rows in a file.
    otherwise : mapping of str to DataFrame
        By version, for an artifact that derives columns from events otherwise than the candidate:
        the same accounts as its definition has them.
    held_out : ndarray of bool, shape (n_accounts,)
        Whom the candidate's fit has not seen.
    held_out_of_both : ndarray of bool, shape (n_accounts,)
        Whom neither fit has seen; the same where both dealt the accounts in one way.
    """

    accounts: Accounts
    frame: pd.DataFrame
    otherwise: Mapping[str, pd.DataFrame]
    held_out: NDArray[np.bool_]
    held_out_of_both: NDArray[np.bool_]
    scoring_date: dt.date | None

    def encode(self, scorer: Scorer, rows: slice | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give some of the accounts as `scorer` takes them, shape (n_rows, n_inputs)."""
        frame = self.otherwise.get(scorer.artifact.version, self.frame)
        return scorer.encode(frame[rows], scoring_date=self.scoring_date)

    def describe(self) -> dict[str, Any]:
        """Say which accounts these are, for the pointer."""
        return {
            "sha256": data_sha256(self.accounts.frame),
            "accounts": len(self.frame),
            "held_out": int(self.held_out.sum()),
        }


def read_same_accounts(
    folder: Path,
    scorers: Sequence[Scorer],
    *,
    max_refused_share: float = 0.01,
    scoring_date: dt.date | None = None,
) -> SameAccounts:
    """Read the accounts that all scorers need; the first is the candidate.

    Raises
    ------
    InvalidInput
        If the files cannot be read.
    ArtifactCorrupt
        If an artifact does not say how its accounts were split.
    TooManyRefused
        If more rows than allowed cannot be used.
    """
    columns = {entry.name: entry for scorer in scorers for entry in scorer.inputs}
    by_name = {column: told for scorer in reversed(scorers) for column, told in _events(scorer)}

    def read(events: Mapping[str, Mapping[str, Any]]) -> Accounts:
        return read_accounts(
            folder,
            list(columns.values()),
            peer_dimensions={d.name for each in scorers for d in each.scorecard.peer_dimensions},
            events=events,
            scoring_date=scoring_date,
            max_refused_share=max_refused_share,
        )

    accounts = read(by_name)
    others = {
        scorer.artifact.version: _by_id(read({**by_name, **own}))
        for scorer in scorers[1:]
        if (own := dict(_events(scorer))) != {name: by_name[name] for name in own}
    }
    if scoring_date is None and accounts.newest is not None:
        scoring_date = accounts.newest.date()
    frame = _by_id(accounts)
    kept_out = [dealt(scorer, frame["acct_id"]) == Split.EVALUATE for scorer in scorers]
    return SameAccounts(
        accounts, frame, others, kept_out[0], np.all(kept_out, axis=0), scoring_date
    )


def _by_id(accounts: Accounts) -> pd.DataFrame:
    return accounts.frame.sort_values("acct_id", ignore_index=True)


def _events(scorer: Scorer) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Give what a definition derives from events: columns and how."""
    told: Mapping[str, Mapping[str, Any]] = scorer.scorecard.tree.get("events", {})
    return told.items()


def why_not_comparable(candidate: Scorer, champion: Scorer) -> str | None:
    """Say why no accounts can be compared; None if they can."""
    types = {entry.name: entry.type for entry in candidate.inputs}
    for entry in champion.inputs:
        if types.get(entry.name, entry.type) != entry.type:
            return f"{entry.name} was a {entry.type} and is a {types[entry.name]}"
    try:
        dealt(champion, [])
    except ArtifactCorrupt:
        return "the champion does not say which accounts its fit has seen"
    return None
