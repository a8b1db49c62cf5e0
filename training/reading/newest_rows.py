"""Chooses the row that counts for each account: the newest, or none where two contradict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, LINE
from training.reading.refusals import Refusals

#: Column of a row's file: its index among the source's files, oldest first. No input can be
#: called so.
FILE = "(file)"

#: Why a row of an account that is not scored is refused.
UNKNOWN = "acct_id is not in peer_dims.csv (or its row there was refused)"
_SAME_MOMENT = "another row of this acct_id has the same last_updated and other values"
_NO_MOMENT = "another row of this acct_id has other values, and no last_updated says which is newer"

_Rows = NDArray[np.bool_]
_Places = tuple[NDArray[np.int32], NDArray[np.int64]]


class _Note(IntEnum):
    """What is counted of rows that are neither used nor refused, or replace others."""

    REPEATED = 0
    REPLACING = 1
    SUPERSEDED = 2


class LeftOut:
    """Rows of a table that do not count: refused, or older, or repeated; told of at the end.

    May be gathered chunk by chunk, in any order, where no account's rows are in several chunks.

    Parameters
    ----------
    files : sequence of str
        Names of the files that a row's `FILE` counts.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._refused: dict[str, list[_Places]] = {UNKNOWN: [], _SAME_MOMENT: [], _NO_MOMENT: []}
        self._counts = np.zeros((len(_Note), len(files)), dtype=np.int64)

    def refuse(self, reason: str, files: NDArray[np.int32], lines: NDArray[np.int64]) -> None:
        """Refuse the rows of these files and lines."""
        if len(lines):
            self._refused[reason].append((files, lines))

    def count(self, note: _Note, files: NDArray[np.int32]) -> None:
        """Count a row for each file given."""
        self._counts[note] += np.bincount(files, minlength=len(self._files))

    def tell(self, refusals: Refusals) -> Iterator[str]:
        """Add to `refusals` what was refused, by reason, file and line; give what was counted."""
        for reason, places in self._refused.items():
            if not places:
                continue
            in_file, lines = map(np.concatenate, zip(*places, strict=True))
            for index, file in enumerate(self._files):
                refusals.add_all(file, np.sort(lines[in_file == index]).tolist(), reason)
        for file, count in self._counted(_Note.REPEATED):
            yield f"{file}: {counted(count, 'row')} with nothing new, the same as another row"
        for file, count in self._counted(_Note.REPLACING):
            verb = "replaces an older one" if count == 1 else "replace older ones"
            yield f"{file}: {counted(count, 'row')} {verb}"
        for file, count in self._counted(_Note.SUPERSEDED):
            yield f"{file}: {counted(count, 'row')} older than the newest of the same account"

    def _counted(self, note: _Note) -> Iterator[tuple[str, int]]:
        counts = zip(self._files, self._counts[note].tolist(), strict=True)
        return ((file, count) for file, count in counts if count)


def choose_rows(rows: pd.DataFrame, accounts: pa.Array, left_out: LeftOut) -> NDArray[np.int64]:
    """Choose each account's row; refuse rows of unknown accounts and rows that contradict.

    An account whose newest rows contradict gets none: an older one would be a silent guess.

    Parameters
    ----------
    rows : DataFrame
        `acct_id`, `line`, `file`, if known `last_updated`, and the values.
    accounts : large_string array of shape (n_accounts,)
        Distinct ids.
    left_out : LeftOut
        Where to tell of rows that are refused, and of those that are older or repeated.

    Returns
    -------
    ndarray of shape (n_accounts,)
        Position in `rows`, -1 where there is none.
    """
    found = pc.index_in(text_array(rows[ACCOUNT]), value_set=accounts)
    positions: NDArray[np.int32] = pc.fill_null(found, -1).to_numpy()
    is_known = positions >= 0
    is_newest = _newest(rows, positions, is_known, len(accounts))
    repeats, conflicts = _several(rows, positions, is_newest, len(accounts))
    in_file, lines = rows[FILE].to_numpy(), rows[LINE].to_numpy()
    contradicted = _SAME_MOMENT if LAST_UPDATED in rows else _NO_MOMENT
    for reason, refused in ((UNKNOWN, ~is_known), (contradicted, conflicts)):
        left_out.refuse(reason, in_file[refused], lines[refused])
    kept = np.flatnonzero(is_newest & ~repeats & ~conflicts)
    chosen = np.full(len(accounts), -1, dtype=np.int64)
    chosen[positions[kept]] = kept
    left_out.count(_Note.REPEATED, in_file[repeats & ~conflicts])
    losers = np.flatnonzero(is_known & ~is_newest)
    winners = chosen[positions[losers]]
    replaced = (winners >= 0) & (in_file[winners] > in_file[losers])
    left_out.count(_Note.REPLACING, in_file[np.unique(winners[replaced])])
    left_out.count(_Note.SUPERSEDED, in_file[losers[~replaced]])
    return chosen


def text_array(texts: pd.Series) -> pa.Array:
    """Give a column as one large_string array; shares memory where it can."""
    array = pa.array(texts)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.large_string())


def _newest(
    rows: pd.DataFrame, positions: NDArray[np.int32], is_known: _Rows, n_accounts: int
) -> _Rows:
    if LAST_UPDATED not in rows:
        return is_known
    moments = rows[LAST_UPDATED].astype("int64").to_numpy()
    newest = np.full(n_accounts, np.iinfo(np.int64).min)
    np.maximum.at(newest, positions[is_known], moments[is_known])
    is_newest = is_known.copy()
    is_newest[is_known] = moments[is_known] == newest[positions[is_known]]
    return is_newest


def _several(
    rows: pd.DataFrame, positions: NDArray[np.int32], is_newest: _Rows, n_accounts: int
) -> tuple[_Rows, _Rows]:
    repeats, conflicts = np.zeros((2, len(rows)), dtype=np.bool_)
    counts = np.bincount(positions[is_newest], minlength=n_accounts)
    several = np.flatnonzero(is_newest & (counts[positions] > 1 if n_accounts else False))
    if len(several):
        values = rows.drop(columns=[LINE, FILE]).iloc[several]
        is_repeat = values.duplicated().to_numpy()
        contradicted = values.loc[~is_repeat, ACCOUNT]
        contradicted = contradicted[contradicted.duplicated()]
        repeats[several] = is_repeat
        conflicts[several] = values[ACCOUNT].isin(contradicted).to_numpy()
    return repeats, conflicts


def counted(count: int, noun: str) -> str:
    """Give `1 row` or `2 rows`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
