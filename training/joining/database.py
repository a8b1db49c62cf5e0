"""DuckDB, as the join uses it: views of Parquet files, and SQL over them, in bounded memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from serving.scoring.errors import ScoringError
from training.bulk.account_batches import BATCH_ROWS
from training.joining.statements import count

_INTERRUPTED = "Query interrupted"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class JoinFailed(ScoringError):
    """The database cannot join the tables: there is too little memory, or room on the disk."""


class Database:
    """A database of views.

    Parameters
    ----------
    folder : Path
        Where it puts what does not fit into its memory.
    memory_bytes : int
        What it may keep in memory; Python's and Arrow's own is not counted.
    threads : int
    """

    def __init__(self, folder: Path, *, memory_bytes: int, threads: int) -> None:
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_bytes}B",
                "threads": threads,
                "temp_directory": str(folder / "spilled"),
                # Where an order matters it is asked for.
                "preserve_insertion_order": False,
            }
        )

    def close(self) -> None:
        """Close it, and forget all views."""
        self._connection.close()

    def view_files(self, name: str, folder: Path) -> None:
        """Call the rows of all Parquet files in a folder by a name."""
        paths = sorted(str(path) for path in folder.iterdir())
        self._connection.read_parquet(paths).create_view(name)

    def view(self, name: str, statement: str) -> None:
        """Call the rows of a statement by a name."""
        self._connection.execute(f"CREATE VIEW {name} AS {statement}")

    def keep(self, name: str, statement: str) -> int:
        """Compute a statement's rows once and call them by a name; gives how many there are."""
        self._connection.execute(f"CREATE TABLE {name} AS {statement}")
        return self.count(name)

    def count(self, name: str) -> int:
        """Count rows."""
        return int(self.single(count(name)))

    def single(self, statement: str) -> Any:
        """Give the one value that a statement selects."""
        return self._connection.sql(statement).to_arrow_table().column(0)[0].as_py()

    def batches(self, statement: str) -> pa.RecordBatchReader:
        """Give a statement's rows as they are computed."""
        return self._connection.sql(statement).to_arrow_reader(BATCH_ROWS)


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Raise JoinFailed where the disk is full: the system's own error says neither where nor what.

    Parameters
    ----------
    folder : Path
        What the block writes to.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise JoinFailed(
            f"the tables cannot be joined in {folder.parent}: {os.strerror(error.errno)}; it takes "
            "some three times the size of the files: set TMPDIR to a place with more room"
        ) from None


@contextmanager
def opened_database(folder: Path, *, memory_bytes: int, threads: int) -> Iterator[Database]:
    """Open a database for the time of a block.

    Raises
    ------
    JoinFailed
        If memory or disk do not suffice for what it is asked.
    KeyboardInterrupt
        If it is interrupted in a statement: DuckDB makes another error of that.
    """
    try:
        database = Database(folder, memory_bytes=memory_bytes, threads=threads)
        try:
            with room_in(folder):
                yield database
        finally:
            database.close()
    except (duckdb.InterruptException, RuntimeError) as error:
        if _INTERRUPTED not in str(error):
            raise
        raise KeyboardInterrupt from None
    except (duckdb.Error, pa.ArrowException) as error:
        raise JoinFailed(f"the tables cannot be joined in {folder.parent}: {error}") from None
