"""Says which tables are too large to be joined in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.scoring.column import Input
from training.events import apart
from training.reading.table_files import AccountFiles

#: What a run may keep in memory if nothing else is asked for.
MEMORY_BYTES = 2 * 10**9
#: Tables in memory take some four times the size of their files, and joining them as much again.
_MEMORY_FOR_FILES = 8
#: What is compressed is larger than its file.
_UNPACKED = 4
#: Of the memory, the join on the disk gets this part, and at least so many bytes.
_MEMORY_FOR_JOIN = 4
_LEAST_FOR_JOIN = 2**27


def joins_on_disk(
    files: AccountFiles,
    inputs: Sequence[Input],
    events: Mapping[str, Mapping[str, Any]],
    memory_bytes: int,
) -> bool:
    """Say whether tables are too large for the memory; events are derived from in memory only."""
    sizes = [
        file.path.stat().st_size * (1 if file.path.suffix == ".csv" else _UNPACKED)
        for file in files.files
    ]
    if sum(sizes) * _MEMORY_FOR_FILES <= memory_bytes:
        return False
    _, _, derived = apart(files, inputs, events)
    return not derived


def join_memory(memory_bytes: int) -> int:
    """Give what a join on the disk may keep in memory, in bytes."""
    return max(memory_bytes // _MEMORY_FOR_JOIN, _LEAST_FOR_JOIN)
