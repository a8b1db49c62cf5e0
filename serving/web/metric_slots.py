"""Files in which the processes of one server keep their counts, so that each can tell the sum.

prometheus-client gives every process files of its own and adds up what all files hold. It names
them after process ids, and the files of dead processes must stay or totals would fall: so with
every reload there are more of them, and adding up takes longer. Here a process takes a slot
instead, the first that is free, and counts on from what the slot's last owner left. There are as
many slots as there ever were processes at the same time.

A slot is owned by whoever holds the lock on its file. The system releases it when the owner dies,
however that happens.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Where prometheus-client looks for the folder.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_PREFIX = "scorecard-metrics-"
#: The file in a folder that its server has locked.
_LOCK = "server.lock"
#: Less room than this, and the folder is made elsewhere.
_ROOM_BYTES = 32 * 2**20
#: Files have their size from the beginning: some 100 metrics fit. One that grows is written through
#: a mapping before it has room, and where the file system is full that ends the process.
_FILE_BYTES = {"counter": 2**17, "histogram": 2**18, "gauge_livesum": 2**14}
_MAX_SLOTS = 1024

_log = logging.getLogger(__name__)


def prepare_metrics() -> Path | None:
    """Make the folder of this server's metrics; for the master, before it forks.

    Returns
    -------
    Path or None
        A folder that only this user can open, removed when this process ends in good order. None
        if there is no place for one: that is logged, and serving goes on without.
    """
    # A folder that is inherited is another server's.
    os.environ.pop(FOLDER, None)
    try:
        folder = _make_folder()
    except OSError as error:
        _log.warning("metrics are not kept", extra={"fields": {"reason": str(error)}})
        return None
    os.environ[FOLDER] = str(folder)
    # Workers inherit what is registered here, and must leave the folder alone.
    atexit.register(_remove, folder, os.getpid())
    return folder


def _make_folder() -> Path:
    places = [place for place in _places() if shutil.disk_usage(place).free >= _ROOM_BYTES]
    for place in places:
        with contextlib.suppress(OSError):
            _sweep(place)
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            _lock(folder)
            return folder
    raise OSError(f"neither shared memory nor the temp directory has {_ROOM_BYTES} bytes to write")


def _places() -> Iterator[Path]:
    shared_memory = Path("/dev/shm")  # noqa: S108 (the folder in it gets a name nobody can guess)
    if shared_memory.is_dir():
        yield shared_memory
    yield Path(tempfile.gettempdir())


def _lock(folder: Path) -> None:
    """Lock a folder for as long as this process or a worker lives."""
    unlocked = folder / "new.lock"
    lock = os.open(unlocked, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # By this name it is locked from the first moment.
    unlocked.rename(folder / _LOCK)


def _sweep(place: Path) -> None:
    """Remove the folders of servers that were killed."""
    for path in place.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def worker_ended() -> None:
    """Take what ended workers last said of themselves out of the sums; their counts stay.

    For the master, as gunicorn's ``child_exit``, where an error would end the server.
    """
    folder = os.environ.get(FOLDER)
    for path in Path(folder).glob("slot_*.lock") if folder else ():
        # If the slot has an owner, it cannot be locked, and is left alone.
        with contextlib.suppress(OSError), path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _drop_gauges(path.parent, path.stem.removeprefix("slot_"))


class MetricSlot:
    """The slot of this process; a process forked from it gets another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner = 0
        self._number = 0
        self._lock = -1

    def number(self) -> int:
        """Give the slot's number, by which prometheus-client names files.

        Raises
        ------
        OSError
            If there is no room for the files.
        """
        if self._owner != os.getpid():
            self._take()
        return self._number

    def _take(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)  # The parent's; it still has it.
            self._lock = -1
        for number in range(_MAX_SLOTS):
            lock = os.open(self._folder / f"slot_{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _drop_gauges(self._folder, str(number))
                _reserve(self._folder, number)
            except BlockingIOError:
                os.close(lock)
                continue
            except OSError:
                os.close(lock)
                raise
            self._owner, self._number, self._lock = os.getpid(), number, lock
            return
        raise OSError(f"all {_MAX_SLOTS} slots are taken")


def _drop_gauges(folder: Path, number: str) -> None:
    for path in folder.glob(f"gauge_live*_{number}.db"):
        path.unlink(missing_ok=True)


def _reserve(folder: Path, number: int) -> None:
    """Give a slot its files, filled with zeros, which take room; OSError if there is none."""
    for kind, size in _FILE_BYTES.items():
        path = folder / f"{kind}_{number}.db"
        if path.exists():
            continue
        # Whoever adds up may find the file at any moment, and cannot read an empty one.
        unfinished = path.with_suffix(".new")
        try:
            unfinished.write_bytes(bytes(size))
            unfinished.rename(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
