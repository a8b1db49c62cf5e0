"""Where a cluster's results appear: whole, or not at all.

In a file system that moves folders at once (a disk, HDFS) the results are written beside their
place and moved there when whole. An object store has no such move: there they are written in
place, `_SUCCESS` comes last, and who reads before it is there reads a part.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from training.errors import DataError
from training.spark.hadoop_files import HadoopFiles

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SUCCESS = "_SUCCESS"


class OutputFolder:
    """A folder that results are to appear in.

    Raises
    ------
    DataError
        If there is something already.
    """

    def __init__(self, session: SparkSession, path: str) -> None:
        self._files = HadoopFiles(session, path)
        self._path = path.rstrip("/")
        self._context: Any = session.sparkContext
        if self._files.exists(path) and (
            not self._files.is_folder(path) or self._files.entries(path)
        ):
            raise DataError(
                f"{path} is there already: scores of a cluster are not written over others; "
                "choose another place, or remove it"
            )

    def write(self, write: Callable[[str], None]) -> None:
        """Let `write` fill a folder, which must not be there yet; what fails leaves nothing."""
        with self._place() as place:
            write(place)

    @contextmanager
    def _place(self) -> Iterator[str]:
        parent, _, name = self._path.rpartition("/")
        beside = f".{name}.{secrets.token_hex(4)}"
        place = self._path
        if self._files.renames:
            place = f"{parent}/{beside}" if parent or self._path.startswith("/") else beside
        if self._files.exists(self._path):
            # It was empty: what is not is not deleted.
            self._files.delete(self._path, recursive=False)
        # So that on the way out what still writes can be told apart, and stopped.
        group = f"scorecard {place}"
        self._context.setJobGroup(group, "writing scores")
        try:
            yield place
            self._move(place)
        except BaseException:
            self._context.cancelJobGroup(group)
            self._files.delete(place, recursive=True)
            raise
        finally:
            self._context.setLocalProperty("spark.jobGroup.id", None)

    def _move(self, place: str) -> None:
        # A folder that is moved to one that is there moves into it.
        if place != self._path and (
            self._files.exists(self._path) or not self._files.rename(place, self._path)
        ):
            raise DataError(f"{self._path} appeared while the scores were made; they are not there")
