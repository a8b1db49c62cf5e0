"""Columns that are derived from events: how much, how many, or when last, per account.

``events.csv`` has a row per event: ``acct_id``, ``event`` (its name), ``date`` and, for sums,
``quantity``. It is read block by block, so its length does not matter to memory.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.csv_reader import ACCOUNT, LINE, check_has_accounts
from training.reading.newest_rows import counted, text_array
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFile, AccountFiles, batches_of, header_of

#: The table of events: ``events.csv``, or its other formats.
EVENTS = "events"

_EVENT, _DATE, _QUANTITY = Input("event", "category"), Input("date", "date"), Input("quantity")

_Days = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class DerivedColumn:
    """A column made of the events of one name.

    Attributes
    ----------
    take : str
        ``sum`` of their quantities, their ``count``, or the date of the ``latest``.
    days, months : int or None
        How far back from the scoring date they count; at most one is given, and none means all.
    """

    name: str
    event: str
    take: Literal["sum", "count", "latest"]
    days: int | None = None
    months: int | None = None

    def first_day(self, scoring_date: dt.date) -> dt.date:
        """Give the first day that counts; the last is the scoring date.

        Exactly `days` ago still counts. `months` are whole calendar months that end with the
        scoring date, so what happens once a month is there as often as there are months: the day
        so many months ago does not count, the one after it does.

        Examples
        --------
        >>> year = DerivedColumn("reviews", "review", "count", months=12)
        >>> year.first_day(dt.date(2026, 2, 28))
        datetime.date(2025, 3, 1)
        """
        if self.days is not None:
            return scoring_date - dt.timedelta(days=self.days)
        if self.months is not None:
            return _months_before(scoring_date, self.months) + dt.timedelta(days=1)
        return dt.date.min


def derived_columns(events: Mapping[str, Mapping[str, Any]]) -> tuple[DerivedColumn, ...]:
    """Give the columns that a scorecard's `events`, which must have been checked, asks for."""
    return tuple(DerivedColumn(name, **body) for name, body in events.items())


def apart(
    files: AccountFiles, inputs: Sequence[Input], events: Mapping[str, Mapping[str, Any]]
) -> tuple[AccountFiles, list[AccountFile], dict[str, DerivedColumn]]:
    """Give the tables of accounts, the files of events, and the inputs that come of these.

    Raises
    ------
    DataError
        If a column that is to be derived stands in a table beside the events, or nowhere.
    """
    wanted = {column.name for column in inputs}
    by_name = {column.name: column for column in derived_columns(events) if column.name in wanted}
    if not by_name:
        return files, [], {}
    event_files = [file for file in files.files if file.table == EVENTS]
    tables = [file for file in files.files if file.table != EVENTS]
    held = {name: file.name for file in tables for name in header_of(file) if name in by_name}
    if not event_files:
        if lacking := [name for name in by_name if name not in held]:
            raise DataError(
                f"{files.where} has no {EVENTS}.csv to derive {', '.join(lacking)} from, "
                "and no other file has it"
            )
        return files, [], {}
    if held:
        name, file = next(iter(held.items()))
        raise DataError(
            f"{name} is in {file}, and is derived from {event_files[0].name}: remove one of them"
        )
    return AccountFiles(files.where, tuple(tables)), event_files, by_name


@dataclass(frozen=True)
class Derived:
    """Derived columns, in the order of the accounts, and what was counted on the way.

    Attributes
    ----------
    columns : dict of str to ndarray of shape (n_accounts,)
        float64 for a sum or count, 0 where an account has no such event; datetime64[us] for the
        latest, NaT where it has none.
    notes : list of str
    """

    columns: dict[str, NDArray[Any]]
    notes: list[str]


def derive(
    files: Sequence[AccountFile],
    columns: Sequence[DerivedColumn],
    accounts: pa.Array,
    scoring_date: dt.date,
    refusals: Refusals,
) -> Derived:
    """Read events and derive columns from them.

    Every row counts, also one that equals another: two reviews on a day are two. Sums are exact
    whatever the order of rows as long as quantities are whole.

    Parameters
    ----------
    files : sequence of AccountFile
        The files of events.
    accounts : large_string array of shape (n_accounts,)
        Distinct ids.
    scoring_date : date
        Later events do not count; a note says how many there are.
    refusals : Refusals
        Gets rows of accounts that there are not, and rows without what is needed of them.

    Raises
    ------
    DataError
        If a file cannot be read, or lacks a column.
    """
    tallies = [_Tally(column, len(accounts), scoring_date) for column in columns]
    later = 0
    for file in files:
        inputs = _inputs(file, columns)
        for batch in batches_of(file, inputs, refusals):
            rows = _usable(batch, file.name, columns, accounts, refusals)
            later += int(np.count_nonzero(rows.days > np.datetime64(scoring_date)))
            for tally in tallies:
                tally.add(rows)
    notes = [
        f"no row of {_names(files)} has the event {name!r}"
        for name in dict.fromkeys(tally.column.event for tally in tallies if not tally.seen)
    ]
    if later:
        notes.append(
            f"{_names(files)}: {counted(later, 'row')} after the scoring date {scoring_date}: "
            "not counted"
        )
    return Derived({tally.column.name: tally.values for tally in tallies}, notes)


