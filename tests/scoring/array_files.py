"""Files of arrays, taken apart to be spoiled and put together again."""

import io
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Arrays: TypeAlias = dict[str, NDArray[Any]]


def unpack(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data), allow_pickle=False) as packed:
        return {name: packed[name] for name in packed.files}


def pack(arrays: Arrays, *, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=allow_pickle, **arrays)
    return stream.getvalue()


def with_array(name: str, change: Callable[[NDArray[Any]], Any]) -> Callable[[Arrays], Any]:
    """Give what changes an array of a file to another."""

    def apply(arrays: Arrays) -> None:
        arrays[name] = np.asarray(change(arrays[name]))

    return apply


def with_value(name: str, place: Any, value: float) -> Callable[[Arrays], Any]:
    """Give what changes one value of an array of a file."""
    return lambda arrays: arrays[name].__setitem__(place, value)
