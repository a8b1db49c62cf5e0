"""Joins tables of accounts into one: a row per account, in the order of peer_dims.csv.

Memory is the limit, so columns are placed one by one by row number; there is no wide merge.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serving.scoring.column import Input
from training.errors import DataError
from training.events import apart, derive
from training.reading.account_files import Source, find_sources
from training.reading.csv_reader import (
    ACCOUNT,
    LAST_UPDATED,
    LINE,
)
from training.reading.newest_rows import FILE, LeftOut, choose_rows, counted, text_array
from training.reading.refusals import Refusals
from training.reading.table_files import (
    AccountFiles,
    batches_of,
    files_of,
)

_DTYPES = {
    "number": "float64",
    "category": "str",
    "date": "datetime64[us]",
    "boolean": "float64",
}
_OWN_DTYPES = {ACCOUNT: "str", LINE: "int64", FILE: "int32"}
_MOMENT = "datetime64[us, UTC]"


@dataclass(frozen=True)
class Accounts:
    """The accounts of a folder, and what was met while reading them.

    Attributes
    ----------
    frame : DataFrame
        `acct_id`, then every input in the order asked for; a row per account.
    refusals : Refusals
        The rows that could not be used.
    notes : tuple of str
        What was counted, though nothing was refused for it.
    newest : Timestamp or None
        The newest `last_updated` among the rows used; None if no file has that column.
    """

    frame: pd.DataFrame
    refusals: Refusals
    notes: tuple[str, ...]
    newest: pd.Timestamp | None


def read_accounts(
    data: Path | AccountFiles,
    inputs: Sequence[Input],
    *,
    peer_dimensions: Collection[str],
    events: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    scoring_date: dt.date | None = None,
    max_refused_share: float = 0.01,
) -> Accounts:
    """Read and join the tables of a folder.

    Parameters
    ----------
    data : Path or AccountFiles
        A folder, or the files themselves: `peer_dims.csv`, which says which accounts there are,
        and any CSVs with an `acct_id`; `X_update.csv` holds newer rows of `X.csv`. Each may be
        gzipped (`.csv.gz`) or Parquet (`.parquet`) instead.
    inputs : sequence of Input
        The columns wanted; each must be in exactly one table, or derived from events.
    peer_dimensions : collection of str
        Those of the inputs that must be in `peer_dims.csv`.
    events : mapping of str to mapping
        As a scorecard's `events`: the columns to derive from `events.csv`. Where there is no such
        file they must stand in a table ready-made, as they do on the wire.
    scoring_date : date, optional
        Up to when events count; the newest `last_updated` if not given.
    max_refused_share : float
        The share of rows, 0 to 1, that may be refused.

    Raises
    ------
    DataError
        If files or columns are missing or contradict each other, or no account is left.
    TooManyRefused
        If more rows were refused than allowed.
    """
    refusals = Refusals()
    notes: list[str] = []
    files = files_of(data) if isinstance(data, Path) else data
    tables, event_files, derived = apart(files, inputs, events)
    ready = [column for column in inputs if column.name not in derived]
    peers, *others = find_sources(tables, ready, peer_dimensions)
    rows = _read_source(peers, refusals)
    ids = pc.unique(text_array(rows[ACCOUNT]))
    chosen = _choose(rows, ids, peers, refusals, notes)
    has_row = chosen >= 0
    ids = ids.filter(pa.array(has_row))
    columns, newest = _place(rows, chosen[has_row], peers)
    for source in others:
        rows = _read_source(source, refusals)
        chosen = _choose(rows, ids, source, refusals, notes)
        placed, newest_there = _place(rows, chosen, source)
        columns |= placed
        newest += newest_there
        notes += absent(int(np.count_nonzero(chosen < 0)), source, peers)
    moment = max(newest, default=None)
    if derived:
        until = scoring_date or (moment.date() if moment is not None else None)
        found = derive(event_files, list(derived.values()), ids, _known(until), refusals)
        columns |= _from_minimum(found.columns, inputs, notes)
        notes += found.notes
    check_usable(len(ids), files.where, peers, refusals, max_refused_share)
    in_order = {column.name: columns[column.name] for column in inputs}
    frame = pd.DataFrame({ACCOUNT: ids.to_pandas(), **in_order}, copy=False)
    return Accounts(frame, refusals, tuple(notes), moment)


def absent(count: int, source: Source, peers: Source) -> list[str]:
    """Say how many of the peers' accounts have no row in another table, if any."""
    if not count:
        return []
    return [
        f"{counted(count, 'account')} of {peers.name} without a usable row in {source.name}: "
        "the metrics there are missing"
    ]


def check_usable(
    count: int, where: str, peers: Source, refusals: Refusals, max_refused_share: float
) -> None:
    """Raise DataError or TooManyRefused if too few rows are left to go on, or no account is."""
    refusals.check(max_refused_share)
    if not count:
        raise DataError(f"{where}: {peers.name} has no usable row\n{refusals.summary()}".rstrip())


def _known(scoring_date: dt.date | None) -> dt.date:
    if scoring_date is None:
        raise DataError(
            "no file has a last_updated, so nobody knows up to when events count: give the "
            "scoring date"
        )
    return scoring_date


def _from_minimum(
    columns: dict[str, NDArray[Any]], inputs: Sequence[Input], notes: list[str]
) -> dict[str, NDArray[Any]]:
    """Take for missing what is below its input's minimum, such as more given back than bought."""
    for entry in inputs:
        if entry.minimum is None or entry.name not in columns:
            continue
        below = columns[entry.name] < entry.minimum
        columns[entry.name][below] = np.nan
        if count := int(np.count_nonzero(below)):
            notes.append(
                f"{counted(count, 'account')} whose events make {entry.name} less than "
                f"{entry.minimum:g}: it is missing there"
            )
    return columns


def _choose(
    rows: pd.DataFrame, ids: pa.Array, source: Source, refusals: Refusals, notes: list[str]
) -> NDArray[np.int64]:
    left_out = LeftOut(source.files)
    chosen = choose_rows(rows, ids, left_out)
    notes += left_out.tell(refusals)
    return chosen


def _read_source(source: Source, refusals: Refusals) -> pd.DataFrame:
    dtypes = _OWN_DTYPES | {column.name: _DTYPES[column.type] for column in source.inputs}
    if source.has_last_updated:
        dtypes[LAST_UPDATED] = _MOMENT
    parts: dict[str, list[pd.Series]] = {
        name: [pd.Series(dtype=dtype)] for name, dtype in dtypes.items()
    }
    for index, file in enumerate(source.headers):
        for batch in batches_of(file, source.inputs, refusals):
            batch[FILE] = np.full(len(batch), index, dtype=np.int32)
            for name, dtype in dtypes.items():
                blank = pd.Series(index=batch.index, dtype=dtype)
                parts[name].append(batch.get(name, blank))
    # One column at a time, so that no more than one is in memory twice.
    columns = {name: pd.concat(parts.pop(name), ignore_index=True) for name in dtypes}
    return pd.DataFrame(columns, copy=False)


def _place(
    rows: pd.DataFrame, chosen: NDArray[np.int64], source: Source
) -> tuple[dict[str, Any], list[pd.Timestamp]]:
    columns = {
        column.name: pd.api.extensions.take(rows[column.name].values, chosen, allow_fill=True)
        for column in source.inputs
    }
    if not source.has_last_updated or not (chosen >= 0).any():
        return columns, []
    return columns, [rows[LAST_UPDATED].iloc[chosen[chosen >= 0]].max()]
