"""Reads what became of contracts: ``renewals.csv``, a row per contract that ended.

| column | what it holds |
|---|---|
| ``acct_id`` | the account |
| ``renewed`` | true or false, 1 or 0; empty while it is not decided, which teaches nothing |
| ``end_date`` | optional: when it ended; needed where an account has several contracts |
| ``as_of`` | optional: of when the facts in this row are; it must lie before ``end_date`` |
| any input of the model | optional: what was known then |

An input that the file lacks is looked for among the accounts' other files. Those hold what is known
*now*: a model of what was known before the end needs the facts of then, in this file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.account_files import RENEWALS, RENEWED
from training.reading.csv_reader import ACCOUNT, LINE, check_has_accounts
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFile, AccountFiles, batches_of, files_of, header_of

END, AS_OF = "end_date", "as_of"
_OWN = (Input(RENEWED, "boolean"), Input(END, "date"), Input(AS_OF, "date"))
_FILE = "file"


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Contracts that ended, and what was met while reading them.

    Attributes
    ----------
    frame : DataFrame
        ``acct_id``, ``renewed`` (1.0 or 0.0), ``end_date`` (NaT throughout where the file has
        none), then those of the inputs that the file has (float64; NaN where not known). In an
        order that does not depend on the file's.
    refusals : Refusals
        The rows that could not be used.
    notes : tuple of str
        What was left out, though nothing is wrong with it.
    """

    frame: pd.DataFrame
    refusals: Refusals
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Count the contracts."""
        return len(self.frame)


def read_outcomes(
    data: Path | AccountFiles,
    inputs: Collection[str],
    *,
    until: dt.date | None = None,
    max_refused_share: float = 0.01,
) -> Outcomes | None:
    """Read ``renewals.csv`` of a folder, if there is one.

    Parameters
    ----------
    data : Path or AccountFiles
        A folder, or the files themselves.
    inputs : collection of str
        The columns that models are fitted to.
    until : date, optional
        The scoring date: nobody knows yet what becomes of a contract that ends later, so a row
        that says so is refused. Not looked at if not given.
    max_refused_share : float
        The share of rows, 0 to 1, that may be refused.

    Returns
    -------
    Outcomes or None
        None where the data hold no outcomes.

    Raises
    ------
    DataError
        If the file lacks a column, an input is the outcome itself, or no row is left.
    TooManyRefused
        If more rows were refused than allowed; names file, lines and reasons.
    """
    files = files_of(data) if isinstance(data, Path) else data
    tables = [file for file in files.files if file.table == RENEWALS]
    if not tables:
        return None
    names = " and ".join(file.name for file in tables)
    own = {column.name for column in _OWN}
    if circular := sorted(own & set(inputs)):
        raise DataError(
            f"{', '.join(circular)} cannot be an input of a risk model: in {names} it is what "
            "became of a contract; take it out of the metric's inputs"
        )
    columns = [*_OWN, *(Input(name) for name in sorted(set(inputs)))]
    refusals = Refusals()
    parts = [rows for file in tables for rows in _read(file, columns, refusals)]
    rows = None
    if parts:
        rows = _without_impossible(pd.concat(parts, ignore_index=True), until, refusals)
    refusals.check(max_refused_share)
    if rows is None or rows[RENEWED].isna().all():
        raise DataError(f"{names} has no row that says whether a contract was renewed")
    decided = rows[rows[RENEWED].notna()]
    notes = tuple(_notes(rows, decided, inputs, names))
    kept = decided.drop(columns=[LINE, _FILE, AS_OF])
    # By every column: the order of rows in the file must change nothing.
    ordered = kept.sort_values([ACCOUNT, END]).reset_index(drop=True)
    return Outcomes(ordered, refusals, notes)


def _read(
    file: AccountFile, columns: Sequence[Input], refusals: Refusals
) -> Iterator[pd.DataFrame]:
    header = header_of(file)
    check_has_accounts(header, file.name)
    if RENEWED not in header:
        raise DataError(
            f"{file.name} has no column {RENEWED} (true or false, 1 or 0); "
            f"its columns are: {', '.join(header)}"
        )
    there = [column for column in columns if column.name in header]
    wanted = [ACCOUNT, *(column.name for column in there), LINE]
    for batch in batches_of(file, there, refusals):
        rows = batch[wanted].assign(**{_FILE: file.name})
        for column in (END, AS_OF):
            if column not in rows:
                rows[column] = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
        yield rows


def _notes(
    rows: pd.DataFrame, decided: pd.DataFrame, inputs: Collection[str], names: str
) -> Iterator[str]:
    if undecided := len(rows) - len(decided):
        yield f"contracts in {names} that are not decided yet: {undecided:,}"
    undated = int((decided[AS_OF].isna() | decided[END].isna()).sum())
    # Facts of other files are of now, and said to be.
    if undated and not set(inputs).isdisjoint(rows.columns):
        yield (
            f"contracts in {names} without {AS_OF} or {END}: {undated:,}; nothing shows that their "
            "facts are from before the end, and a model of later facts looks better than it is"
        )


def _without_impossible(
    rows: pd.DataFrame, until: dt.date | None, refusals: Refusals
) -> pd.DataFrame:
    """Refuse facts from after the end, ends to come, and contracts that stand there twice."""
    late = rows[AS_OF] >= rows[END]
    # While it is open whether it will be renewed, such a row claims nothing.
    ahead = rows[END] >= _day_after(until) if until else pd.Series(False, index=rows.index)
    ahead &= rows[RENEWED].notna() & ~late
    twice = rows.duplicated([ACCOUNT, END], keep=False) & ~late & ~ahead
    reasons = (
        (late, f"{AS_OF} is not before {END}, so its facts may know the outcome"),
        (ahead, f"{END} is after the scoring date, {until}: the outcome is not known yet"),
        (twice, f"another row has the same {ACCOUNT} and {END}, and none can be preferred"),
    )
    for wrong, reason in reasons:
        for file, line in zip(rows[_FILE][wrong], rows[LINE][wrong], strict=True):
            refusals.add(str(file), int(line), reason)
    return rows[~(late | ahead | twice)]


def _day_after(day: dt.date) -> pd.Timestamp:
    return pd.Timestamp(day) + pd.Timedelta(days=1)
