"""The runs of a job and how each ended: Activated, InProgress, Success, Failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from training.prediction_job.moments import now
from training.prediction_job.sending import Sent
from training.prediction_job.state import transaction
from training.prediction_job.upsert import Upserted

IN_PROGRESS, SUCCESS, FAILED = "InProgress", "Success", "Failed"

#: A month of runs every five minutes.
_KEPT = 10_000


@dataclass
class Counts:
    """What a run has done so far."""

    rows: Upserted
    sent: Sent


@contextmanager
def recorded_run(connection: sqlite3.Connection) -> Iterator[Counts]:
    """Note that a run begins, and at the end of the block how it ended; count what it is told."""
    counts = Counts(Upserted(), Sent())
    with transaction(connection):
        # Its process is gone: while it lives, it holds the lock.
        connection.execute(
            "UPDATE runs SET state = ?, ended_at = ?, reason = 'the job was stopped' "
            "WHERE state = ?",
            (FAILED, now(), IN_PROGRESS),
        )
        run = connection.execute(
            "INSERT INTO runs (started_at, state) VALUES (?, ?)", (now(), IN_PROGRESS)
        ).lastrowid
        connection.execute("DELETE FROM runs WHERE id <= ?", (int(run or 0) - _KEPT,))
    try:
        yield counts
    except Exception as error:
        _end(connection, run, counts, FAILED, str(error) or type(error).__name__)
        raise
    except BaseException:
        _end(connection, run, counts, FAILED, "the job was stopped")
        raise
    _end(connection, run, counts, SUCCESS, "")


def _end(
    connection: sqlite3.Connection, run: int | None, counts: Counts, state: str, reason: str
) -> None:
    with transaction(connection):
        connection.execute(
            "UPDATE runs SET state = ?, reason = ?, ended_at = ?, rows_read = ?, rows_refused = ?, "
            "accounts_scored = ?, accounts_refused = ? WHERE id = ?",
            (
                state, reason, now(), counts.rows.rows, counts.rows.refused,
                counts.sent.scored, counts.sent.refused, run,
            ),
        )  # fmt: skip
