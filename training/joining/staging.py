"""Writes files of accounts as typed rows, piece by piece, for a database to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from serving.scoring.column import Input
from training.bulk.account_batches import TYPES, column_array
from training.joining.statements import LINE_BITS, MOMENT, PLACE, value
from training.reading.account_files import Source
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, LINE
from training.reading.pieces import Piece, pieces_of, read_piece
from training.reading.refusals import Refusals


@dataclass(frozen=True)
class Stage:
    """Where rows of a table are written, and which of their columns.

    Attributes
    ----------
    inputs : tuple of Input
        Those the table has.
    indexes : tuple of int
        Their places among all inputs.
    has_moment : bool
        Whether rows say when they were last updated.
    folder : Path
        Holds the written parts, and nothing else.
    """

    inputs: tuple[Input, ...]
    indexes: tuple[int, ...]
    has_moment: bool
    folder: Path

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns, as `statements` names them."""
        fields = [(ACCOUNT, pa.string()), (PLACE, pa.int64())]
        if self.has_moment:
            fields.append((MOMENT, pa.timestamp("us")))
        values = zip(self.indexes, self.inputs, strict=True)
        fields += [(value(index), TYPES[column.type]) for index, column in values]
        return pa.schema(fields)

    @property
    def names(self) -> list[str]:
        """What the columns of `schema` but the place are called where rows are read."""
        own = [ACCOUNT, *([LAST_UPDATED] if self.has_moment else [])]
        return own + [column.name for column in self.inputs]


class Task(NamedTuple):
    """A piece to be staged: its number, its table's number, its file's index in the table."""

    number: int
    table: int
    file: int
    piece: Piece


def stages_of(sources: Sequence[Source], inputs: Sequence[Input], folder: Path) -> list[Stage]:
    """Make the place where each table's rows are to be written."""
    index_of = {column.name: index for index, column in enumerate(inputs)}
    stages = []
    for number, source in enumerate(sources):
        indexes = tuple(index_of[column.name] for column in source.inputs)
        place = folder / f"table_{number}"
        stage = Stage(tuple(source.inputs), indexes, source.has_last_updated, place)
        place.mkdir()
        # A table without rows has columns all the same.
        pq.write_table(stage.schema.empty_table(), place / "0.parquet")
        stages.append(stage)
    return stages


def tasks_of(sources: Sequence[Source]) -> Iterator[Task]:
    """Cut all files into pieces, table by table; raises DataError as `pieces_of`."""
    number = 0
    for table, source in enumerate(sources):
        for index, file in enumerate(source.headers):
            for piece in pieces_of(file):
                number += 1
                yield Task(number, table, index, piece)


def write_piece(stages: Sequence[Stage], task: Task) -> tuple[int, str, Refusals]:
    """Write a piece's rows to its table's folder.

    Gives the table's number, the name of the file, and the rows that are refused.
    """
    refusals, stage = Refusals(), stages[task.table]
    path = stage.folder / f"{task.number}.parquet"
    with pq.ParquetWriter(path, stage.schema, compression="none", use_dictionary=False) as writer:
        for frame in read_piece(task.piece, stage.inputs, refusals):
            writer.write_table(_rows(stage, frame, task.file))
    return task.table, task.piece.name, refusals


def _rows(stage: Stage, frame: pd.DataFrame, file: int) -> pa.Table:
    places = pa.array((np.int64(file) << LINE_BITS) + frame[LINE].to_numpy())
    kinds = {field.name: field.type for field in stage.schema}
    columns = [name for name in kinds if name != PLACE]
    arrays = {
        column: column_array(frame[name], kinds[column])
        if name in frame
        else pa.nulls(len(frame), kinds[column])
        for column, name in zip(columns, stage.names, strict=True)
    }
    return pa.table({**arrays, PLACE: places}).select(stage.schema.names)
