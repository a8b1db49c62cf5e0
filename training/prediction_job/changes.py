"""Which accounts are to be scored: those whose inputs are not the ones their result is of."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.prediction_job.definition import Job
from training.prediction_job.objects import ACCOUNTS, OBJECTS
from training.prediction_job.state import quoted, transaction

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_BEFORE, _BETWEEN, _AFTER = '{"instances":[', ",", "]}"


@dataclass(frozen=True, slots=True)
class Change:
    """An account to score.

    Attributes
    ----------
    revision : int
        Counts its changes; if it has grown when the score comes, the account is scored again.
    inputs_sha256 : bytes
        Of its inputs, in the order of the wire.
    instance : str
        The account as a request has it.
    """

    acct_id: str
    revision: int
    inputs_sha256: bytes
    instance: str


def body_of(changes: Sequence[Change]) -> bytes:
    """Write a request in Einstein Studio's format `Json`."""
    instances = _BETWEEN.join(change.instance for change in changes)
    return f"{_BEFORE}{instances}{_AFTER}".encode()


def batches(connection: sqlite3.Connection, job: Job) -> Iterator[list[Change]]:
    """Go through the changed accounts once, in batches bounded by rows and by bytes.

    Accounts that were changed back, or whose change is none of an input, are settled on the way
    without being sent.
    """
    limits = job.definition.batch
    batch: list[Change] = []
    size = len(_BEFORE) + len(_AFTER)
    for change in _changed(connection, job):
        more = len(change.instance) + len(_BETWEEN)
        if batch and (len(batch) == limits.rows or size + more > limits.bytes):
            yield batch
            batch, size = [], len(_BEFORE) + len(_AFTER)
        batch.append(change)
        size += more
    if batch:
        yield batch


def settle(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """Forget that accounts are to be scored, unless they have changed again since."""
    connection.executemany(
        "DELETE FROM changed WHERE acct_id = ? AND revision = ?",
        ((change.acct_id, change.revision) for change in changes),
    )


def mark_all(connection: sqlite3.Connection, job: Job) -> None:
    """Have every account scored again, whether its inputs changed or not."""
    with transaction(connection):
        connection.execute(f"UPDATE {quoted(job.name)} SET inputs_sha256 = NULL")
        connection.execute(
            f"INSERT INTO changed (acct_id, revision) SELECT acct_id, 1 FROM {quoted(ACCOUNTS)} "
            "WHERE true ON CONFLICT (acct_id) DO UPDATE SET revision = revision + 1"
        )


def _changed(connection: sqlite3.Connection, job: Job) -> Iterator[Change]:
    select, after = _select(job), ""
    # Page by page behind the last id: an account on its way is not met again in this pass, and
    # no cursor stays open while results are written.
    while page := connection.execute(select, (after, job.definition.batch.rows)).fetchall():
        after = page[-1][0]
        unchanged = []
        for acct_id, revision, sent, *values in page:
            change = _change(acct_id, revision, values)
            if change.inputs_sha256 == sent:
                unchanged.append(change)
            else:
                yield change
        if unchanged:
            with transaction(connection):
                settle(connection, unchanged)


def _select(job: Job) -> str:
    columns = ", ".join(
        ".".join(quoted(part) for part in source.split("."))
        for source in job.mapping.inputs.values()
    )
    # An account without a row in an object is scored all the same: those inputs are missing.
    others = "".join(
        f" LEFT JOIN {quoted(name)} ON {quoted(name)}.acct_id = c.acct_id"
        for name in OBJECTS
        if name != ACCOUNTS
    )
    accounts = quoted(ACCOUNTS)
    return (
        f"SELECT c.acct_id, c.revision, r.inputs_sha256, {columns} FROM changed AS c "
        f"JOIN {accounts} ON {accounts}.acct_id = c.acct_id{others} "
        f"LEFT JOIN {quoted(job.name)} AS r ON r.acct_id = c.acct_id "
        "WHERE c.acct_id > ? ORDER BY c.acct_id LIMIT ?"
    )


def _change(acct_id: str, revision: int, values: Sequence[float | None]) -> Change:
    known = [float("nan") if value is None else value for value in values]
    sha256 = hashlib.sha256(struct.pack(f"<{len(known)}d", *known)).digest()
    features = _ENCODER.encode(values)
    return Change(acct_id, revision, sha256, f'{{"features":{features}}}')
