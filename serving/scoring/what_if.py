"""Accounts with some of their inputs changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.encoding import encode_column
from serving.scoring.errors import InvalidInput


def changed(
    accounts: NDArray[np.float64],
    inputs: Sequence[Input],
    changes: Mapping[str, Any],
    scoring_date: dt.date | None = None,
) -> NDArray[np.float64]:
    """Give a copy of accounts in which inputs have other values.

    Parameters
    ----------
    accounts : ndarray of shape (n_accounts, n_inputs)
        In the order of `inputs`.
    changes : mapping of str to a value
        Input → what all accounts have instead: a number, a category's name, a date, true or
        false; None means "not known".
    scoring_date : date, optional
        Needed only to change a date.

    Raises
    ------
    InvalidInput
        Naming every input that there is not, or the first value that is not of its type or below
        its minimum.
    """
    columns = {entry.name: column for column, entry in enumerate(inputs)}
    unknown = sorted(map(str, changes.keys() - columns.keys()))
    if unknown:
        raise InvalidInput(
            f"there is no input {', '.join(unknown)} to change; there are {', '.join(columns)}"
        )
    other = np.array(accounts, dtype=np.float64)
    for name, value in changes.items():
        other[:, columns[name]] = _encoded(inputs[columns[name]], value, scoring_date)
    return other


def _encoded(entry: Input, value: Any, scoring_date: dt.date | None) -> float:
    # An unknown category would count as not known: a slip of the pen must not pass for an answer.
    if entry.type == "category" and isinstance(value, str) and value not in entry.categories:
        known = ", ".join(entry.categories)
        raise InvalidInput(f"{entry.name} has no category {value!r:.60}; it has {known}")
    try:
        return float(encode_column(entry, [value], scoring_date)[0])
    except InvalidInput as error:
        # There are no rows here.
        raise InvalidInput(str(error).replace(" in row 0", "")) from None
