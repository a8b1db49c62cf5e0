"""The plain arrays of an artifact: taken out of an npz, each once, each checked."""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import LARGEST_VALUE, PooledDistribution
from serving.scoring.errors import ArtifactCorrupt

#: What the file is called that most arrays come from.
TABLES = "peer_tables.npz"


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack arrays into an npz; the same arrays give the same bytes."""
    stream = io.BytesIO()
    # Not compressed: it loads faster, and cannot be made to unpack to more than its size.
    np.savez(stream, allow_pickle=False, **{key: arrays[key] for key in sorted(arrays)})
    return stream.getvalue()


class StoredArrays:
    """The arrays of an npz, each taken once and checked.

    Attributes
    ----------
    file : str
        What messages call it.
    """

    def __init__(self, data: bytes, file: str = TABLES) -> None:
        self.file = file
        try:
            self._arrays = dict(_unpack(data))
        except (
            ValueError,
            TypeError,
            OSError,
            EOFError,
            OverflowError,
            MemoryError,  # a header may claim any shape
            RuntimeError,  # an encrypted entry
            IndexError,  # a header whose type is none
            SyntaxError,
            tokenize.TokenError,
            zipfile.BadZipFile,
            struct.error,
        ) as error:
            raise ArtifactCorrupt(f"{file} cannot be read: {error}") from None

    @property
    def keys(self) -> list[str]:
        """What was not taken yet, in order."""
        return sorted(self._arrays)

    def any_under(self, folder: str) -> bool:
        """Tell whether an array's key starts with this folder."""
        return any(key.startswith(f"{folder}/") for key in self._arrays)

    def take(self, key: str, dtype: type[np.generic], shape: Sequence[int | None]) -> NDArray[Any]:
        """Take out an array; ArtifactCorrupt if it lacks, is another, or holds NaN.

        None in `shape` stands for any length.
        """
        array = self._arrays.pop(key, None)
        if array is None:
            raise ArtifactCorrupt(f"{self.file} lacks {key}")
        fits = len(array.shape) == len(shape) and all(
            wanted in (None, actual) for wanted, actual in zip(shape, array.shape, strict=True)
        )
        if array.dtype != dtype or not fits:
            raise ArtifactCorrupt(f"{self.file}: {key} is {array.dtype} of {array.shape}")
        if np.isnan(array).any():
            raise ArtifactCorrupt(f"{self.file}: {key} holds NaN")
        return np.ascontiguousarray(array)

    def check_all_taken(self) -> None:
        """Refuse what nobody asked for; raises ArtifactCorrupt."""
        if self._arrays:
            raise ArtifactCorrupt(f"{self.file} holds unknown arrays: {sorted(self._arrays)[:3]}")


def _unpack(data: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays of an npz; ValueError for a zip that `PeerTables.to_npz` does not write."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        entries = packed.infolist()
        names = {entry.filename.removesuffix(".npy") for entry in entries}
        stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
        # Entries may overlap, so that a small file would hold a large one many times.
        if len(names) < len(entries) or sum(entry.file_size for entry in entries) > len(data):
            raise ValueError("an array stands twice")
        if not stored:
            raise ValueError("it is compressed")
        for entry in entries:
            content = io.BytesIO(packed.read(entry))
            array = np.lib.format.read_array(content, allow_pickle=False)
            yield entry.filename.removesuffix(".npy"), array


def read_pooled(arrays: StoredArrays, key: str) -> PooledDistribution:
    """Take out the curve of a column; raises ArtifactCorrupt."""
    values = arrays.take(f"{key}/values", np.float64, (None,))
    ranks = arrays.take(f"{key}/ranks", np.float64, (len(values),))
    check(len(values) > 0 and ascends(values), key)
    # A width beyond all numbers could not be divided by.
    check(bool(np.abs(values[[0, -1]]).max() <= LARGEST_VALUE), key)
    check(ascends(ranks) and within_0_1(ranks), key)
    return PooledDistribution(values, ranks)


def ascends(array: NDArray[np.float64]) -> bool:
    """Tell whether no number is below the one before it."""
    return bool((array[1:] >= array[:-1]).all())


def within_0_1(array: NDArray[np.float64]) -> bool:
    """Tell whether ascending numbers are within 0 and 1."""
    return bool(array[0] >= 0.0 and array[-1] <= 1.0)


def check(good: bool, key: str, file: str = TABLES) -> None:
    """Raise ArtifactCorrupt naming the array, unless it is good."""
    if not good:
        raise ArtifactCorrupt(f"{file}: {key} is out of order or out of range")
