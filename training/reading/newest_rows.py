"""Chooses the row that counts for each account: the newest, or none where two contradict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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

_UNKNOWN = "acct_id is not in peer_dims.csv (or its row there was refused)"
_SAME_MOMENT = "another row of this acct_id has the same last_updated and other values"
_NO_MOMENT = "another row of this acct_id has other values, and no last_updated says which is newer"

_Rows = NDArray[np.bool_]


def choose_rows(
    rows: pd.DataFrame,
    accounts: pa.Array,
    *,
    files: Sequence[str],
    refusals: Refusals,
    notes: list[str],
) -> NDArray[np.int64]:
    """Choose each account's row; refuse rows of unknown accounts and rows that contradict.

    An account whose newest rows contradict gets none: an older one would be a silent guess.

    Parameters
    ----------
    rows : DataFrame
        `acct_id`, `line`, `file`, if known `last_updated`, and the values.
    accounts : large_string array of shape (n_accounts,)
        Distinct ids.
    files : sequence of str
        Names of the files `file` counts.
    refusals, notes
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
    _refuse(rows, ~is_known, files, refusals, _UNKNOWN)
    has_moment = LAST_UPDATED in rows
    _refuse(rows, conflicts, files, refusals, _SAME_MOMENT if has_moment else _NO_MOMENT)
    kept = np.flatnonzero(is_newest & ~repeats & ~conflicts)
    chosen = np.full(len(accounts), -1, dtype=np.int64)
    chosen[positions[kept]] = kept
    notes.extend(_repeated(rows, repeats & ~conflicts, files))
    notes.extend(_older(rows, positions, is_known & ~is_newest, chosen, files))
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


def _refuse(
    rows: pd.DataFrame, refused: _Rows, files: Sequence[str], refusals: Refusals, reason: str
) -> None:
    for file, lines in _by_file(rows, refused, files):
        refusals.add_all(file, lines, reason)


def _repeated(rows: pd.DataFrame, repeats: _Rows, files: Sequence[str]) -> Iterator[str]:
    for file, lines in _by_file(rows, repeats, files):
        yield f"{file}: {counted(len(lines), 'row')} with nothing new, the same as another row"


def _older(
    rows: pd.DataFrame,
    positions: NDArray[np.int32],
    older: _Rows,
    chosen: NDArray[np.int64],
    files: Sequence[str],
) -> Iterator[str]:
    in_file = rows[FILE].to_numpy()
    losers = np.flatnonzero(older)
    winners = chosen[positions[losers]]
    replaced = (winners >= 0) & (in_file[winners] > in_file[losers])
    replacing = np.zeros(len(rows), dtype=np.bool_)
    replacing[winners[replaced]] = True
    for file, lines in _by_file(rows, replacing, files):
        verb = "replaces an older one" if len(lines) == 1 else "replace older ones"
        yield f"{file}: {counted(len(lines), 'row')} {verb}"
    superseded = np.zeros(len(rows), dtype=np.bool_)
    superseded[losers[~replaced]] = True
    for file, lines in _by_file(rows, superseded, files):
        yield f"{file}: {counted(len(lines), 'row')} older than the newest of the same account"


def _by_file(
    rows: pd.DataFrame, chosen: _Rows, files: Sequence[str]
) -> Iterator[tuple[str, list[int]]]:
    where = np.flatnonzero(chosen)
    in_file, lines = rows[FILE].to_numpy()[where], rows[LINE].to_numpy()[where]
    for index, file in enumerate(files):
        if len(its_lines := lines[in_file == index]):
            yield file, its_lines.tolist()


def counted(count: int, noun: str) -> str:
    """Give `1 row` or `2 rows`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
