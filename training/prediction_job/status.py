"""Says how a job stands: its last run, its objects, its accounts, what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from training.prediction_job.definition import ACTIVATED, Job
from training.prediction_job.objects import ACCOUNTS, OBJECTS
from training.prediction_job.query import answered
from training.prediction_job.runs import FAILED, IN_PROGRESS, STOPPED
from training.prediction_job.state import check_same_job, is_running, quoted
from training.prediction_job.tables import write_file

_SHOWN = 5


def status_lines(job: Job) -> Iterator[str]:
    """Describe a job for people, a line at a time.

    Raises
    ------
    InvalidInput
        If its state cannot be read, or is another job's or mapping's.
    """
    model = job.definition.model
    if not job.state.is_file():
        yield f"{job.name}: {ACTIVATED}; it has not run yet"
        yield f"model {model.name}: {model.status}"
        return
    _check_state(job)
    runs = _rows(
        job.state,
        "SELECT state, started_at, ended_at, rows_read, accounts_scored, accounts_refused, reason "
        "FROM runs ORDER BY id DESC LIMIT 1",
    )
    yield from _run_lines(job, runs)
    yield f"model {model.name}: {model.status}"
    for name in OBJECTS:
        [(rows, newest, files, refused)] = _rows(
            job.state,
            f"SELECT count(*), max(last_updated), "
            f"(SELECT count(*) FROM files WHERE object = '{name}'), "
            f"(SELECT coalesce(sum(refused), 0) FROM files WHERE object = '{name}') "
            f"FROM {quoted(name)}",
        )
        yield (
            f"{name}: {rows:,} accounts from {files:,} files, newest {newest or '-'}, "
            f"{refused:,} rows refused"
        )
    [(accounts, scored, errors, waiting)] = _rows(
        job.state,
        f"SELECT (SELECT count(*) FROM {quoted(ACCOUNTS)}), "
        f"(SELECT count(*) FROM {quoted(job.name)} WHERE status = 'Success'), "
        f"(SELECT count(*) FROM {quoted(job.name)} WHERE status <> 'Success'), "
        "(SELECT count(*) FROM changed)",
    )
    yield f"{accounts:,} accounts: {scored:,} scored, {errors:,} Error, {waiting:,} to be scored"
    yield from _version_lines(job)
    yield from _refusals(job)


def export(job: Job, path: Path) -> int:
    """Write acct_id and the outputs of every account to .csv or .parquet; gives their number.

    Raises
    ------
    InvalidInput, OSError
        As `write_file`, and if there is no state, or it is another job's or mapping's.
    """
    _check_state(job)
    # With the table's name: alone, SQLite takes what is no column for a text.
    table_name = quoted(job.name)
    outputs = job.mapping.outputs
    names = ", ".join(f"{table_name}.{quoted(name)}" for name in ("acct_id", *outputs))
    kinds = {"acct_id": str} | {
        name: float if output.type == "Number" else str for name, output in outputs.items()
    }
    sql = f"SELECT {names} FROM {table_name} ORDER BY acct_id"
    with answered(job.state, sql, max_s=float("inf")) as table:
        return write_file(table, path, kinds=kinds)


def _check_state(job: Job) -> None:
    check_same_job(job, _rows(job.state, "SELECT name, mapping_sha256 FROM job"))


def _version_lines(job: Job) -> Iterator[str]:
    newest = _rows(
        job.state,
        f"SELECT artifact_version FROM {quoted(job.history)} WHERE artifact_version IS NOT NULL "
        "ORDER BY id DESC LIMIT 1",
    )
    versions = _rows(
        job.state,
        f"SELECT artifact_version, count(*) FROM {quoted(job.name)} "
        "WHERE artifact_version IS NOT NULL GROUP BY 1",
    )
    for (version,) in newest:
        others = sum(count for name, count in versions if name != version)
        if others:
            yield (
                f"{others:,} accounts have scores of another model than the newest answer's, "
                f"{version}; --once --refresh scores all of them again"
            )


def _run_lines(job: Job, runs: Sequence[Sequence[Any]]) -> Iterator[str]:
    if not runs:
        yield f"{job.name}: {ACTIVATED}; it has not run yet"
        return
    state, started, ended, rows, scored, refused, reason = runs[0]
    if state == IN_PROGRESS and not is_running(job.state):
        state, reason = FAILED, STOPPED
    yield f"{job.name}: {state}; last run from {started} to {ended or '-'}"
    if ended:
        yield f"  {rows:,} rows read, {scored:,} accounts scored, {refused:,} refused by the model"
    if reason:
        yield f"  {reason}"


def _refusals(job: Job) -> Iterator[str]:
    for name, file, line, reason in _rows(
        job.state, f"SELECT object, file, line, reason FROM refused_rows LIMIT {_SHOWN}"
    ):
        yield f"refused: {name}: {file}, line {line}: {reason}"
    for account, reason in _rows(
        job.state,
        f"SELECT acct_id, reason FROM {quoted(job.name)} WHERE status <> 'Success' LIMIT {_SHOWN}",
    ):
        yield f"Error: account {account}: {reason}"


def _rows(state: Path, sql: str) -> list[Sequence[Any]]:
    with answered(state, sql) as table:
        return list(table.rows)
