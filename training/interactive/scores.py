"""Score accounts in bulk."""

from __future__ import annotations

import datetime as dt
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
    model: Model | str | Path,
    accounts: ReadAccounts | pd.DataFrame | str | Path,
    *,
    scoring_date: dt.date | None = None,
) -> pd.DataFrame:
    """Score accounts: the numbers that the container would answer.

    Parameters
    ----------
    accounts : ReadAccounts, DataFrame, str or Path
        A folder of CSVs, what `read` gave, or a table with ``acct_id`` and all inputs.
    scoring_date : date, optional
        Dates count as days before it. A table needs it where the scorecard has a date; of a
        folder it is the newest ``last_updated`` if not given.

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
        Naming the first column and row that cannot be read; if a table with a date comes without
        `scoring_date`, or what was read comes with another than it was read for.
    """
    opened = as_model(model)
    read = with_inputs(opened, accounts, scoring_date)
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


def with_inputs(
    model: Model,
    accounts: ReadAccounts | pd.DataFrame | str | Path,
    scoring_date: dt.date | None = None,
) -> ReadAccounts:
    """Give accounts with what a model reads, read from a folder if they are not yet.

    Parameters
    ----------
    scoring_date : date, optional
        See `score`.

    Raises
    ------
    InvalidInput
        If a table has no ``acct_id``, or needs a scoring date and there is none; if what was read
        was read for another one.
    """
    if isinstance(accounts, ReadAccounts):
        if scoring_date not in (None, accounts.scoring_date):
            raise InvalidInput(
                f"these accounts were read for {accounts.scoring_date}, not for {scoring_date}: "
                "give scoring_date where they are read"
            )
        return accounts
    if not isinstance(accounts, pd.DataFrame):
        return model.read(accounts, scoring_date=scoring_date)
    if "acct_id" not in accounts:
        raise InvalidInput("the table has no column acct_id: which accounts are these?")
    dates = [column.name for column in model.scorer.inputs if column.type == "date"]
    if dates and scoring_date is None:
        raise InvalidInput(
            f"{', '.join(dates)}: dates count as days before the scoring date; give "
            "scoring_date=datetime.date(year, month, day)"
        )
    nothing = pd.DataFrame(columns=["file", "line", "reason"])
    return ReadAccounts(accounts, nothing, 0, (), scoring_date)
