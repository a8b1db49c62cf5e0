"""What commands do with an artifact beside scoring: read its accounts, split them, pack it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.scoring import ArtifactCorrupt, Scorer, load_scorer
from serving.scoring.artifact import pack_artifact
from training.bulk.whole_file import whole_file
from training.errors import DataError
from training.split import Split, split_accounts
from training.tables import Accounts, read_accounts


def read_for(
    artifact: Path, folder: Path, max_refused_share: float, scoring_date: dt.datetime | None
) -> tuple[Scorer, Accounts, dt.date | None]:
    """Load an artifact and the accounts it needs; the scoring date is that given, or the newest."""
    scorer = load_scorer(artifact)
    return scorer, *read_inputs(scorer, folder, max_refused_share, scoring_date)


def read_inputs(
    scorer: Scorer, folder: Path, max_refused_share: float, scoring_date: dt.datetime | None
) -> tuple[Accounts, dt.date | None]:
    """Read the accounts that a scorer needs, and the scoring date as `read_for`."""
    accounts = read_accounts(
        folder,
        scorer.inputs,
        peer_dimensions=[column.name for column in scorer.scorecard.peer_dimensions],
        events=scorer.scorecard.tree.get("events", {}),
        scoring_date=None if scoring_date is None else scoring_date.date(),
        max_refused_share=max_refused_share,
    )
    moment = scoring_date or accounts.newest
    return accounts, moment.date() if moment is not None else None


def split_of(scorer: Scorer, accounts: Accounts) -> NDArray[np.int8]:
    """Deal accounts to the splits as an artifact's were: `Split`, shape (n_accounts,).

    Raises
    ------
    ArtifactCorrupt
        If the artifact does not say how its accounts were split.
    DataError
        If its fit may have seen all of them.
    """
    split = dealt(scorer, accounts.frame["acct_id"])
    if not (split == Split.EVALUATE).any():
        raise DataError(
            f"none of the {len(split)} accounts was kept out of training; "
            "--all evaluates on every account"
        )
    return split


def dealt(scorer: Scorer, account_ids: Iterable[str]) -> NDArray[np.int8]:
    """Deal ids as `split_of` does, also where nobody was kept out; raises ArtifactCorrupt."""
    try:
        told = scorer.artifact.manifest["training"]["split"]
        salt, shares = str(told["salt"]), [float(share) for share in told["shares"]]
    except (KeyError, TypeError, ValueError):
        raise ArtifactCorrupt("manifest.json does not say how accounts were split") from None
    return split_accounts(account_ids, salt=salt, shares=shares)


def pack_to(artifact: Path, out: Path) -> int:
    """Write an artifact's ``model.tar.gz``; gives its size in bytes."""
    data = pack_artifact(artifact)
    with whole_file(str(out)) as file:
        file.write(data)
    return len(data)
