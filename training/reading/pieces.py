"""Files cut into pieces that can be read apart from each other, each by another process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from serving.scoring.column import Input
from training.reading.csv_lines import Block, CsvStream
from training.reading.csv_reader import check_has_accounts, read_block, readers_of
from training.reading.parquet_reader import RowGroups, is_parquet, read_parquet, row_groups
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFile, opened


class CsvPiece(NamedTuple):
    """Some lines of a CSV, and what it takes to read them."""

    name: str
    header: tuple[str, ...]
    block: Block


class ParquetPiece(NamedTuple):
    """Some row groups of a Parquet file."""

    path: Path
    name: str
    some: RowGroups


Piece = CsvPiece | ParquetPiece


def pieces_of(file: AccountFile) -> Iterator[Piece]:
    """Cut a file into pieces, in their order.

    Raises
    ------
    DataError
        If it cannot be read to its end, or is a CSV without accounts.
    """
    if is_parquet(file.path):
        for some in row_groups(file.path, file.name):
            yield ParquetPiece(file.path, file.name, some)
        return
    with opened(file) as stream:
        yield from csv_pieces(CsvStream(stream, file.name))


def csv_pieces(source: CsvStream) -> Iterator[CsvPiece]:
    """Cut an open CSV into pieces; raises DataError if it has no accounts or is not UTF-8."""
    check_has_accounts(source.header, source.name)
    for block in source.blocks():
        yield CsvPiece(source.name, tuple(source.header), block)


def read_piece(
    piece: Piece, inputs: Sequence[Input], refusals: Refusals, *, with_last_updated: bool = True
) -> Iterator[pd.DataFrame]:
    """Read a piece as `csv_reader.read_batches` reads all of a file."""
    if isinstance(piece, ParquetPiece):
        yield from read_parquet(
            piece.path,
            piece.name,
            inputs,
            refusals,
            with_last_updated=with_last_updated,
            some=piece.some,
        )
        return
    readers = readers_of(piece.header, inputs, with_last_updated=with_last_updated)
    yield read_block(piece.name, piece.header, piece.block, readers, refusals)
