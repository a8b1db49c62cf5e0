"""A standalone Spark cluster of this machine's processes: one master, two workers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
STARTED_WITHIN_S = 120.0


@dataclass
class Worker:
    """A worker and its executors: a group of processes, and the folder they write shuffles to."""

    process: subprocess.Popen[bytes]
    scratch: Path

    def kill(self) -> None:
        """End all of it at once, as a machine goes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def has_shuffled(self) -> bool:
        """Whether a task's output lies here, for others to fetch."""
        return any(self.scratch.rglob("shuffle_*.data"))


@dataclass
class StandaloneCluster:
    master: str
    workers: list[Worker]


def until(is_so: Callable[[], bool], what: str, seconds: float = STARTED_WITHIN_S) -> None:
    """Wait for it to be so; fails when it is not in time."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[StandaloneCluster]:
    """Start a cluster, wait until both workers are there, and end it."""
    port, page = free_port(), free_port()
    master = f"spark://{HOST}:{port}"
    started = [
        start(
            folder / "master",
            *("org.apache.spark.deploy.master.Master", "--host", HOST),
            *("--port", str(port), "--webui-port", str(page)),
        )
    ]
    try:
        until(lambda: alive_workers(page) == 0, "the master answers")
        workers = []
        for number in (1, 2):
            place = folder / f"worker{number}"
            process = start(
                place,
                *("org.apache.spark.deploy.worker.Worker", "--host", HOST),
                *("--cores", "1", "--memory", "2g", "--webui-port", "0"),
                *("--work-dir", str(place / "work"), master),
            )
            started.append(process)
            workers.append(Worker(process, place / "scratch"))
        until(lambda: alive_workers(page) == 2, "both workers are there")
        yield StandaloneCluster(master, workers)
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(place: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a daemon of Spark's as the leader of a process group of its own."""
    import pyspark

    home = Path(pyspark.__file__).parent
    (place / "scratch").mkdir(parents=True)
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(place / "scratch"),
        "PYSPARK_PYTHON": sys.executable,
    }
    with (place / "log").open("wb") as log:
        return subprocess.Popen(
            [home / "bin" / "spark-class", *command],
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def alive_workers(page: int) -> int | None:
    """Ask the master how many workers it has; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{page}/json/", timeout=5) as answer:
            return json.load(answer)["aliveworkers"]
    except OSError:
        return None


def free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return free.getsockname()[1]
