"""What a process counts: in plain numbers first, written where all processes see it later.

Writing a number to prometheus-client takes about a microsecond, and a request has some sixty. So a
request adds to a `Tally`, and a thread moves what was tallied to the `Board` twice a second. A
process that ends in good order writes what is left; one that is killed loses half a second of
counts.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from serving.web.metric_slots import FOLDER, MetricSlot

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge

    from serving.web.binned_histogram import BinnedHistogram

#: Seconds between two writings.
FLUSH_S = 0.5

_log = logging.getLogger(__name__)


class Tally(Protocol):
    """Counts of one process that are not written yet."""

    def flush(self, board: Board) -> None:
        """Write the counts and begin anew. Runs beside requests, but never twice at a time."""


class Board:
    """The metrics of this process as prometheus-client keeps them, each name once.

    Where there is no folder for them, or no room in it, they stay in this process; who writes them
    need not know. Importing prometheus-client takes a while, so it waits for the first board.
    """

    def __init__(self) -> None:
        from prometheus_client import values

        self._families: dict[str, Any] = {}
        kind: type = values.MutexValue
        if folder := os.environ.get(FOLDER):
            try:
                slot = MetricSlot(Path(folder))
                kind = values.MultiProcessValue(slot.number)  # type: ignore[no-untyped-call]
            except OSError as error:
                fields = {"reason": str(error)}
                _log.warning("metrics of this worker are not kept", extra={"fields": fields})
        # It chooses by the environment when it is imported, which may have been earlier.
        values.ValueClass = kind

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """Give a counter."""
        from prometheus_client import Counter

        family: Counter = self._once(name, lambda: Counter(name, meaning, labels, registry=None))
        return family

    def live_sum(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        """Give a gauge that is summed over the processes that live."""
        from prometheus_client import Gauge

        family: Gauge = self._once(
            name,
            lambda: Gauge(name, meaning, labels, registry=None, multiprocess_mode="livesum"),
        )
        return family

    def histogram(
        self, name: str, meaning: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> BinnedHistogram:
        """Give a histogram; `bounds` are the upper ends of its buckets, which belong to them."""
        from serving.web.binned_histogram import BinnedHistogram

        family: BinnedHistogram = self._once(
            name, lambda: BinnedHistogram(name, meaning, labels, registry=None, buckets=bounds)
        )
        return family

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        # Two of a name would overwrite each other's counts.
        if name not in self._families:
            self._families[name] = make()
        return self._families[name]


class _Keeper:
    """The tallies of this process and its board."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: list[Tally] = []
        self._board: Board | None = None
        self._failed = False

    def add(self, tally: Tally) -> None:
        with self._lock:
            if not self._tallies:
                atexit.register(self.flush)
                threading.Thread(target=self._run, daemon=True, name="metrics").start()
            self._tallies.append(tally)

    def flush(self) -> None:
        with self._lock:
            try:
                self._board = self._board or Board()
                for tally in self._tallies:
                    tally.flush(self._board)
            except Exception as error:  # noqa: BLE001 (whatever it is, requests are served without)
                if not self._failed:  # told once, not twice a second
                    _log.error("metrics were lost", exc_info=error)
                self._failed = True

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_S)
            self.flush()


_keeper = _Keeper()


def keep(tally: Tally) -> None:
    """Write a tally from now on, until the process ends; not before the process is forked."""
    _keeper.add(tally)


def flush() -> None:
    """Write now what was tallied in this process."""
    _keeper.flush()
