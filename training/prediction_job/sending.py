"""Sends the changed accounts, several batches at a time, and stores each as it comes back."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from training.prediction_job.calls import Door
from training.prediction_job.changes import Change, batches
from training.prediction_job.definition import Job
from training.prediction_job.errors import CallFailed, RowsRefused, TooLargeBatch
from training.prediction_job.results import Scored, store

_log = logging.getLogger(__name__)


@dataclass
class Sent:
    """How many accounts got scores, and how many an Error instead."""

    scored: int = 0
    refused: int = 0


def send_changed(connection: sqlite3.Connection, job: Job, door: Door, sent: Sent) -> None:
    """Have every changed account scored; what was scored before an error is stored.

    Raises
    ------
    CallFailed
        The first that stopped a batch; its accounts stay to be scored.
    """
    failures: list[CallFailed] = []
    in_flight = job.definition.batch.in_flight
    with ThreadPoolExecutor(in_flight, thread_name_prefix="batch") as pool:
        waiting: set[Future[list[Scored]]] = set()
        try:
            for batch in batches(connection, job):
                waiting.add(pool.submit(score, door, batch))
                if len(waiting) >= in_flight:
                    waiting = _collect(connection, job, waiting, sent, failures)
                if failures:
                    break
            while waiting:
                waiting = _collect(connection, job, waiting, sent, failures)
        except BaseException:
            # The threads would go on trying while the pool waits for them.
            door.stop()
            raise
    if failures:
        raise failures[0]


def _collect(
    connection: sqlite3.Connection,
    job: Job,
    waiting: set[Future[list[Scored]]],
    sent: Sent,
    failures: list[CallFailed],
) -> set[Future[list[Scored]]]:
    done, others = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        try:
            outcome = future.result()
        except CallFailed as error:
            _log.error("a batch failed, nothing of it was stored: %s", error)
            failures.append(error)
            continue
        refused = store(connection, job, outcome)
        sent.refused += refused
        sent.scored += len(outcome) - refused
    return others


def score(door: Door, changes: Sequence[Change]) -> list[Scored]:
    """Have a batch scored; accounts that the model refuses by name do not stop the others.

    Raises
    ------
    CallFailed
        As `Door.ask`.
    """
    return list(_scored(door, changes))


def _scored(door: Door, changes: Sequence[Change]) -> Iterator[Scored]:
    left = list(changes)
    while left:
        try:
            answer = door.ask(left)
        except RowsRefused as refused:
            for place, reason in refused.reasons.items():
                yield Scored(left[place], None, reason, None)
            left = [each for place, each in enumerate(left) if place not in refused.reasons]
        except TooLargeBatch as refused:
            if len(left) == 1:
                yield Scored(left[0], None, str(refused), None)
            else:
                half = len(left) // 2
                yield from _scored(door, left[:half])
                yield from _scored(door, left[half:])
            return
        else:
            for change, values in zip(left, answer.rows, strict=True):
                yield Scored(change, values, "", answer.version)
            return
