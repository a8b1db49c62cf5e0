"""Files of account rows: which table each is of, and how it is opened, whatever its format."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import pandas as pd

from serving.scoring.column import Input
from training.errors import DataError
from training.reading import parquet_reader
from training.reading.csv_lines import CsvStream
from training.reading.csv_reader import HEADER_BLOCK_BYTES, read_batches
from training.reading.refusals import Refusals

#: What a folder's files of accounts are called; in a training job's channels any name will do.
_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_GZIP = b"\x1f\x8b"


class AccountFile(NamedTuple):
    """A file: of which table it is, and what messages call it."""

    path: Path
    table: str
    name: str


@dataclass(frozen=True)
class AccountFiles:
    """The files to read accounts from.

    Attributes
    ----------
    where : str
        What messages call the place.
    files : tuple of AccountFile
        Several of one table are its parts.
    """

    where: str
    files: tuple[AccountFile, ...]


def files_of(folder: Path) -> AccountFiles:
    """Find a folder's files: each a table, or newer rows of one.

    Raises
    ------
    DataError
        If it is no folder, or a table stands there twice, in two formats.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    tables: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = next((suffix for suffix in _SUFFIXES if path.name.endswith(suffix)), None)
        # Names that start with a dot are other programs' own (macOS leaves `._peer_dims.csv`).
        if suffix is None or path.name.startswith(".") or not path.is_file():
            continue
        table = path.name.removesuffix(suffix)
        if table in tables:
            raise DataError(
                f"{tables[table].name} and {path.name} are the same table twice: remove one"
            )
        tables[table] = path
    return AccountFiles(
        str(folder), tuple(AccountFile(path, table, path.name) for table, path in tables.items())
    )


def header_of(file: AccountFile) -> list[str]:
    """Read a file's column names.

    Raises
    ------
    DataError
        If it is empty, damaged or in no format that is read.
    """
    if parquet_reader.is_parquet(file.path):
        return parquet_reader.read_parquet_header(file.path, file.name)
    with opened(file) as stream:
        return CsvStream(stream, file.name, HEADER_BLOCK_BYTES).header


def batches_of(
    file: AccountFile, inputs: Sequence[Input], refusals: Refusals
) -> Iterator[pd.DataFrame]:
    """Read a file as a stream of tables, as `csv_reader.read_batches` gives them.

    Raises
    ------
    DataError
        If it cannot be read to its end.
    """
    if parquet_reader.is_parquet(file.path):
        yield from parquet_reader.read_parquet(file.path, file.name, inputs, refusals)
        return
    with opened(file) as stream:
        yield from read_batches(stream, inputs, refusals, name=file.name)


@contextmanager
def opened(file: AccountFile) -> Iterator[BinaryIO]:
    """Open a CSV, compressed or not: its first bytes say which, not its name."""
    with file.path.open("rb") as raw:
        first = raw.read(len(_GZIP))
        raw.seek(0)
        if first != _GZIP:
            yield raw
            return
        try:
            with gzip.open(raw) as unpacked:
                yield cast("BinaryIO", unpacked)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{file.name} is damaged, or not all of it is there: {error}") from None
