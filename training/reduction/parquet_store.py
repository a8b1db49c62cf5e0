"""Accounts in a Parquet file, looked at by several processes, some row groups at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.bulk.processes import InOrder
from training.peer_models.counting import Sums
from training.reduction.store import DEAL, Encoding, Reduction, split_of
from training.split import Split, split_numbers

_ACCOUNT = "acct_id"
#: Row groups of a task: its sums are some megabytes, and are sent back.
_GROUPS = 16


class _Piece(NamedTuple):
    """Some row groups of a file, the first of their rows, and whether accounts are dealt."""

    path: Path
    groups: range
    start: int
    is_dealt: bool = False

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read them, with `DEAL` if it is known."""
        start = self.start
        deals = np.load(_deals(self.path), mmap_mode="r") if self.is_dealt else None
        with pq.ParquetFile(self.path) as file:
            for group in self.groups:
                table = file.read_row_group(group, columns=list(columns), use_threads=False)
                rows = slice(start, start + table.num_rows)
                start = rows.stop
                if deals is not None:
                    table = table.append_column(DEAL, pa.array(np.array(deals[rows])))
                yield table.combine_chunks().to_batches()[0]


class ParquetStore:
    """A store over one Parquet file, as `training.joining` writes it.

    Attributes
    ----------
    path : Path
    split_counts : ndarray of int64, shape (3,)
        Accounts of each `Split`.
    """

    def __init__(self, path: Path, in_order: InOrder) -> None:
        self.path = path
        self._in_order = in_order
        with pq.ParquetFile(path) as file:
            rows = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        firsts = np.append(0, np.cumsum(rows)).tolist()
        pieces = [
            _Piece(path, range(start, min(start + _GROUPS, len(rows))), firsts[start])
            for start in range(0, len(rows), _GROUPS)
        ]
        self.split_counts: NDArray[np.int64] = np.zeros(len(Split), dtype=np.int64)
        # On the disk as well: ten million numbers are too much to send around.
        deals = np.lib.format.open_memmap(
            _deals(path), mode="w+", dtype=np.float64, shape=(firsts[-1],)
        )
        for piece, dealt in zip(pieces, in_order(_deal, pieces), strict=True):
            deals[piece.start : piece.start + len(dealt)] = dealt
            self.split_counts += np.bincount(split_of(dealt), minlength=len(Split))
        deals.flush()
        self._pieces = [piece._replace(is_dealt=True) for piece in pieces]

    def reduce(self, reduction: Reduction, encoding: Encoding) -> Sums:
        """Run a pass over all accounts but those to evaluate; see `AccountStore`."""
        found = self._in_order(partial(_reduce, reduction, encoding), self._pieces)
        return reduce(reduction.merge, found)

    def categories(self, column: str, most: int) -> list[str]:
        """List the distinct texts of a column; see `AccountStore`."""
        texts: set[str] = set()
        for piece in self._pieces:
            for batch in piece.batches([column]):
                used = pa.array(split_of(batch.column(DEAL).to_numpy()) < Split.EVALUATE)
                texts.update(pc.unique(batch.column(column).filter(used).drop_null()).to_pylist())
                if len(texts) > most:
                    return sorted(texts)[: most + 1]
        return sorted(texts)

    def at_least(self, deal: float) -> pd.DataFrame:
        """Fetch the accounts whose number is at least this; see `AccountStore`."""
        with pq.ParquetFile(self.path) as file:
            names = file.schema_arrow.names
        found = [
            batch.filter(pc.greater_equal(batch.column(DEAL), deal)).drop_columns([DEAL])
            for piece in self._pieces
            for batch in piece.batches(names)
        ]
        frame: pd.DataFrame = pa.Table.from_batches(found).to_pandas()
        return frame

    def chunks(self, column: str) -> Iterator[Any]:
        """Give one column of all accounts, in the order of the file, an array at a time."""
        for piece in self._pieces:
            for batch in piece.batches([column]):
                yield batch.column(column)


def _deals(path: Path) -> Path:
    """Give where the numbers of a file's accounts are kept: beside it."""
    return path.with_suffix(".deals.npy")


def _deal(piece: _Piece) -> NDArray[np.float64]:
    ids = (batch.column(_ACCOUNT).to_pylist() for batch in piece.batches([_ACCOUNT]))
    return np.concatenate([split_numbers(some) for some in ids])


def _reduce(reduction: Reduction, encoding: Encoding, piece: _Piece) -> Sums:
    batches = piece.batches(reduction.columns)
    found = (reduction.of(encoding.rows(batch, reduction.columns)) for batch in batches)
    return reduce(reduction.merge, found)
