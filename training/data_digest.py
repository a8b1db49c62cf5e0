"""The SHA-256 of a table of accounts: the same wherever and in whatever order it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from training.reading.csv_reader import ACCOUNT
from training.reading.newest_rows import text_array

#: Gives a column's values in order of the accounts' ids, an Arrow array at a time.
Chunks = Callable[[], Iterable[pa.Array]]


def data_sha256(frame: pd.DataFrame) -> str:
    """Give the SHA-256 of a table's contents, whatever the order of its rows and columns.

    Every missing value counts the same, and so do 0.0 and -0.0.
    """
    order = pc.sort_indices(text_array(frame[ACCOUNT]))
    columns = {name: partial(_sorted, frame[name], order) for name in frame.columns}
    return columns_sha256(len(frame), columns)


def _sorted(column: pd.Series, order: pa.Array) -> list[pa.Array]:
    if pd.api.types.is_float_dtype(column):
        return [pa.array(column.to_numpy()).take(order)]
    return [text_array(column).take(order)]


def columns_sha256(accounts: int, columns: Mapping[str, Chunks]) -> str:
    """Give the same of columns that need not be in memory; a column of texts is read twice."""
    digest = hashlib.sha256(f"{accounts} accounts".encode())
    for name in sorted(columns):
        digest.update(f"\n{name}\n".encode())
        texts = False
        for chunk in columns[name]():
            if pa.types.is_floating(chunk.type):
                digest.update(_numbers(chunk))
            else:
                texts = True
                # Lengths keep "ab", "c" apart from "a", "bc"; -1 keeps a missing one from "".
                lengths = pc.fill_null(pc.binary_length(_texts(chunk)).cast(pa.int64()), -1)
                digest.update(lengths.to_numpy().astype("<i8").tobytes())
        for chunk in columns[name]() if texts else ():
            for text in _texts(chunk).drop_null().to_pylist():
                digest.update(text.encode())
    return digest.hexdigest()


def _numbers(chunk: Any) -> bytes:
    values = np.asarray(chunk.to_numpy(zero_copy_only=False), dtype=np.float64) + 0.0
    values[np.isnan(values)] = np.nan  # There are many NaNs; this is the one.
    return values.astype("<f8").tobytes()


def _texts(chunk: Any) -> Any:
    return chunk.cast(pa.large_string())
