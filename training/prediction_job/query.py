"""Looks at a job's state with SQL, and cannot change it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from serving.scoring.errors import InvalidInput

_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
#: A question that takes longer is a mistake, such as a join without a condition.
MAX_S = 60.0
_STEPS_BETWEEN_LOOKS = 100_000


@dataclass(frozen=True)
class Table:
    """What a question gave: names of columns, and rows that come one by one."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


@contextmanager
def answered(state: Path, sql: str, *, max_s: float = MAX_S) -> Iterator[Table]:
    """Ask a state one question.

    Parameters
    ----------
    state : Path
        The SQLite file; a job may be at work on it.
    sql : str
        One SELECT. Everything else is refused, whatever it would do.
    max_s : float
        Seconds after which the question is dropped.

    Raises
    ------
    InvalidInput
        If there is no such state, or the question is refused, wrong or too long; also while rows
        are read.
    """
    if not state.is_file():
        raise InvalidInput(f"there is no state {state}; `scorecard job` makes it")
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise InvalidInput("the question is not UTF-8") from None
    with closing(_opened(state)) as connection:
        tables = _tables(connection)
        connection.set_authorizer(_authorize)
        give_up = time.monotonic() + max_s
        connection.set_progress_handler(lambda: time.monotonic() > give_up, _STEPS_BETWEEN_LOOKS)
        with _explained(tables, max_s):
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise InvalidInput("give one SELECT; there is none")
            columns = tuple(column[0] for column in cursor.description)
            yield Table(columns, cursor)


def _opened(state: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(state.resolve()))}?mode=ro"
    try:
        return sqlite3.connect(address, uri=True, isolation_level=None, timeout=10)
    except sqlite3.Error as error:
        raise InvalidInput(f"{state} cannot be opened: {error}") from error


def _tables(connection: sqlite3.Connection) -> list[str]:
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        return [name for (name,) in found]
    except sqlite3.OperationalError as error:
        raise InvalidInput(f"the state cannot be read: {_told(error)}") from error
    except sqlite3.DatabaseError as error:
        raise InvalidInput(f"this is no state of a job: {error}") from error


def _told(error: sqlite3.Error) -> str:
    said = str(error)
    if "readonly database" in said or "unable to open" in said:
        # Such a file can be read by those only who may make the two files beside it.
        return (
            f"{said}. To read it takes the right to read the file and to write to its folder, "
            "where SQLite keeps a -wal and a -shm file; else copy the file and ask the copy"
        )
    return said


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    loads_code = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
    allowed = action in _ALLOWED and not loads_code and not str(first).startswith("pragma_")
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


@contextmanager
def _explained(tables: Sequence[str], max_s: float) -> Iterator[None]:
    try:
        yield
    except sqlite3.Warning as error:
        raise InvalidInput(f"give one SELECT and nothing after it: {error}") from error
    except sqlite3.Error as error:
        said = _told(error)
        if "authoriz" in said or "prohibited" in said:
            said = "only SELECT is allowed here: this look at the state cannot change anything"
        elif "no such table" in said:
            said = f"{said}; the tables are {', '.join(tables)}"
        elif said == "interrupted":
            said = f"it takes more than {max_s:g} s; is a condition missing in a join?"
        elif "one statement" in said:
            said = "give one SELECT and nothing after it"
        raise InvalidInput(said) from error
