"""Which row of a table counts for each account: what `newest_rows` says, for tables on the disk."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq

from training.joining.database import Database
from training.joining.several_rows import chosen_rows, places_apart
from training.joining.staging import Stage
from training.joining.statements import (
    accounts_with_several,
    both,
    by_account,
    newest,
    places,
    with_account_in,
    without_account_in,
)
from training.reading.newest_rows import UNKNOWN, LeftOut


@dataclass(frozen=True)
class Counting:
    """The rows of a table that count: the name they go by, how many, and their newest moment."""

    table: str
    count: int
    newest: pd.Timestamp | None


def counting_rows(
    database: Database, name: str, stage: Stage, peers: str | None, left_out: LeftOut
) -> Counting:
    """Find the row that counts for each account, at most one.

    Parameters
    ----------
    database : Database
    name : str
        What to call the table: other names made here start with it.
    stage : Stage
        Where the table's rows are.
    peers : str or None
        The table that says which accounts there are; None if it is this one.
    left_out : LeftOut
        Where to tell of rows that do not count.
    """
    rows = f"{name}_read"
    database.view_files(rows, stage.folder)
    if peers is not None:
        rows = _known(database, rows, peers, left_out)
    several = f"{name}_several"
    if database.keep(several, accounts_with_several(rows)):
        rows = _one_each(database, rows, several, stage, left_out)
    moment = database.single(newest(rows)) if stage.has_moment else None
    found = None if moment is None else pd.Timestamp(moment, tz="UTC").as_unit("us")
    return Counting(rows, database.count(rows), found)


def _known(database: Database, rows: str, peers: str, left_out: LeftOut) -> str:
    """Refuse rows of unknown accounts; gives the name of the others."""
    unknown, is_unknown = f"{rows}_unknown", False
    database.view(unknown, without_account_in(rows, peers))
    for batch in database.batches(places(unknown)):
        is_unknown |= len(batch) > 0
        left_out.refuse(UNKNOWN, *places_apart(batch.column(0).to_numpy()))
    if not is_unknown:
        return rows
    known = f"{rows}_known"
    database.view(known, with_account_in(rows, peers))
    return known


def _one_each(database: Database, rows: str, several: str, stage: Stage, left_out: LeftOut) -> str:
    """Choose among the rows of accounts with several; gives the name of a row per account."""
    folder = stage.folder.with_name(f"{stage.folder.name}_chosen")
    folder.mkdir()
    database.view(f"{rows}_several", with_account_in(rows, several))
    batches = database.batches(by_account(f"{rows}_several"))
    with pq.ParquetWriter(folder / "0.parquet", stage.schema, compression="none") as writer:
        for chosen in chosen_rows(batches, left_out):
            writer.write_table(chosen.cast(stage.schema))
    database.view_files(f"{rows}_chosen", folder)
    database.view(f"{rows}_single", without_account_in(rows, several))
    one_each = f"{rows}_one_each"
    database.view(one_each, both(f"{rows}_single", f"{rows}_chosen"))
    return one_each
