"""The SQLite file with all a job knows: inputs, what changed, results, history, runs.

One process writes (a lock beside the file says so), others may read meanwhile. Whatever belongs
together is one transaction, so that a killed job leaves the state before or after, never between.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from training.prediction_job.definition import Job
from training.prediction_job.errors import JobRefused
from training.prediction_job.objects import OBJECTS

_TABLES = """
CREATE TABLE IF NOT EXISTS job (
    name TEXT NOT NULL, mapping_sha256 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS files (
    object TEXT NOT NULL, name TEXT NOT NULL, etag TEXT NOT NULL, modified TEXT NOT NULL,
    read_at TEXT NOT NULL, rows INTEGER NOT NULL, upserted INTEGER NOT NULL,
    older INTEGER NOT NULL, unchanged INTEGER NOT NULL, refused INTEGER NOT NULL,
    PRIMARY KEY (object, name)
);
CREATE TABLE IF NOT EXISTS refused_rows (
    object TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refused_rows_of_file ON refused_rows (object, file);
CREATE TABLE IF NOT EXISTS changed (
    acct_id TEXT PRIMARY KEY, revision INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, ended_at TEXT, state TEXT NOT NULL,
    rows_read INTEGER NOT NULL DEFAULT 0, rows_refused INTEGER NOT NULL DEFAULT 0,
    accounts_scored INTEGER NOT NULL DEFAULT 0, accounts_refused INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
);
"""

#: Seconds for which another program's lock on the state is waited for.
WAIT_S = 30.0

#: Columns of a result beside its outputs.
_RESULT = (
    "status TEXT NOT NULL, reason TEXT NOT NULL, artifact_version TEXT, scored_at TEXT NOT NULL"
)
_SQL_TYPES = {"Number": "REAL", "Text": "TEXT"}


def quoted(name: str) -> str:
    """Give a name as SQL has it; names are checked where they are read."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened_state(job: Job) -> Iterator[sqlite3.Connection]:
    """Open a job's state for writing; make it if there is none.

    Raises
    ------
    JobRefused
        If another process has it open, it belongs to another job or mapping, or is no state.
    OSError
        If the file cannot be made.
    """
    path = job.state
    if path.is_dir():
        raise JobRefused(f"{path} is a folder; state must name a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path), closing(_connect(path)) as connection:
        try:
            _prepare(connection, job)
        except sqlite3.Error as error:
            raise JobRefused(f"{path} cannot be used as a state: {error}") from error
        yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of a block, or, if it raises, nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_running(path: Path) -> bool:
    """Tell whether a job works on a state now."""
    try:
        with path.with_name(f"{path.name}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # Never removed: whoever removed it could leave two processes with two locks.
    with path.with_name(f"{path.name}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read(20).strip() or "unknown"
            raise JobRefused(
                f"another job (process {holder}) works on {path}; stop it or use another state"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _connect(path: Path) -> sqlite3.Connection:
    # Transactions are begun by `transaction` alone.
    connection = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # After a power cut the last transactions may be gone, each whole: they are done again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = FILE")
    except sqlite3.Error as error:
        connection.close()
        raise JobRefused(f"{path} cannot be used as a state: {error}") from error
    return connection


def _prepare(connection: sqlite3.Connection, job: Job) -> None:
    with transaction(connection):
        for statement in _TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        _check_is_same_job(connection, job)
        for name in OBJECTS:
            columns = "".join(f"{quoted(c)} REAL, " for c in job.mapping.columns(name))
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {quoted(name)} (acct_id TEXT PRIMARY KEY, {columns}"
                "last_updated TEXT NOT NULL, file TEXT NOT NULL)"
            )
        outputs = "".join(
            f"{quoted(name)} {_SQL_TYPES[output.type]}, "
            for name, output in job.mapping.outputs.items()
        )
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(job.name)} (acct_id TEXT PRIMARY KEY, {outputs}"
            f"{_RESULT}, inputs_sha256 BLOB)"
        )
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(job.history)} (id INTEGER PRIMARY KEY, "
            f"acct_id TEXT NOT NULL, {outputs}{_RESULT}, inputs_sha256 BLOB)"
        )
        connection.execute(
            f"CREATE INDEX IF NOT EXISTS {quoted(job.history + '_of_account')} "
            f"ON {quoted(job.history)} (acct_id, id)"
        )


def _check_is_same_job(connection: sqlite3.Connection, job: Job) -> None:
    known = connection.execute("SELECT name, mapping_sha256 FROM job").fetchall()
    if known:
        check_same_job(job, known)
    else:
        connection.execute("INSERT INTO job VALUES (?, ?)", (job.name, job.mapping.sha256))


def check_same_job(job: Job, known: Sequence[Sequence[str]]) -> None:
    """Refuse a state of another job or mapping.

    Parameters
    ----------
    job : Job
    known : sequence of (name, mapping_sha256)
        The rows of the state's table `job`; there is one.

    Raises
    ------
    JobRefused
        If it is another's.
    """
    for name, mapping_sha256 in known:
        if name != job.name:
            raise JobRefused(f"{job.state} is the state of the job {name}; use another file")
        if mapping_sha256 != job.mapping.sha256:
            raise JobRefused(
                f"{job.state} was made with another mapping, whose columns and scores it holds; "
                "use another state, which scores every account anew"
            )
