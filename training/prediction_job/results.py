"""What came back: a row per account in the job's table, and a row per scoring in its history."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from training.prediction_job.answers import Value
from training.prediction_job.changes import Change, settle
from training.prediction_job.definition import Job
from training.prediction_job.moments import now
from training.prediction_job.state import quoted, transaction

SUCCESS, ERROR = "Success", "Error"

_NO_SCORE = "the model could not read this account: every output is null"


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of an account that was sent.

    Attributes
    ----------
    values : tuple or None
        Its outputs in the order of the mapping; None if it has none.
    reason : str
        Why there are none; empty if there are.
    version : str or None
        Which artifact scored.
    """

    change: Change
    values: tuple[Value, ...] | None
    reason: str
    version: str | None


def store(connection: sqlite3.Connection, job: Job, outcome: Sequence[Scored]) -> int:
    """Keep results, and with them what they are results of: all of a batch, or nothing.

    An account that was refused loses the scores it had: they are not those of its inputs.

    Returns
    -------
    int
        How many accounts were refused.
    """
    names = list(job.mapping.outputs)
    outputs = ", ".join(quoted(name) for name in names)
    own = "status, reason, artifact_version, scored_at, inputs_sha256"
    marks = ", ".join("?" * (len(names) + 6))
    stamp = now()
    rows = [_row(job, scored, stamp) for scored in outcome]
    # One row per account here, one per scoring there.
    tables = {job.name: "INSERT OR REPLACE", job.history: "INSERT"}
    with transaction(connection):
        for table, verb in tables.items():
            connection.executemany(
                f"{verb} INTO {quoted(table)} (acct_id, {outputs}, {own}) VALUES ({marks})", rows
            )
        settle(connection, [scored.change for scored in outcome])
    return sum(row[-5] == ERROR for row in rows)


def _row(job: Job, scored: Scored, stamp: str) -> tuple[Value | bytes, ...]:
    values, reason = scored.values, scored.reason
    if values is not None and _is_placeholder(job, values):
        reason = _NO_SCORE
    empty: tuple[Value, ...] = (None,) * len(job.mapping.outputs)
    status = ERROR if reason else SUCCESS
    change = scored.change
    own = (status, reason, scored.version, stamp, change.inputs_sha256)
    return (change.acct_id, *(values or empty), *own)


def _is_placeholder(job: Job, values: tuple[Value, ...]) -> bool:
    # A score may be missing, but the time of scoring, a text, never is.
    has_text = any(output.type == "Text" for output in job.mapping.outputs.values())
    return has_text and all(value is None for value in values)
