"""Rows of one file, staged in the table `incoming`, into their object's table."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from training.prediction_job.objects import ACCOUNTS
from training.prediction_job.state import quoted
from training.reading.refusals import Refusals

_TWO_IN_FILE = "another row of this acct_id has the same last_updated and other values"
_TWO_FILES = "a row of another file has the same acct_id and last_updated and other values"


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of the rows of a file, or of several: counts of rows."""

    rows: int = 0
    upserted: int = 0
    older: int = 0
    unchanged: int = 0
    refused: int = 0

    def __add__(self, other: Upserted) -> Upserted:
        return Upserted(
            self.rows + other.rows,
            self.upserted + other.upserted,
            self.older + other.older,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
        )

    def summary(self) -> str:
        """Say it in a line."""
        return (
            f"{self.rows:,} rows: {self.upserted:,} upserted, {self.older:,} older, "
            f"{self.unchanged:,} unchanged, {self.refused:,} refused"
        )


def upsert(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    file: str,
    refusals: Refusals,
    *,
    dated: bool,
) -> Upserted:
    """Move the staged rows that are newest into their table, and mark the accounts they change.

    Two rows of an account with the same moment and other values contradict: in one file both are
    refused; of two files the later one. But a file that is written again replaces its own rows,
    and where rows carry no moment of their own, the later file's are newer.

    Parameters
    ----------
    connection : Connection
        In a transaction, with the staged rows.
    table, columns : str, sequence of str
        The object, and its columns that the model reads.
    file : str
        Where the rows are from.
    refusals : Refusals
        Told of rows that contradict.
    dated : bool
        Whether the rows carry moments of their own.
    """
    connection.execute("CREATE INDEX temp.incoming_newest ON incoming (acct_id, last_updated)")
    older, repeated = 0, 0
    if _has_several(connection):
        older = _drop_older(connection)
        repeated = _drop_repeated(connection, columns)
        _refuse_contradicting(connection, file, refusals)
    stored = quoted(table)
    joined = f"FROM incoming AS i LEFT JOIN {stored} AS s ON s.acct_id = i.acct_id"
    behind = f"SELECT i.rowid {joined} WHERE i.last_updated < s.last_updated"
    if dated:
        older += _drop(connection, behind)
    else:
        # The file's time is all they have, and copying may set it back: what it says now counts.
        older += _drop(connection, f"{behind} AND s.file IS NOT ?", (file,))
    differs = " OR ".join(f"i.{quoted(name)} IS NOT s.{quoted(name)}" for name in columns)
    if dated:
        same_moment = "i.last_updated = s.last_updated AND s.file IS NOT ?"
        late = f"SELECT i.rowid, i.line {joined} WHERE {same_moment} AND ({differs})"
        _refuse(connection, late, (file,), file, refusals, _TWO_FILES)
    new = f"(s.acct_id IS NULL OR {differs})"
    changed = _count(connection, f"SELECT count(*) {joined} WHERE {new}")
    left = _count(connection, "SELECT count(*) FROM incoming")
    _mark_changed(connection, joined, new)
    names = ", ".join(quoted(name) for name in columns)
    connection.execute(
        f"INSERT OR REPLACE INTO {stored} (acct_id, {names}, last_updated, file) "
        f"SELECT acct_id, {names}, last_updated, ? FROM incoming",
        (file,),
    )
    return Upserted(refusals.rows_read, changed, older, left - changed + repeated, refusals.total)


def _mark_changed(connection: sqlite3.Connection, joined: str, new: str) -> None:
    # Rows of accounts that are not known yet wait in their table; the account's own row marks them.
    known = f"AND i.acct_id IN (SELECT acct_id FROM {quoted(ACCOUNTS)})"
    if quoted(ACCOUNTS) in joined:
        known = ""
    connection.execute(
        f"INSERT INTO changed (acct_id, revision) SELECT i.acct_id, 1 {joined} "
        f"WHERE {new} {known} ON CONFLICT (acct_id) DO UPDATE SET revision = revision + 1"
    )


def _has_several(connection: sqlite3.Connection) -> bool:
    rows, accounts = connection.execute(
        "SELECT count(*), count(DISTINCT acct_id) FROM incoming"
    ).fetchone()
    return bool(rows != accounts)


def _drop_older(connection: sqlite3.Connection) -> int:
    return _drop(
        connection,
        "SELECT i.rowid FROM incoming AS i WHERE EXISTS (SELECT 1 FROM incoming AS n "
        "WHERE n.acct_id = i.acct_id AND n.last_updated > i.last_updated)",
    )


def _drop_repeated(connection: sqlite3.Connection, columns: Sequence[str]) -> int:
    names = ", ".join(quoted(name) for name in columns)
    return _drop(
        connection,
        "SELECT rowid FROM incoming WHERE rowid NOT IN "
        f"(SELECT min(rowid) FROM incoming GROUP BY acct_id, last_updated, {names})",
    )


def _refuse_contradicting(connection: sqlite3.Connection, file: str, refusals: Refusals) -> None:
    twice = "SELECT acct_id FROM incoming GROUP BY acct_id HAVING count(*) > 1"
    rows = f"SELECT rowid, line FROM incoming WHERE acct_id IN ({twice})"
    _refuse(connection, rows, (), file, refusals, _TWO_IN_FILE)


def _refuse(
    connection: sqlite3.Connection,
    rows: str,
    values: tuple[str, ...],
    file: str,
    refusals: Refusals,
    reason: str,
) -> None:
    found = connection.execute(f"{rows} ORDER BY 2", values).fetchall()
    refusals.add_all(file, (line for _, line in found), reason)
    connection.executemany("DELETE FROM incoming WHERE rowid = ?", ((row,) for row, _ in found))


def _drop(connection: sqlite3.Connection, rows: str, values: tuple[str, ...] = ()) -> int:
    return connection.execute(f"DELETE FROM incoming WHERE rowid IN ({rows})", values).rowcount


def _count(connection: sqlite3.Connection, select: str) -> int:
    return int(connection.execute(select).fetchone()[0])
