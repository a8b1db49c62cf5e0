"""A job's runs: read what is new, have what changed scored; once, or again and again."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Mapping

from serving.scoring.errors import ScoringError
from training.prediction_job.calls import Door
from training.prediction_job.changes import mark_all
from training.prediction_job.definition import Job
from training.prediction_job.errors import StateFailed
from training.prediction_job.ingest import Object, ingest
from training.prediction_job.objects import OBJECTS
from training.prediction_job.runs import recorded_run
from training.prediction_job.sending import Sent, send_changed
from training.prediction_job.sources import source_at
from training.prediction_job.state import opened_state

_log = logging.getLogger(__name__)


def run_once(job: Job, environ: Mapping[str, str], *, refresh: bool = False) -> Sent:
    """Run a job once.

    Parameters
    ----------
    job : Job
    environ : mapping of str to str
        Where its key may be.
    refresh : bool
        Score every account again, whether its inputs changed or not.

    Returns
    -------
    Sent
        How many accounts were scored, and how many refused.

    Raises
    ------
    JobRefused
        If the job may not run.
    DataError, CallFailed, StateFailed, RegistryError, OSError
        If the run failed. What was read and scored before is kept.
    """
    key = _key(job, environ)
    with opened_state(job) as connection:
        return _run(connection, job, key, refresh=refresh)


def run_on(job: Job, environ: Mapping[str, str], stopping: threading.Event) -> None:
    """Run a job every so many minutes until told to stop; a run that fails is tried next time.

    Parameters
    ----------
    job, environ
        As for `run_once`.
    stopping : Event
        Once set, no further run begins.

    Raises
    ------
    JobRefused
        If the job may not run.
    """
    key = _key(job, environ)
    with opened_state(job) as connection:
        while not stopping.is_set():
            try:
                _run(connection, job, key)
            except (ScoringError, OSError) as error:
                _log.error("the run failed: %s", error)
            stopping.wait(job.definition.every_minutes * 60)


def _key(job: Job, environ: Mapping[str, str]) -> str:
    job.check_activated()
    return job.key(environ)


def _run(connection: sqlite3.Connection, job: Job, key: str, *, refresh: bool = False) -> Sent:
    try:
        sent = _recorded(connection, job, key, refresh=refresh)
    except sqlite3.Error as error:
        raise StateFailed(
            f"{job.state} cannot be written: {error}. Is the disk full, or does another program "
            "hold it? What was stored before is whole"
        ) from error
    _log.info("%s: Success: %d accounts scored, %d refused", job.name, sent.scored, sent.refused)
    return sent


def _recorded(connection: sqlite3.Connection, job: Job, key: str, *, refresh: bool) -> Sent:
    with recorded_run(connection) as counts:
        if refresh:
            mark_all(connection, job)
        # All objects first: an account is sent once, with all that is new of it. And if one of
        # them cannot be read, none: scores without its metrics would look like scores.
        for kept in _objects(job):
            counts.rows += ingest(connection, kept, counts.waiting)
        # A door per run: one that was stopped by an error stays stopped.
        send_changed(connection, job, Door(job, key), counts.sent)
    return counts.sent


def _objects(job: Job) -> list[Object]:
    streams = job.definition.streams
    # In the order of the objects: rows of accounts not known yet are not marked as changed.
    return [
        Object(name, job.mapping.columns(name), source_at(streams[name].source, job.folder))
        for name in OBJECTS
    ]
