"""Worker processes: the same function over many tasks, results in the order of the tasks."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Any, NamedTuple, Protocol, TypeVar

from serving.scoring.errors import ScoringError

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

#: Tasks handed out or done before their turn, for each process: what bounds the memory.
_AHEAD = 2


class WorkerDied(ScoringError):
    """A worker process was ended by something else, and its results are lost."""


class InOrder(Protocol):
    """Apply a function to tasks; give the results in the order of the tasks."""

    def __call__(
        self, function: Callable[[_Task], _Result], tasks: Iterable[_Task], /
    ) -> Iterator[_Result]:
        """Yield the function's result of each task."""


class Workers(NamedTuple):
    """How many processes there are, and what hands tasks to them."""

    jobs: int
    in_order: InOrder


#: No process but this one.
ALONE = Workers(1, map)


@contextmanager
def worker_processes(jobs: int) -> Iterator[Workers]:
    """Start processes, and give what hands tasks to them; with 1 job all is done in this process.

    Tasks are taken one by one as results are, a few ahead. If `tasks` raises, so do the results,
    after those of the tasks before. Functions and tasks must be such as can be sent to a process.
    When the block ends no process is left; if it raises, they end the tasks they are at, a few
    seconds' work: one that is killed while it sends a result leaves this process waiting for it.

    Raises
    ------
    WorkerDied
        If a process was ended by something else.
    """
    if jobs == 1:
        yield ALONE
        return
    # Not by fork: Arrow and DuckDB have threads, and a fork copies the locks they hold.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin)

    def in_order(
        function: Callable[[_Task], _Result], tasks: Iterable[_Task], /
    ) -> Iterator[_Result]:
        return _in_order(pool, function, tasks, jobs * _AHEAD)

    try:
        yield Workers(jobs, in_order)
    except BrokenProcessPool:
        raise WorkerDied(
            "a worker process was ended before its work was done; if the machine has run out "
            "of memory, take fewer jobs"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor,
    function: Callable[[_Task], _Result],
    tasks: Iterable[_Task],
    ahead: int,
) -> Iterator[_Result]:
    waiting: deque[Future[_Result]] = deque()
    for future in _started(pool, function, tasks):
        waiting.append(future)
        if len(waiting) == ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _started(
    pool: ProcessPoolExecutor, function: Callable[[_Task], _Result], tasks: Iterable[_Task]
) -> Iterator[Future[_Result]]:
    """Hand out tasks; an error in taking one takes its turn after the tasks before."""
    remaining = iter(tasks)
    while True:
        try:
            task = next(remaining)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - raised where its turn is
            failed: Future[Any] = Future()
            failed.set_exception(error)
            yield failed
            return
        yield pool.submit(function, task)


def _begin() -> None:
    """Leave Ctrl-C to the parent, which ends this process; end with the parent, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
