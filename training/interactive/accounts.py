"""Read accounts from CSVs, as every command does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from serving.scoring.column import Input
from training.definition import default_scorecard, read_definition
from training.interactive.showing import Shown
from training.tables import Accounts, read_accounts

#: Rows that a notebook shows of the accounts.
_FIRST = 5


@dataclass(frozen=True, eq=False, repr=False)
class ReadAccounts(Shown):
    """Accounts as they were read.

    Attributes
    ----------
    frame : DataFrame
        ``acct_id``, then the inputs; a row per account.
    refused : DataFrame
        ``file``, ``line`` and ``reason`` of the rows that were not used, the first 100,000 of them.
    refused_rows : int
        How many there were.
    notes : tuple of str
        What was counted, though nothing was refused for it.
    scoring_date : date or None
        Dates count as days before it; None if none was given and no file says when it is of.
    """

    frame: pd.DataFrame
    refused: pd.DataFrame
    refused_rows: int
    notes: tuple[str, ...]
    scoring_date: dt.date | None

    def __len__(self) -> int:
        return len(self.frame)

    def _heading(self) -> str:
        return f"{len(self.frame):,} accounts"

    def _facts(self) -> Mapping[str, object]:
        facts: dict[str, object] = {
            "inputs": ", ".join(self.frame.columns[1:]),
            "newest row": self.scoring_date or "not known",
            "refused rows": f"{self.refused_rows:,}" + (": see .refused" * bool(self.refused_rows)),
        }
        return facts | {f"note {place}": note for place, note in enumerate(self.notes, 1)}

    def _table(self) -> pd.DataFrame:
        return self.frame.head(_FIRST)


def read(
    data: str | Path,
    scorecard: str | Path | None = None,
    *,
    max_refused: float = 0.01,
    scoring_date: dt.date | None = None,
) -> ReadAccounts:
    """Read the accounts of a folder, with the inputs of a scorecard.

    Parameters
    ----------
    data : str or Path
        A folder: ``peer_dims.csv`` says which accounts there are.
    scorecard : str or Path, optional
        A definition; the one of the sample if not given.
    max_refused : float
        The share of rows, 0 to 1, that may be refused.

    Raises
    ------
    InvalidScorecard
        Naming every mistake of the definition.
    TooManyRefused
        If more rows were refused than allowed; ``.refusals`` has them.
    DataError
        If the files cannot be used.
    """
    definition = read_definition(Path(scorecard) if scorecard else default_scorecard())
    return read_columns(
        data,
        tuple(definition.columns()),
        tuple(column.name for column in definition.peer_dimension_inputs),
        events=definition.model_dump(include={"events"}, exclude_none=True).get("events", {}),
        max_refused=max_refused,
        scoring_date=scoring_date,
    )


def read_columns(
    data: str | Path,
    columns: tuple[Input, ...],
    dimensions: tuple[str, ...],
    *,
    events: Mapping[str, Mapping[str, Any]],
    max_refused: float,
    scoring_date: dt.date | None,
) -> ReadAccounts:
    """Read what a definition, or an artifact, needs; see `read`."""
    found = read_accounts(
        Path(data),
        columns,
        peer_dimensions=dimensions,
        events=events,
        scoring_date=scoring_date,
        max_refused_share=max_refused,
    )
    return from_accounts(found, scoring_date)


def from_accounts(found: Accounts, scoring_date: dt.date | None) -> ReadAccounts:
    """Give what was read in the form that notebooks show."""
    newest = None if found.newest is None else found.newest.date()
    refused = pd.DataFrame(
        [(entry.file, entry.line, entry.reason) for entry in found.refusals.entries],
        columns=["file", "line", "reason"],
    )
    return ReadAccounts(
        found.frame, refused, found.refusals.total, found.notes, scoring_date or newest
    )
