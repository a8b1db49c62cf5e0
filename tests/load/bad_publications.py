"""Versions that must never be served, each bad in a way of its own."""

import hashlib
import io
from collections.abc import Callable

import numpy as np

from serving.scoring.artifact import GOLDEN, TABLES
from serving.scoring.manifest import MANIFEST, to_json
from tests.load.moved_registry import MovedRegistry
from tests.scoring.builders import Parts, make_parts

Files = dict[str, bytes]

#: Runs a program where it is loaded.
PICKLE = b"cposix\nsystem\n(S'exit 1'\ntR."


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def damaged(name: str, change: Callable[[bytes], bytes]) -> Callable[[Parts], Files]:
    """Alter a file after its checksum was taken."""
    return lambda parts: {**parts.all_files, name: change(parts.all_files[name])}


def without(name: str) -> Callable[[Parts], Files]:
    return lambda parts: {key: data for key, data in parts.all_files.items() if key != name}


def sealed(name: str, data: bytes) -> Callable[[Parts], Files]:
    """Put another file in that is listed and checksummed like an honest one."""
    return lambda parts: parts.with_file(name, data).all_files


def with_wrong_golden_rows(parts: Parts) -> Files:
    golden = parts.golden
    golden["scores"][3] = [9.0 - (value or 0.0) for value in golden["scores"][3]]
    return parts.with_file(GOLDEN, to_json(golden)).all_files


def of_another_format(parts: Parts) -> Files:
    return parts.with_manifest(format_version=99).all_files


def object_arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, tables=np.array([{"a": 1}], dtype=object))
    return stream.getvalue()


#: Altered after the pointer was made: it names the manifest as it was.
DAMAGED: dict[str, Callable[[Parts], Files]] = {
    "a flipped bit in the tables": damaged(TABLES, flip),
    "a flipped bit in the golden rows": damaged(GOLDEN, flip),
    "a flipped bit in the manifest": damaged(MANIFEST, flip),
    "cut tables": damaged(TABLES, lambda data: data[: len(data) // 2]),
    "tables with a tail": damaged(TABLES, lambda data: data + bytes(1000)),
    "empty golden rows": damaged(GOLDEN, lambda _: b""),
    "no tables": without(TABLES),
    "no golden rows": without(GOLDEN),
    "no manifest": without(MANIFEST),
}
#: Made so from the beginning: every checksum is right, the pointer's too.
SEALED: dict[str, Callable[[Parts], Files]] = {
    "wrong golden rows": with_wrong_golden_rows,
    "pickled tables": sealed(TABLES, PICKLE),
    "pickled golden rows": sealed(GOLDEN, PICKLE),
    "arrays of objects": sealed(TABLES, object_arrays()),
    "another format": of_another_format,
    "a manifest that is a list": damaged(MANIFEST, lambda data: b"[" + data + b"]"),
}
KINDS = {**DAMAGED, **SEALED}


def publish_bad(registry: MovedRegistry, kind: str, *, seed: int) -> str:
    """Publish a version of a kind, point to it, and give its name."""
    parts = make_parts(seed=seed)
    files = KINDS[kind](parts)
    named = files[MANIFEST] if kind in SEALED else parts.manifest_bytes
    version = hashlib.sha256(named).hexdigest()[:32]
    for name, data in files.items():
        registry.put(f"versions/{version}/{name}", data)
    registry.point_to(version, named)
    return version
