"""Upserts an object's CSVs into the state: the newest row of each account stays.

A file is one transaction: its rows, what they changed, and that it was read.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import numpy as np
import pandas as pd

from serving.scoring.column import Input
from training.errors import DataError
from training.prediction_job.errors import FileReplaced
from training.prediction_job.moments import as_text, now
from training.prediction_job.sources import Found, Source, whole
from training.prediction_job.state import quoted, transaction
from training.prediction_job.upsert import Upserted, upsert
from training.reading.csv_lines import CsvStream
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, LINE, read_batches
from training.reading.refusals import Refusals

_log = logging.getLogger(__name__)

#: A row dated later than this would shut out every true row after it. Clocks and zones differ.
_FUTURE = timedelta(days=1)

#: Up to so many rows may be refused whatever their share; beyond them this share.
_MAX_REFUSED = 10
_MAX_REFUSED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Object:
    """An object of the job: its name and table, the columns it is read for, and its files."""

    name: str
    columns: Sequence[str]
    source: Source


def ingest(connection: sqlite3.Connection, kept: Object, waiting: list[str]) -> Upserted:
    """Read the files of an object that are new or were replaced, the oldest first.

    Parameters
    ----------
    connection : Connection
    kept : Object
    waiting : list of str
        Told of the files that are left for another run, and why.

    Returns
    -------
    Upserted
        What became of their rows, all files together.

    Raises
    ------
    DataError
        If a file cannot be used, or there never was a row. Files before it are in the state.
    RegistryError, OSError
        If files cannot be listed or read.
    """
    total = Upserted()
    known = dict(connection.execute("SELECT name, etag FROM files WHERE object = ?", (kept.name,)))
    files = sorted(kept.source.found(), key=lambda file: (file.modified, file.name))
    for file in files:
        if known.get(file.name) == file.tag:
            continue
        try:
            with whole(kept.source, file) as stream:
                done = _read(connection, kept, file, stream)
        except FileReplaced as error:
            _log.warning("%s: %s; it is left for the next run", kept.name, error)
            waiting.append(f"{kept.name}: {error}")
            continue
        _log.info("%s: %s: %s", kept.name, file.name, done.summary())
        total += done
    if not connection.execute(f"SELECT 1 FROM {quoted(kept.name)} LIMIT 1").fetchone():
        # Without a whole object every account would be scored as if it had no such metrics.
        raise DataError(f"{kept.name}: there is no CSV with a usable row at its source yet")
    return total


def _read(connection: sqlite3.Connection, kept: Object, file: Found, stream: BinaryIO) -> Upserted:
    refusals = Refusals()
    with transaction(connection):
        opened = CsvStream(stream, file.name)
        if missing := sorted(set(kept.columns) - set(opened.header)):
            has = ", ".join(opened.header)
            raise DataError(
                f"{kept.name}: {file.name} lacks {', '.join(missing)}; its columns are: {has}"
            )
        dated = LAST_UPDATED in opened.header
        if not dated and file.modified > datetime.now(UTC) + _FUTURE:
            raise DataError(
                f"{kept.name}: the time of {file.name}, {as_text(file.modified)}, lies in the "
                f"future, and its rows have no {LAST_UPDATED} of their own: they would shut out "
                "every later one. Write the file again once its clock is right (or touch it)"
            )
        _make_room(connection, kept.columns)
        for batch in read_batches(opened, [Input(name) for name in kept.columns], refusals):
            _stage(connection, kept.columns, batch, file, refusals)
        done = upsert(connection, kept.name, kept.columns, file.name, refusals, dated=dated)
        _check_refused(kept.name, file.name, refusals)
        _note(connection, kept.name, file, refusals, done)
    return done


def _make_room(connection: sqlite3.Connection, columns: Sequence[str]) -> None:
    kinds = "".join(f", {quoted(name)} REAL" for name in columns)
    connection.execute("DROP TABLE IF EXISTS temp.incoming")
    connection.execute(
        "CREATE TEMP TABLE incoming "
        f"(acct_id TEXT NOT NULL, last_updated TEXT NOT NULL, line INTEGER NOT NULL{kinds})"
    )


def _stage(
    connection: sqlite3.Connection,
    columns: Sequence[str],
    batch: pd.DataFrame,
    file: Found,
    refusals: Refusals,
) -> None:
    if LAST_UPDATED in batch:
        batch = _without_future(batch, file.name, refusals)
        moments = np.datetime_as_string(batch[LAST_UPDATED].dt.tz_localize(None).to_numpy("M8[us]"))
        texts = [f"{moment}Z" for moment in moments.tolist()]
    else:
        texts = [as_text(file.modified)] * len(batch)
    lists = [batch[ACCOUNT].tolist(), texts, batch[LINE].tolist()]
    # NaN is NULL in SQLite.
    lists += [batch[name].tolist() for name in columns]
    marks = ", ".join("?" * len(lists))
    connection.executemany(f"INSERT INTO incoming VALUES ({marks})", zip(*lists, strict=True))


def _without_future(batch: pd.DataFrame, name: str, refusals: Refusals) -> pd.DataFrame:
    late = batch[LAST_UPDATED] > pd.Timestamp(datetime.now(UTC) + _FUTURE)
    if not late.any():
        return batch
    refusals.add_all(name, batch.loc[late, LINE].tolist(), "last_updated lies in the future")
    return batch[~late]


def _check_refused(object_name: str, name: str, refusals: Refusals) -> None:
    if not refusals.total:
        return
    allowed = max(_MAX_REFUSED, _MAX_REFUSED_SHARE * refusals.rows_read)
    if refusals.total > allowed:
        raise DataError(
            f"{object_name}: {refusals.total} of {refusals.rows_read} rows of {name} cannot be "
            f"used; the file is left out until it is mended:\n{refusals.summary()}"
        )


def _note(
    connection: sqlite3.Connection,
    object_name: str,
    file: Found,
    refusals: Refusals,
    done: Upserted,
) -> None:
    where = (object_name, file.name)
    connection.execute("DELETE FROM refused_rows WHERE object = ? AND file = ?", where)
    connection.executemany(
        "INSERT INTO refused_rows VALUES (?, ?, ?, ?)",
        ((*where, entry.line, entry.reason) for entry in refusals.entries),
    )
    connection.execute(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *where, file.tag, as_text(file.modified), now(),
            done.rows, done.upserted, done.older, done.unchanged, done.refused,
        ),
    )  # fmt: skip
