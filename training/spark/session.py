"""Opens a Spark session, or says what there is none for."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from serving.scoring.errors import ScoringError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Rows in a batch between Spark and Python: enough for numpy, and some ten megabytes.
BATCH_ROWS = 2**16

_MASTERS = ("local", "spark://", "yarn", "k8s://", "mesos://")
_LOOPBACK = "127.0.0.1"
_KNOCK_SECONDS = 5.0

# Lines of a Java stack that say nothing; what wraps a cause; and what a cause is told by.
_STACK = ("at ", "File ", "Traceback", "Driver stacktrace", "Caused by: ", "...")
_WRAPPED, _CAUSE = "Exception thrown in awaitResult", "Caused by: "

#: What every job here needs, also in a session that others started.
_SQL_SETTINGS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Spark 3.5 has no such moments of its own; here their numbers are read for what they are.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # Days of long ago are those of the calendar that every other reader of Parquet goes by.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    # Column names are the user's; to us `Seats` and `seats` are two.
    "spark.sql.caseSensitive": "true",
}


class SparkUnavailable(ScoringError):
    """There is no Spark to score on; the message says what is missing, and how to get it."""


class SparkFailed(ScoringError):
    """Spark gave the work up; the message is its own reason."""


@contextmanager
def open_session(master: str | None) -> Iterator[SparkSession]:
    """Give the session that runs here already (Glue, a notebook), or one of its own.

    Parameters
    ----------
    master : str or None
        `local[2]`, `spark://host:7077`, `yarn`, …; None: as `spark-submit` says, or all of this
        machine.

    Raises
    ------
    SparkUnavailable
        If pyspark, Java or the master is missing.
    SparkFailed
        Instead of what Spark raises inside the block.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise SparkUnavailable(
            "pyspark is not installed: pip install '.[spark]', in an environment of its own "
            "(deploy/SPARK.md)"
        )
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    try:
        session = active or _started(master)
    except (PySparkException, Py4JError, RuntimeError) as error:
        raise SparkUnavailable(f"Spark does not start: {_reason(error)}") from error
    before = {name: session.conf.get(name, None) for name in _SQL_SETTINGS}
    try:
        for name, value in _SQL_SETTINGS.items():
            session.conf.set(name, value)
        yield session
    except (PySparkException, Py4JError) as error:
        raise SparkFailed(f"Spark gave up: {_reason(error)}") from error
    finally:
        if active is None:
            session.stop()
        else:
            _restore(session, before)


def _restore(session: SparkSession, settings: dict[str, str | None]) -> None:
    for name, value in settings.items():
        if value is None:
            session.conf.unset(name)
        else:
            session.conf.set(name, value)


def _started(master: str | None) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("scorecard")
    # Under `spark-submit` there is a JVM already, and its settings are the user's.
    if master is not None:
        _check_answers(master)
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        check_java(os.environ)
        master = master or "local[*]"
        for name, value in _settings(master).items():
            builder = builder.config(name, value)
    if master is not None:
        builder = builder.master(master)
    return builder.getOrCreate()


def _settings(master: str) -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        # An executor runs as many tasks as it has cores; numpy's own threads would fight over them.
        "spark.executorEnv.OMP_NUM_THREADS": "1",
    }
    if master.startswith("local"):
        # Its processes are all here: they need no network, and run this Python.
        os.environ.setdefault("SPARK_LOCAL_IP", _LOOPBACK)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        settings |= {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}
    return settings


def check_java(environ: os._Environ[str] | dict[str, str]) -> None:
    """Raise SparkUnavailable if no Java is to be found."""
    home = environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        raise SparkUnavailable(f"Spark needs Java 17, and JAVA_HOME ({home}) holds none")
    if not home and shutil.which("java", path=environ.get("PATH", "")) is None:
        raise SparkUnavailable(
            "Spark needs Java 17, and there is no java: install it "
            "(Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
        )


def _check_answers(master: str) -> None:
    """Knock at a standalone master; Spark itself asks for a minute, and then names no reason."""
    if not master.startswith(_MASTERS):
        raise SparkUnavailable(
            f"{master} is no master of Spark's: give local[2], spark://host:7077, yarn or k8s://…"
        )
    if not master.startswith("spark://"):
        return
    problem: Exception | None = None
    for address in master.removeprefix("spark://").split(","):
        try:
            place = urlsplit(f"//{address}")
            if not place.hostname or not place.port:
                raise ValueError("it takes a host and a port, as spark://host:7077")
            socket.create_connection((place.hostname, place.port), _KNOCK_SECONDS).close()
        except (OSError, ValueError) as error:
            problem = error
        else:
            return
    raise SparkUnavailable(f"no master answers at {master}: {problem}")


def _reason(error: Exception) -> str:
    """Give what Spark says went wrong: the first cause in Python or Java, without the stacks."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    texts = [] if java is None else list(_causes(java))
    # The driver knows of an executor's exceptions what their text says, stacks and all.
    lines = "\n".join([*texts, "" if texts else str(error)]).splitlines()
    traces = [place for place, line in enumerate(lines) if line.startswith("Traceback")]
    if traces:
        # Frames are indented; what follows them is what Python raised.
        told = [line for line in lines[traces[-1] + 1 :] if line and not line[0].isspace()]
        if told:
            return told[0]
    told = [line.strip() for line in lines if line.strip()]
    told = [line for line in told if not line.startswith(_STACK) and _WRAPPED not in line]
    causes = [line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)]
    found = list(dict.fromkeys([*told[:1], *(causes or told)[-1:]]))
    return "; ".join(found) if found else type(error).__name__


def _causes(java: Any) -> Iterator[str]:
    while java is not None:
        yield str(java.toString())
        java = java.getCause()
