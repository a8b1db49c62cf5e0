"""What a program and all processes it starts take: seconds, processor time, memory (Linux)."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_KB = 1024
_TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds between two looks at the processes, at least.
_PAUSE_S = 0.1
#: Looking takes a share of a processor no larger than this: it must not slow what is looked at.
_SHARE = 0.02


@dataclass(frozen=True)
class Spent:
    """What a program took.

    Attributes
    ----------
    wall_s, cpu_s : float
        From start to end; user and system time of all its processes.
    peak_bytes : int
        Largest sum over the processes of a moment: proportional set sizes (a page that n processes
        share counts 1/n for each), or resident sizes where those cannot be read. Sampled.
    largest_bytes : int
        Peak resident size of the largest process, as the kernel keeps it: no peak is missed
        between two looks.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    largest_bytes: int


class TreeWatch:
    """Looks at processes and their children again and again, in a thread, for a block.

    Attributes
    ----------
    peak_bytes, largest_bytes : int
        As those of `Spent`.
    cpu_s : float
        Processor time since the block began; of a process that has ended, what was seen last.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self.peak_bytes = 0
        self.largest_bytes = 0
        self._pids = tuple(pids)
        self._before: dict[int, float] = {}
        self._seen: dict[int, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tree watch")

    @property
    def cpu_s(self) -> float:
        return sum(spent - self._before.get(pid, 0.0) for pid, spent in self._seen.items())

    def __enter__(self) -> Self:
        self._before = {pid: own_cpu_s(pid) for pid in tree(self._pids)}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._look_at_time()

    def _watch(self) -> None:
        pause, memory_at = 0.0, 0.0
        while not self._end.wait(pause):
            pause = max(_PAUSE_S, _cost_s(self._look_at_time) / _SHARE)
            # The kernel walks through all pages for it: longer than all else.
            if time.monotonic() >= memory_at:
                memory_at = time.monotonic() + _cost_s(self._look_at_memory) / _SHARE

    def _look_at_time(self) -> None:
        now = {pid: spent for pid in tree(self._pids) if (spent := own_cpu_s(pid))}
        # Others may be reading it.
        self._seen = {**self._seen, **now}

    def _look_at_memory(self) -> None:
        pids = tree(self._pids)
        self.peak_bytes = max(self.peak_bytes, sum(map(memory_bytes, pids)))
        self.largest_bytes = max(self.largest_bytes, *map(largest_resident_bytes, pids), 0)


def _cost_s(look: Callable[[], None]) -> float:
    began = time.thread_time()
    look()
    return time.thread_time() - began


def run_measured(
    command: Sequence[str | Path], *, beside: Iterable[int] = (), **environ: str
) -> Spent:
    """Run a program to its end and measure it, and servers `beside` that work for it, by pid.

    Raises
    ------
    SystemExit
        If it fails, with what it said.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **environ},
    )
    said: list[bytes] = []
    assert process.stderr is not None
    reading = threading.Thread(target=lambda: said.append(process.stderr.read()))
    with TreeWatch([process.pid, *beside]) as watch, process.stderr:
        reading.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        reading.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{b''.join(said).decode()}")
    # The kernel's sum lacks processes that nobody waited for; the watch, their last moments.
    cpu_s = max(usage.ru_utime + usage.ru_stime, watch.cpu_s)
    return Spent(wall_s, cpu_s, watch.peak_bytes, watch.largest_bytes)


def tree(pids: Iterable[int]) -> list[int]:
    """Give processes and all their children, and theirs, that live."""
    found: list[int] = []
    to_do = list(pids)
    while to_do:
        pid = to_do.pop()
        if not Path(f"/proc/{pid}").exists():
            continue
        try:
            # Of each thread: a process started by a thread is that thread's child.
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                to_do += map(int, children.read_text().split())
        except OSError:
            continue
        found.append(pid)
    return found


def own_cpu_s(pid: int) -> float:
    """Give the processor time of a process without its children; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_bytes(pid: int) -> int:
    """Give a process's proportional set size, or else its resident size; 0 if it is gone."""
    return _kilobytes(pid, "smaps_rollup", "Pss:") or _kilobytes(pid, "status", "VmRSS:")


def largest_resident_bytes(pid: int) -> int:
    """Give the largest resident size that a process ever had; 0 if it is gone."""
    # Not getrusage's: that begins with the process it was forked from.
    return _kilobytes(pid, "status", "VmHWM:")


def _kilobytes(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KB for line in lines if line.startswith(name)), 0)
