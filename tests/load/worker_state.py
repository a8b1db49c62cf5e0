"""What the kernel says of a server's workers: memory, threads, descriptors. Linux only."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.processes import Process


def workers_of(pid: int) -> list[int]:
    """Give the process ids of a server's workers, oldest first."""
    children = [
        int(place.name)
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and _parent(place) == pid
    ]
    return sorted(children)


def _parent(place: Path) -> int:
    try:
        # The name stands in brackets and can hold anything; the parent is the second word after.
        return int(place.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # gone since it was listed


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Give the resident memory now, or at its peak with `VmHWM`, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {field} of {pid}")


@dataclass(frozen=True)
class Holdings:
    """What a process keeps open: threads and descriptors."""

    threads: int
    descriptors: int

    def near(self, other: Holdings, margin: int = 2) -> bool:
        return (
            abs(self.threads - other.threads) <= margin
            and abs(self.descriptors - other.descriptors) <= margin
        )


def holdings(pid: int) -> Holdings:
    place = Path(f"/proc/{pid}")
    return Holdings(len(list((place / "task").iterdir())), len(list((place / "fd").iterdir())))


def wait_until(true: Callable[[], bool], *, within_s: float, why: str) -> float:
    """Wait for something to become true; gives the seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {why}"
        time.sleep(0.05)
    return time.monotonic() - began


def kill_one(container: Process) -> None:
    """Kill a worker of a container, and wait until there is another one in its place."""
    before = workers_of(container.pid)
    os.kill(before[0], signal.SIGKILL)

    def replaced() -> bool:
        now = workers_of(container.pid)
        return len(now) == len(before) and before[0] not in now

    wait_until(replaced, within_s=20, why="another worker in its place")
