"""A pass's sums as bytes, on their way from executors to the driver: Arrow, compressed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from training.peer_models.counting import Sums

_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("dtype", pa.string()),
        pa.field("shape", pa.list_(pa.int64())),
        pa.field("values", pa.large_binary()),
    ]
)


def pack_sums(sums: Sums) -> bytes:
    """Pack named arrays of numbers; most are counts by cell, which are mostly zeros."""
    arrays = {name: np.ascontiguousarray(found) for name, found in sums.items()}
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array(list(arrays), _SCHEMA.field("name").type),
            pa.array([found.dtype.str for found in arrays.values()]),
            pa.array([found.shape for found in arrays.values()], _SCHEMA.field("shape").type),
            pa.array([found.tobytes() for found in arrays.values()], pa.large_binary()),
        ],
        schema=_SCHEMA,
    )
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, _SCHEMA, options=options) as stream:
        stream.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack_sums(packed: bytes) -> Sums:
    """Undo `pack_sums`."""
    with pa.ipc.open_stream(packed) as stream:
        batch = stream.read_next_batch()
    rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
    return {
        name: np.frombuffer(values, dtype=dtype).reshape(shape).copy()
        for name, dtype, shape, values in rows
    }
