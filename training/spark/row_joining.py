"""Joins sorted rows into one per account, a chunk of accounts at a time, in executors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serving.scoring.column import Input
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, LINE
from training.reading.newest_rows import FILE, LeftOut, choose_rows
from training.reading.refusals import Refusals
from training.spark.row_layout import (
    ACCT,
    FILE_INDEX,
    MOMENT,
    TABLE,
    TOLD,
    account_schema,
    batch_of,
    told_row,
)
from training.spark.tallies import Tally


@dataclass(frozen=True)
class JoinedTable:
    """A table: its files, oldest first, the places of its inputs, and whether rows have moments."""

    files: tuple[str, ...]
    places: tuple[int, ...]
    has_moments: bool


@dataclass(frozen=True)
class AccountJoin:
    """Joins tables of which the first says which accounts there are."""

    tables: tuple[JoinedTable, ...]
    inputs: tuple[Input, ...]

    def join(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Join rows sorted by account, table and file; last comes a tally, with theirs added."""
        tally = Tally()
        for chunk in _whole_accounts(batches, tally):
            yield self._joined(chunk, tally)
        yield told_row(account_schema(self.inputs), tally.to_json())

    def _joined(self, chunk: pa.Table, tally: Tally) -> pa.RecordBatch:
        in_table = chunk[TABLE].to_numpy()
        ids = pa.array([], pa.large_string())
        columns: dict[str, Any] = {}
        for index, table in enumerate(self.tables):
            rows = chunk.filter(pa.array(in_table == index)).combine_chunks()
            if index == 0:
                ids = pc.unique(rows[ACCT].cast(pa.large_string()))
            chosen = _choose(index, table, rows, ids, tally)
            if index == 0:
                ids = ids.filter(pa.array(chosen >= 0))
                chosen = chosen[chosen >= 0]
            else:
                tally.absent[index] += int(np.count_nonzero(chosen < 0))
            taken = pa.array(chosen, mask=chosen < 0)
            for name in (f"i{place}" for place in table.places):
                columns[name] = rows[name].take(taken).combine_chunks()
            if table.has_moments and (chosen >= 0).any():
                tally.used(pc.max(rows[MOMENT].take(taken)).as_py())
        tally.accounts += len(ids)
        return batch_of(account_schema(self.inputs), {ACCT: ids, **columns}, len(ids))


class CountedRows(LeftOut):
    """Rows of a table that do not count, as numbers that add up."""

    def tally(self, table: int, refusals: Refusals) -> Counter[tuple[int, int, int]]:
        """Give the counts by table, note and file; what was refused goes to `refusals`."""
        list(self.tell(refusals))
        notes, files = np.nonzero(self._counts)
        counts = self._counts[notes, files]
        return Counter(
            {
                (table, note, file): count
                for note, file, count in zip(
                    notes.tolist(), files.tolist(), counts.tolist(), strict=True
                )
            }
        )

    def notes(self, table: int, counts: Counter[tuple[int, int, int]]) -> list[str]:
        """Say for people what was counted of a table in all tallies."""
        for (its_table, note, file), count in counts.items():
            if its_table == table:
                self._counts[note, file] = count
        return list(self.tell(Refusals()))


def _choose(
    index: int, table: JoinedTable, rows: pa.Table, ids: pa.Array, tally: Tally
) -> NDArray[np.int64]:
    columns: dict[str, Any] = {
        ACCOUNT: rows[ACCT].to_pandas(),
        LINE: np.arange(len(rows)),
        FILE: rows[FILE_INDEX].to_numpy(),
    }
    if table.has_moments:
        columns[LAST_UPDATED] = rows[MOMENT].to_numpy()
    if pc.count_distinct(rows[ACCT]).as_py() < len(rows):
        # Values are compared where an account has several rows, and seldom has any.
        names = [f"i{place}" for place in table.places]
        columns |= {name: rows[name].to_pandas() for name in names}
    refusals, left_out = Refusals(), CountedRows(table.files)
    chosen = choose_rows(pd.DataFrame(columns, copy=False), ids, left_out)
    tally.left_out += left_out.tally(index, refusals)
    tally.took(refusals, lambda row: columns[ACCOUNT][row])
    return chosen


def _whole_accounts(batches: Iterator[pa.RecordBatch], tally: Tally) -> Iterator[pa.Table]:
    """Give chunks in which no account's rows are cut in two; add up the tallies among the rows."""
    rest: pa.Table | None = None
    for batch in batches:
        rows = pa.Table.from_batches([batch])
        if rows[TOLD].null_count < len(rows):
            for told in rows[TOLD].drop_null().to_pylist():
                tally.add(Tally.from_json(told))
            rows = rows.filter(pc.is_null(rows[TOLD]))
        rows = rows if rest is None else pa.concat_tables([rest, rows])
        if not len(rows):
            continue
        # All rows of the last account are at the end; more of them may follow.
        whole = len(rows) - pc.sum(pc.equal(rows[ACCT], rows[ACCT][-1])).as_py()
        rest = rows.slice(whole)
        if whole:
            yield rows.slice(0, whole)
    if rest is not None and len(rest):
        yield rest
