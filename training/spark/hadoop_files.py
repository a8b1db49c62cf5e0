"""Folders and files of any file system Spark knows (file:, hdfs:, s3:, s3a:), seen by the driver.

A path without a scheme is one of the cluster's own file system, as Spark has it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: How what is gzipped begins.
GZIP = b"\x1f\x8b"
#: File systems in which a folder moves at once, whole.
_RENAMING = ("file", "hdfs", "viewfs")


@dataclass(frozen=True)
class Entry:
    """What a folder holds: its name, its whole path, its size in bytes."""

    name: str
    path: str
    size: int
    is_folder: bool


class HadoopFiles:
    """The file system that a path is of.

    Raises
    ------
    Py4JError
        Of every method: what Hadoop says, as when there are no credentials.
    """

    def __init__(self, session: SparkSession, path: str) -> None:
        context: Any = session.sparkContext
        self._jvm = context._jvm  # noqa: SLF001  Spark's own way to Hadoop; pyspark has no other.
        self._configuration = context._jsc.hadoopConfiguration()  # noqa: SLF001
        self._system = self._path(path).getFileSystem(self._configuration)

    def _path(self, path: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(path)

    @property
    def renames(self) -> bool:
        """Whether a folder moves at once; an object store copies it, file by file."""
        return str(self._system.getUri().getScheme()) in _RENAMING

    def exists(self, path: str) -> bool:
        """Whether there is something."""
        return bool(self._system.exists(self._path(path)))

    def is_folder(self, path: str) -> bool:
        """Whether it is a folder; in an object store, whether something begins with it."""
        place = self._path(path)
        return self.exists(path) and bool(self._system.getFileStatus(place).isDirectory())

    def entries(self, folder: str) -> list[Entry]:
        """List a folder, by name."""
        found = [
            Entry(
                str(each.getPath().getName()),
                str(each.getPath().toString()),
                int(each.getLen()),
                bool(each.isDirectory()),
            )
            for each in self._system.listStatus(self._path(folder))
        ]
        return sorted(found, key=lambda entry: entry.name)

    def read(self, path: str, start: int, count: int) -> bytes:
        """Read some bytes; there must be as many."""
        stream = self._system.open(self._path(path))
        try:
            stream.seek(start)
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream, count))
        finally:
            stream.close()

    def first_line(self, entry: Entry) -> bytes:
        """Read a text's first line with its end, unpacked if it is gzipped."""
        count = 2**16
        while True:
            data = self.read(entry.path, 0, min(count, entry.size))
            if data.startswith(GZIP):
                data = zlib.decompressobj(wbits=31).decompress(data)
            end = re.search(rb"\r\n|\n|\r", data)
            if end or count >= entry.size:
                return data[: end.end()] if end else data
            count *= 16

    def rename(self, source: str, target: str) -> bool:
        """Move a folder; gives whether it could be."""
        return bool(self._system.rename(self._path(source), self._path(target)))

    def delete(self, path: str, *, recursive: bool) -> bool:
        """Delete a file or folder, an empty one unless `recursive`."""
        return bool(self._system.delete(self._path(path), recursive))


def literal(path: str) -> str:
    """Give a path for Spark to read, which takes `*`, `[` and their like for patterns."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)
