"""The runs of a job and how each ended: Activated, InProgress, Success, Failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from training.prediction_job.moments import now
from training.prediction_job.sending import Sent
from training.prediction_job.state import transaction
from training.prediction_job.upsert import Upserted

#: Of runs that did not come to say how they ended.
STOPPED = "the job was stopped, or could not write its state"
IN_PROGRESS, SUCCESS, FAILED = "InProgress", "Success", "Failed"

#: A month of runs every five minutes.
_KEPT = 10_000

#: Of the files that were left for the next run, so many are named.
_NAMED = 5


@dataclass
class Counts:
    """What a run has done so far.

    Attributes
    ----------
    waiting : list of str
        Files that were left for the next run, and why.
    """

    rows: Upserted
    sent: Sent
    waiting: list[str] = field(default_factory=list)

    def left(self) -> str:
        """Say which files were left for the next run; empty if none."""
        if not self.waiting:
            return ""
        more = len(self.waiting) - _NAMED
        named = "; ".join(self.waiting[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
        return f"left for the next run: {named}"


@contextmanager
def recorded_run(connection: sqlite3.Connection) -> Iterator[Counts]:
    """Note that a run begins, and at the end of the block how it ended; count what it is told."""
    counts = Counts(Upserted(), Sent())
    with transaction(connection):
        # It is not under way: whoever works on the state holds its lock, and that is us.
        connection.execute(
            "UPDATE runs SET state = ?, ended_at = ?, reason = ? WHERE state = ?",
            (FAILED, now(), STOPPED, IN_PROGRESS),
        )
        run = connection.execute(
            "INSERT INTO runs (started_at, state) VALUES (?, ?)", (now(), IN_PROGRESS)
        ).lastrowid
        connection.execute("DELETE FROM runs WHERE id <= ?", (int(run or 0) - _KEPT,))
    try:
        yield counts
    except Exception as error:
        why = str(error) or type(error).__name__
        _end(connection, run, counts, FAILED, "; ".join(filter(None, (why, counts.left()))))
        raise
    except BaseException:
        _end(connection, run, counts, FAILED, "the job was stopped")
        raise
    _end(connection, run, counts, SUCCESS, counts.left())


def _end(
    connection: sqlite3.Connection, run: int | None, counts: Counts, state: str, reason: str
) -> None:
    # A name of a file may hold bytes that are no text.
    reason = reason.encode("utf-8", "replace").decode()
    with transaction(connection):
        connection.execute(
            "UPDATE runs SET state = ?, reason = ?, ended_at = ?, rows_read = ?, rows_refused = ?, "
            "accounts_scored = ?, accounts_refused = ? WHERE id = ?",
            (
                state, reason, now(), counts.rows.rows, counts.rows.refused,
                counts.sent.scored, counts.sent.refused, run,
            ),
        )  # fmt: skip
