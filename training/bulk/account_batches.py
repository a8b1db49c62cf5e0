"""Accounts as Arrow's record batches: what `score_batches` takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from serving.scoring.column import Input, InputType
from training.bulk.score_batches import ACCOUNT

#: Accounts in a batch, and in a row group of a file of them.
BATCH_ROWS = 2**16

#: How an input's values are stored, null where missing.
TYPES: dict[InputType, Any] = {
    "number": pa.float64(),
    "boolean": pa.float64(),
    "category": pa.string(),
    "date": pa.timestamp("us"),
}


def account_schema(inputs: Sequence[Input]) -> pa.Schema:
    """Give the columns of a batch: `acct_id`, then the inputs."""
    values = [pa.field(column.name, TYPES[column.type]) for column in inputs]
    return pa.schema([pa.field(ACCOUNT, pa.string()), *values])


def account_batches(frame: pd.DataFrame, inputs: Sequence[Input]) -> Iterator[pa.RecordBatch]:
    """Cut a table of accounts, which has these columns, into batches of `BATCH_ROWS`."""
    schema = account_schema(inputs)
    for start in range(0, len(frame), BATCH_ROWS):
        rows = frame.iloc[start : start + BATCH_ROWS]
        arrays = [column_array(rows[field.name], field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def column_array(column: pd.Series[Any], kind: Any) -> Any:
    """Give a column as an array of this type, null where missing; a moment's zone is dropped."""
    array = pa.array(column, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if array.type == kind else array.cast(kind)
