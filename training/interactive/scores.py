"""Score accounts in bulk."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from serving.scoring import InvalidInput
from training.interactive.accounts import ReadAccounts
from training.interactive.models import Model, as_model
from training.progress import progress_bar

#: Scored between two steps of the bar.
_BLOCK = 2**15


def score(
    model: Model | str | Path, accounts: ReadAccounts | pd.DataFrame | str | Path
) -> pd.DataFrame:
    """Score accounts: the numbers that the container would answer.

    Parameters
    ----------
    accounts : ReadAccounts, DataFrame, str or Path
        A folder of CSVs, what `read` gave, or a table with ``acct_id`` and all inputs.

    Returns
    -------
    DataFrame
        Index ``acct_id``, in the order of the accounts; a column per score, by its key on the
        wire; NaN where there is no score.

    Raises
    ------
    MissingColumns
        Naming every input that the table lacks.
    InvalidInput
        Naming the first column and row that cannot be read.
    """
    opened = as_model(model)
    read = with_inputs(opened, accounts)
    scorer, frame = opened.scorer, read.frame
    values = np.empty((len(frame), len(scorer.outputs) - 1))
    blocks = math.ceil(len(frame) / _BLOCK)
    with progress_bar("blocks of accounts scored") as done:
        for start in range(0, len(frame), _BLOCK):
            rows = slice(start, start + _BLOCK)
            encoded = scorer.encode(frame[rows], scoring_date=read.scoring_date)
            values[rows] = scorer.score(encoded).values
            done(f"{min(start + _BLOCK, len(frame)):,}", blocks)
    ids = pd.Index(frame["acct_id"], name="acct_id")
    return pd.DataFrame(values, index=ids, columns=list(scorer.outputs[:-1]))


def with_inputs(model: Model, accounts: ReadAccounts | pd.DataFrame | str | Path) -> ReadAccounts:
    """Give accounts with what a model reads, read from a folder if they are not yet.

    Raises
    ------
    InvalidInput
        If a table has no ``acct_id``.
    """
    if isinstance(accounts, ReadAccounts):
        return accounts
    if not isinstance(accounts, pd.DataFrame):
        return model.read(accounts)
    if "acct_id" not in accounts:
        raise InvalidInput("the table has no column acct_id: which accounts are these?")
    nothing = pd.DataFrame(columns=["file", "line", "reason"])
    return ReadAccounts(accounts, nothing, 0, (), None)
