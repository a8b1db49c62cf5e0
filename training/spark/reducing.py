"""Accounts on a cluster to train on: passes run where they are, and only sums leave it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from serving.scoring.column import Input
from training.peer_models.counting import Sums
from training.reading.csv_reader import ACCOUNT
from training.reduction.store import DEAL, Encoding, Reduction, split_of
from training.spark.accounts import SparkAccounts
from training.spark.packed_sums import pack_sums, unpack_sums
from training.spark.row_layout import ACCT, input_fields, spark_schema
from training.split import SHARES, Split, split_numbers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Accounts in each part of the table, at most and, where cores would idle, at least: a part is
#: counted at once, some 100 MB of it, and each part's sums are as large however few it holds.
_MOST, _LEAST = 2**18, 2**12
#: Parts whose sums are merged at once, by a task or by the driver.
_MERGED = 8
_DEALT = "deal"
#: What a part is made of on its way here.
_PACKED = "packed binary"


class SparkStore:
    """A store over accounts on a cluster; see `training.reduction.store.AccountStore`.

    Parameters
    ----------
    frame : DataFrame
        `acct_id`, the inputs as `i0`, `i1`, …, and the number that deals each account; sorted by
        account, part after part, and kept on the cluster.
    inputs : sequence of Input

    Attributes
    ----------
    split_counts : ndarray of int64, shape (3,)
        Accounts of each `Split`.
    """

    def __init__(self, frame: DataFrame, inputs: Sequence[Input]) -> None:
        self._frame = frame
        self._names = {ACCOUNT: ACCT, DEAL: _DEALT}
        self._names |= {each.name: f"i{place}" for place, each in enumerate(inputs)}
        self.split_counts: NDArray[np.int64] = self._count_splits()

    def reduce(self, reduction: Reduction, encoding: Encoding) -> Sums:
        """Run a pass over all accounts but those to evaluate; see `AccountStore`."""
        counted = self._mapped(reduction.columns, _PartSums(reduction, encoding).of)
        return unpack_sums(_merged(counted, reduction))

    def categories(self, column: str, most: int) -> list[str]:
        """List the distinct texts of a column; see `AccountStore`."""
        frame, name = self._frame, self._names[column]
        kept_out = float(np.cumsum(SHARES)[:-1][-1])
        used = frame.where((frame[_DEALT] < kept_out) & frame[name].isNotNull())
        texts = used.select(name).distinct().limit(most + 1).toPandas()[name]
        return sorted(texts.tolist())

    def at_least(self, deal: float) -> pd.DataFrame:
        """Fetch the accounts whose number is at least this; see `AccountStore`."""
        names = [name for name in self._names if name != DEAL]
        rows = self._frame.where(self._frame[_DEALT] >= deal)
        stored = rows.select([self._names[name] for name in names])
        packed = stored.mapInArrow(_pack, _PACKED).toPandas()["packed"]
        if packed.empty:
            return pd.DataFrame(columns=names)
        table = pa.Table.from_batches([_unpacked(each) for each in packed])
        frame: pd.DataFrame = table.rename_columns(names).to_pandas()
        return frame

    def chunks(self, column: str) -> Iterator[Any]:
        """Give one column of all accounts, in order of `acct_id`, an array at a time."""
        stored = self._frame.select(self._names[column]).mapInArrow(_pack, _PACKED)
        # A part is on its way while the one before it is read: no more of them are here.
        for packed in _bytes_of(stored).toLocalIterator(prefetchPartitions=True):
            yield _unpacked(packed).column(0)

    def _count_splits(self) -> NDArray[np.int64]:
        counted = self._mapped([], _count_splits)
        counts = np.zeros(len(Split), dtype=np.int64)
        for packed in counted.toPandas()["packed"]:
            counts += unpack_sums(packed)["accounts"]
        return counts

    def _mapped(self, columns: Sequence[str], of: Any) -> DataFrame:
        """Have every part, `DEAL` and some columns of it, made one row of bytes."""
        stored = self._frame.select([self._names[name] for name in (DEAL, *columns)])
        whole = partial(_whole_part, [DEAL, *columns], of)
        return stored.mapInArrow(whole, _PACKED)


@contextmanager
def spark_store(accounts: SparkAccounts, inputs: Sequence[Input]) -> Iterator[SparkStore]:
    """Sort and deal joined accounts, and keep them on the cluster for the time of a block.

    They are cached, in memory as far as it reaches, then on the executors' disks: nobody needs to
    name a folder all of them see, or to clean it. What goes with an executor is joined again, its
    part only.
    """
    schema = pa.schema(
        [pa.field(ACCT, pa.string()), *input_fields(inputs), pa.field(_DEALT, pa.float64())]
    )
    cores = accounts.frame.sparkSession.sparkContext.defaultParallelism
    dealt = (
        # Sorted once, so that a column's values can be told in the order of the accounts.
        accounts.frame.repartitionByRange(_parts(accounts.count, cores), ACCT)
        .sortWithinPartitions(ACCT)
        .mapInArrow(_deal, spark_schema(schema))
        .persist()
    )
    try:
        yield SparkStore(dealt, inputs)
    finally:
        dealt.unpersist()


def _parts(accounts: int, cores: int) -> int:
    """Say in how many parts accounts are counted."""
    return max(-(-accounts // _MOST), min(cores, -(-accounts // _LEAST)))


def _merged(counted: DataFrame, reduction: Reduction) -> bytes:
    """Merge the sums of all parts on the cluster, until so few are left that the driver does."""
    parts = _bytes_of(counted)
    depth = max(1, math.ceil(math.log(max(parts.getNumPartitions(), 1), _MERGED)))
    merged: bytes = parts.treeReduce(partial(_merge, reduction), depth)
    return merged


def _bytes_of(packed: DataFrame) -> Any:
    """Give the bytes of each row; of bytes nothing is made, as of a row, when they come here."""
    return packed.rdd.map(itemgetter(0))


def _merge(reduction: Reduction, some: bytes, others: bytes) -> bytes:
    return pack_sums(reduction.merge(unpack_sums(some), unpack_sums(others)))


@dataclass(frozen=True)
class _PartSums:
    """Looks at the accounts of a part, in an executor."""

    reduction: Reduction
    encoding: Encoding

    def of(self, batch: pa.RecordBatch) -> Sums:
        return self.reduction.of(self.encoding.rows(batch, self.reduction.columns))


def _count_splits(batch: pa.RecordBatch) -> Sums:
    split = split_of(batch.column(DEAL).to_numpy())
    return {"accounts": np.bincount(split, minlength=len(Split))}


def _whole_part(
    names: list[str], of: Any, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Look at a part at once: its sums are large, and making them costs more than its accounts."""
    found = list(batches)
    if not found:
        return
    whole = pa.Table.from_batches(found).rename_columns(names).combine_chunks()
    for batch in whole.to_batches():
        yield _packed(pack_sums(of(batch)))


def _deal(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        deals = pa.array(split_numbers(batch.column(ACCT).to_pylist()))
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, deals], names=[*batch.schema.names, _DEALT]
        )


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Make a row of bytes of each batch: Spark's own ways to rows and pandas change types."""
    for batch in batches:
        if batch.num_rows:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as stream:
                stream.write_batch(batch)
            yield _packed(sink.getvalue().to_pybytes())


def _packed(data: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([data], pa.binary())], names=["packed"])


def _unpacked(data: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(data) as stream:
        return stream.read_next_batch()
