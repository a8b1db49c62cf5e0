"""The columns that rows have between the steps on a cluster.

Inputs go by their position (`i0`, `i1`, …): a scorecard's names may be no names to SQL, or differ
in nothing but capitals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from serving.scoring.column import Input, InputType

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

ACCT, TABLE, FILE_INDEX, MOMENT = "acct_id", "table", "file", "moment"

#: A `Tally` as JSON; null in rows of accounts. One answer holds both, so that what is counted
#: comes of the very work that gave the rows, however often a task is tried again.
TOLD = "told"

#: How an input of each type travels; null where missing.
ARROW_TYPES: dict[InputType, pa.DataType] = {
    "number": pa.float64(),
    "boolean": pa.float64(),
    "category": pa.string(),
    "date": pa.timestamp("us"),
}


def input_fields(inputs: Sequence[Input]) -> list[pa.Field]:
    """Give the columns of the inputs."""
    return [pa.field(f"i{place}", ARROW_TYPES[each.type]) for place, each in enumerate(inputs)]


def row_schema(inputs: Sequence[Input]) -> pa.Schema:
    """Give the columns of rows that were read: table and file by index, moment in µs, UTC."""
    return pa.schema(
        [
            pa.field(ACCT, pa.string()),
            pa.field(TABLE, pa.int32()),
            pa.field(FILE_INDEX, pa.int32()),
            pa.field(MOMENT, pa.int64()),
            pa.field(TOLD, pa.string()),
            *input_fields(inputs),
        ]
    )


def account_schema(inputs: Sequence[Input]) -> pa.Schema:
    """Give the columns of accounts that were joined."""
    return pa.schema(
        [pa.field(ACCT, pa.string()), pa.field(TOLD, pa.string()), *input_fields(inputs)]
    )


def batch_of(schema: pa.Schema, columns: Mapping[str, Any], length: int) -> pa.RecordBatch:
    """Make a batch of the columns given, those that are not given being null."""
    arrays = [
        columns[each.name].cast(each.type) if each.name in columns else pa.nulls(length, each.type)
        for each in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def told_row(schema: pa.Schema, told: str) -> pa.RecordBatch:
    """Make the row that carries a tally."""
    return batch_of(schema, {TOLD: pa.array([told])}, 1)


def spark_schema(schema: pa.Schema) -> StructType:
    """Give the same columns in Spark's words; a timestamp is one without a time zone."""
    from pyspark.sql import types

    kinds: dict[pa.DataType, Any] = {
        pa.string(): types.StringType(),
        pa.float64(): types.DoubleType(),
        pa.int32(): types.IntegerType(),
        pa.int64(): types.LongType(),
        pa.timestamp("us"): types.TimestampNTZType(),
    }
    return types.StructType([types.StructField(each.name, kinds[each.type]) for each in schema])