@dataclass(frozen=True)
class _Rows:
    """Usable rows: the account's position, the event's name, the day, how much."""

    accounts: NDArray[np.int32]
    events: pa.Array
    days: _Days
    quantities: NDArray[np.float64]


class _Tally:
    def __init__(self, column: DerivedColumn, accounts: int, scoring_date: dt.date) -> None:
        self.column = column
        self.seen = False
        self._first = np.datetime64(column.first_day(scoring_date), "D")
        self._last = np.datetime64(scoring_date, "D")
        self.values: NDArray[Any] = np.zeros(accounts)
        if column.take == "latest":
            self.values = np.full(accounts, np.datetime64("NaT"), dtype="datetime64[us]")

    def add(self, rows: _Rows) -> None:
        named = pc.equal(rows.events, self.column.event).to_numpy(zero_copy_only=False)
        self.seen = self.seen or bool(named.any())
        counts = named & (rows.days >= self._first) & (rows.days <= self._last)
        accounts = rows.accounts[counts]
        if self.column.take == "latest":
            # `fmax` passes over NaT, as over NaN.
            np.fmax.at(self.values, accounts, rows.days[counts].astype("datetime64[us]"))
            return
        amounts = rows.quantities[counts] if self.column.take == "sum" else 1.0
        np.add.at(self.values, accounts, amounts)


def _inputs(file: AccountFile, columns: Sequence[DerivedColumn]) -> list[Input]:
    header = header_of(file)
    check_has_accounts(header, file.name)
    summing = [column.name for column in columns if column.take == "sum"]
    wanted = [_EVENT, _DATE, *([_QUANTITY] if summing else [])]
    if lacking := [entry.name for entry in wanted if entry.name not in header]:
        needs = "acct_id, event, date" + (f", and quantity for {summing[0]}" if summing else "")
        raise DataError(f"{file.name} lacks {', '.join(lacking)}; events need {needs}")
    return wanted


def _usable(
    batch: pd.DataFrame,
    file: str,
    columns: Sequence[DerivedColumn],
    accounts: pa.Array,
    refusals: Refusals,
) -> _Rows:
    """Leave aside what no column is made of; refuse what lacks something that one needs."""
    events = text_array(batch[_EVENT.name])
    days = batch[_DATE.name].to_numpy().astype("datetime64[D]")
    quantities = np.zeros(len(batch))
    if _QUANTITY.name in batch:
        quantities = batch[_QUANTITY.name].to_numpy()
    positions = pc.fill_null(pc.index_in(text_array(batch[ACCOUNT]), value_set=accounts), -1)
    found: NDArray[np.int32] = positions.to_numpy()
    used = _is_one_of(events, [column.event for column in columns])
    summed = _is_one_of(events, [column.event for column in columns if column.take == "sum"])
    lines = batch[LINE].to_numpy()
    nameless = pc.is_null(events).to_numpy(zero_copy_only=False)
    refusals.add_all(file, lines[nameless].tolist(), "has no event")
    good = used.copy()
    for wrong, reason in (
        (np.isnat(days), "has no date"),
        (summed & np.isnan(quantities), "has no quantity, which is summed"),
        (found < 0, "acct_id is not an account that is read, or its row was refused"),
    ):
        refusals.add_all(file, lines[good & wrong].tolist(), reason)
        good &= ~wrong
    return _Rows(found[good], events.filter(pa.array(good)), days[good], quantities[good])


def _is_one_of(events: pa.Array, names: Sequence[str]) -> NDArray[np.bool_]:
    known = pc.is_in(events, value_set=pa.array(names, pa.large_string()))
    is_one: NDArray[np.bool_] = known.to_numpy(zero_copy_only=False)
    return is_one


def _months_before(day: dt.date, months: int) -> dt.date:
    """Give the same day of an earlier month, or that month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _names(files: Sequence[AccountFile]) -> str:
    return " and ".join(file.name for file in files)
