"""Which tables a folder on a cluster holds, by the beginnings of its files.

The beginnings are copied to a scratch folder, where one machine's own rules read them: which file
is of which table, which columns there are, what cannot be joined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from serving.scoring.column import Input
from training.errors import DataError
from training.events import apart
from training.reading.account_files import Source, find_sources
from training.reading.parquet_reader import read_parquet
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFiles, files_of
from training.spark.hadoop_files import GZIP, Entry, HadoopFiles

_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_MAGIC = b"PAR1"
#: At a Parquet file's end: how long its footer is (4 bytes), and the magic.
_FOOTER_END = 8


@dataclass(frozen=True)
class TableFile:
    """A file of a table, or the folder of its parts.

    Attributes
    ----------
    paths : tuple of str
        Where they are.
    size : int
        Bytes of them all.
    schema : Schema or None
        A Parquet file's columns; of a CSV, None.
    """

    paths: tuple[str, ...]
    size: int
    schema: pa.Schema | None


@dataclass(frozen=True)
class Tables:
    """The tables that inputs come from, the peers' first, and the files by their names."""

    sources: list[Source]
    files: dict[str, TableFile]


def find_tables(
    files: HadoopFiles,
    data: str,
    inputs: Sequence[Input],
    peer_dimensions: Collection[str],
    events: Mapping[str, Mapping[str, Any]],
    scratch: Path,
) -> Tables:
    """Find a folder's tables as `find_sources` does; a table may be a folder of part files, too.

    Raises
    ------
    DataError
        If it is no folder, its files cannot be used together, or columns are to be derived.
    """
    if not files.is_folder(data):
        raise DataError(f"{data} is not a folder")
    found: dict[str, TableFile] = {}
    for entry in files.entries(data):
        if not entry.name.endswith(_SUFFIXES) or entry.name.startswith("."):
            continue
        if parts := _parts(files, entry):
            found[entry.name] = _head(files, entry.name, parts, scratch / entry.name)
    heads = AccountFiles(data, files_of(scratch).files)
    _check_none_derived(heads, inputs, events)
    sources = find_sources(heads, inputs, peer_dimensions)
    for source in sources:
        for file in source.headers:
            _check_is_read(found[file.name], file.name)
            if found[file.name].schema is not None:
                # Of no rows at all it tells whether its columns are of types that are read.
                list(read_parquet(file.path, file.name, source.inputs, Refusals()))
    return Tables(sources, found)


def _check_none_derived(
    heads: AccountFiles, inputs: Sequence[Input], events: Mapping[str, Mapping[str, Any]]
) -> None:
    _, files, derived = apart(heads, inputs, events)
    if derived:
        raise DataError(
            f"{', '.join(derived)} would be derived from {files[0].name}, which is done on one "
            "machine only: leave the file out, and give the columns in a table of their own"
        )


def _check_is_read(table: TableFile, name: str) -> None:
    """Raise DataError where Spark would find no row: it passes over names of its own kind."""
    if any(path.rpartition("/")[2].startswith("_") for path in table.paths):
        raise DataError(f"{name}: Spark passes over files whose names begin with _: rename it")


def _parts(files: HadoopFiles, entry: Entry) -> list[Entry]:
    """Give a table's files: itself, or what a folder of that name holds."""
    if not entry.is_folder:
        return [entry]
    return [
        part
        for part in files.entries(entry.path)
        if not part.is_folder and part.size and not part.name.startswith(("_", "."))
    ]


def _head(files: HadoopFiles, name: str, parts: Sequence[Entry], copy: Path) -> TableFile:
    """Read how a table's parts begin, which must be the same, and keep that at `copy`."""
    heads = list(_heads(files, name, parts))
    for part, head in zip(parts, heads, strict=True):
        if head != heads[0]:
            raise DataError(
                f"{name}: {part.name} has other columns than {parts[0].name}: the files of a "
                "table must have the same columns"
            )
    paths, size = tuple(part.path for part in parts), sum(part.size for part in parts)
    first = heads[0]
    if isinstance(first, bytes):
        copy.write_bytes(first)
        return TableFile(paths, size, None)
    pq.write_table(first.empty_table(), copy)
    return TableFile(paths, size, first)


def _heads(files: HadoopFiles, name: str, parts: Sequence[Entry]) -> Iterator[bytes | pa.Schema]:
    for part in parts:
        start = files.read(part.path, 0, min(part.size, len(_MAGIC)))
        if start == _MAGIC:
            yield _parquet_schema(files, name, part)
        else:
            _check_packed_as_named(start, name, part)
            yield files.first_line(part)


def _check_packed_as_named(start: bytes, name: str, part: Entry) -> None:
    """Raise DataError where Spark, which goes by the name, would unpack a text, or not unpack."""
    is_gzipped = start.startswith(GZIP)
    if is_gzipped != part.name.endswith(".gz"):
        where = name if part.name == name else f"{name}: {part.name}"
        raise DataError(
            f"{where} is {'' if is_gzipped else 'not '}gzipped, and Spark goes by the name: "
            f"{'add' if is_gzipped else 'take away'} .gz at its end"
        )


def _parquet_schema(files: HadoopFiles, name: str, part: Entry) -> pa.Schema:
    end = files.read(part.path, max(0, part.size - _FOOTER_END), min(part.size, _FOOTER_END))
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _MAGIC or length > part.size - _FOOTER_END:
        raise DataError(f"{name} is damaged, or not all of it is there: {part.name} has no end")
    footer = files.read(part.path, part.size - _FOOTER_END - length, length)
    try:
        # The footer says all of the columns; what stands before it is not looked at.
        schema = pq.read_schema(pa.BufferReader(_MAGIC + footer + end))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is damaged: {part.name}: {error}") from None
    return schema.remove_metadata()
