"""Accounts with several rows in a table, a few at a time, by the rules of `newest_rows`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.joining.statements import LINE_BITS, MOMENT, PLACE
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, LINE
from training.reading.newest_rows import FILE, LeftOut, choose_rows, text_array

_LINES = 2**LINE_BITS - 1


def places_apart(places: Any) -> tuple[Any, Any]:
    """Give the files (int32) and lines (int64) of an array of places."""
    return (places >> LINE_BITS).astype(np.int32), places & _LINES


def chosen_rows(batches: Iterable[pa.RecordBatch], left_out: LeftOut) -> Iterator[pa.Table]:
    """Choose each account's row.

    Parameters
    ----------
    batches : iterable of RecordBatch
        Rows of accounts that are known, ordered by `acct_id` and `place`.
    left_out : LeftOut
        Where to tell of the others.

    Yields
    ------
    Table
        The columns given; `place` is that of the account's first row.
    """
    for rows in _whole_accounts(batches):
        frame = rows.drop_columns([PLACE]).to_pandas().rename(columns={MOMENT: LAST_UPDATED})
        places = rows.column(PLACE).to_numpy()
        frame[FILE], frame[LINE] = places_apart(places)
        ids = text_array(frame[ACCOUNT])
        accounts = pc.unique(ids)
        first = pc.index_in(accounts, value_set=ids).to_numpy()
        chosen = choose_rows(frame, accounts, left_out)
        is_there = chosen >= 0
        taken = rows.take(pa.array(chosen[is_there]))
        index = taken.schema.get_field_index(PLACE)
        yield taken.set_column(index, PLACE, pa.array(places[first[is_there]]))


def _whole_accounts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Cut between accounts: the last one of a batch may go on in the next."""
    kept: list[pa.RecordBatch] = []
    for batch in batches:
        if not len(batch):
            continue
        ids = batch.column(ACCOUNT)
        if kept and kept[-1].column(ACCOUNT)[-1] != ids[0]:
            yield pa.Table.from_batches(kept)
            kept = []
        last = pc.index(ids, ids[-1]).as_py()
        if last:
            yield pa.Table.from_batches([*kept, batch.slice(0, last)])
            kept = []
        kept.append(batch.slice(last))
    if kept:
        yield pa.Table.from_batches(kept)
