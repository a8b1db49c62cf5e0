"""Scores joined accounts in executors, each of which loads the artifact once."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from serving.scoring import Scorer, load_scorer
from serving.scoring.archive import open_files, pack
from serving.scoring.artifact import served_files
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, read_manifest
from training.bulk.score_batches import ACCOUNT, score_batches

#: The scorers that this process has loaded, by the artifact's version: a process of an executor
#: lives on from task to task, and checks what it was sent but once.
_loaded: dict[str, Scorer] = {}


class Sent(Protocol):
    """What a broadcast is to who receives it."""

    @property
    def value(self) -> bytes:
        """The bytes that were sent."""


def pack_served(artifact: Path) -> bytes:
    """Give what a scorer opens of an artifact as ``model.tar.gz``; raises ArtifactError."""
    source = open_files(artifact)
    manifest = source.read(MANIFEST, MAX_MANIFEST_BYTES)
    listed = read_manifest(manifest)["files"]
    served = {name: source.read(name, listed[name]["bytes"]) for name in served_files(listed)}
    return pack(served, manifest)


def unpacked(packed: Sent, version: str) -> Scorer:
    """Give the scorer of an artifact that `pack_served` packed; verified when it is loaded."""
    if version not in _loaded:
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            file.write(packed.value)
            file.flush()
            _loaded[version] = load_scorer(file.name)
    return _loaded[version]


@dataclass(frozen=True)
class RowScores:
    """Scores batches of accounts, their inputs in the scorer's order."""

    packed: Sent
    version: str
    scoring_date: dt.date | None
    stamp: str
    with_statuses: bool

    def score(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give the scores of each batch."""
        scorer = unpacked(self.packed, self.version)
        names = [ACCOUNT, *(each.name for each in scorer.inputs)]
        return score_batches(
            scorer,
            (pa.RecordBatch.from_arrays(batch.columns, names=names) for batch in batches),
            scoring_date=self.scoring_date,
            version=self.version,
            stamp=self.stamp,
            with_statuses=self.with_statuses,
        )
