"""How a fitted scorecard is stored and read back: plain data, checked on every load.

| file | content |
|---|---|
| ``manifest.json`` | format version, files with checksums, scorecard, inputs, outputs, training |
| ``peer_tables.npz`` | the tables, where a metric is compared with peers |
| ``risk_models.npz`` | classifiers, where a metric is scored by one and it was fitted |
| ``peer_overlay.npz`` | the scores of anonymous accounts, where the definition asks for them |
| ``golden.json`` | rows with known scores |

Training adds files for people (``evaluation.json``, ``model_card.md``, plots, boosters); they are
listed and checksummed too, and the scorer neither opens nor needs them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.scoring.archive import Files, open_files, pack
from serving.scoring.column import Input
from serving.scoring.errors import ArtifactCorrupt, ArtifactError, InvalidScorecard
from serving.scoring.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    check_file,
    describe_files,
    from_json,
    is_file_name,
    read_manifest,
    to_json,
)
from serving.scoring.overlay import ScoreOverlay
from serving.scoring.peers import Peers
from serving.scoring.risk import RiskModel
from serving.scoring.risk_models import RISKS, named_models, read_risks
from serving.scoring.scorecard import Scorecard, scorecard_from_dict
from serving.scoring.stored_overlay import OVERLAY, read_overlay
from serving.scoring.stored_peers import read_peers
from serving.scoring.tree_shape import misshapen

TABLES = "peer_tables.npz"
GOLDEN = "golden.json"
#: What the scorer opens, beside the manifest, of what there is.
SERVED = (TABLES, RISKS, OVERLAY, GOLDEN)


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """An artifact in memory, verified.

    Attributes
    ----------
    tables : Peers or None
        None where no metric is compared with peers.
    version : str
        Hash of the manifest, and through it of every file: names the content.
    models : mapping of str to RiskModel
        By name; a metric whose model is not here has no score.
    overlay : ScoreOverlay or None
        None where the definition asks for no comparison, or it was not fitted.
    """

    scorecard: Scorecard
    inputs: tuple[Input, ...]
    tables: Peers | None
    golden: Mapping[str, Any]
    manifest: Mapping[str, Any]
    version: str
    models: Mapping[str, RiskModel] = field(default_factory=dict)
    overlay: ScoreOverlay | None = None


def build_manifest(
    scorecard: Scorecard, files: Mapping[str, bytes], training: Mapping[str, Any]
) -> bytes:
    """Make the manifest of `files`; `training` is what there is to say about the fit."""
    return to_json(
        {
            "format": "scorecard-artifact",
            "format_version": FORMAT_VERSION,
            "files": describe_files(files),
            "scorecard": scorecard.tree,
            "inputs": [column.to_dict() for column in scorecard.inputs],
            "outputs": [*scorecard.score_names, "last_modified"],
            "training": training,
        }
    )


def read_artifact(path: Path) -> Artifact:
    """Read and verify an artifact directory or ``model.tar.gz``; golden rows are not replayed.

    Raises
    ------
    ArtifactError
        If there is none, or what there is must not be used; the message says why.
    """
    source = open_files(path)
    manifest_bytes = source.read(MANIFEST, MAX_MANIFEST_BYTES)
    manifest = read_manifest(manifest_bytes)
    unknown = sorted(source.names() - set(manifest["files"]) - {MANIFEST})
    if unknown:
        raise ArtifactCorrupt(
            f"{path} holds {len(unknown)} files its manifest does not list: {unknown[:3]}"
        )
    served = {
        name: _read_checked(source, manifest, name) for name in served_files(manifest["files"])
    }
    scorecard = _read_scorecard(manifest["scorecard"])
    return Artifact(
        scorecard=scorecard,
        inputs=_wire_inputs(manifest, scorecard),
        tables=_read_tables(served, scorecard, manifest["format_version"]),
        golden=from_json(served[GOLDEN], GOLDEN),
        manifest=manifest,
        version=hashlib.sha256(manifest_bytes).hexdigest()[:32],
        models=_read_models(served, scorecard),
        overlay=read_overlay(served[OVERLAY], scorecard) if OVERLAY in served else None,
    )


def served_files(listed: Collection[str]) -> list[str]:
    """Give what the scorer opens of the files that a manifest lists."""
    return [name for name in SERVED if name in listed or name == GOLDEN]


def _read_tables(served: Mapping[str, bytes], scorecard: Scorecard, version: int) -> Peers | None:
    if bool(scorecard.peer_metrics) != (TABLES in served):
        lacks = "lacks" if scorecard.peer_metrics else "has no metric for"
        raise ArtifactCorrupt(f"the scorecard {lacks} {TABLES}")
    return read_peers(served[TABLES], scorecard, version=version) if TABLES in served else None


def _read_models(served: Mapping[str, bytes], scorecard: Scorecard) -> Mapping[str, RiskModel]:
    if RISKS not in served:
        return {}
    asked = [(risk.model, risk.columns) for risk in scorecard.risks]
    return named_models(read_risks(served[RISKS]), asked)


def read_files(path: Path) -> dict[str, bytes]:
    """Read and verify every listed file, those for people too; raises ArtifactError."""
    source = open_files(path)
    manifest = read_manifest(source.read(MANIFEST, MAX_MANIFEST_BYTES))
    return {name: _read_checked(source, manifest, name) for name in manifest["files"]}


def _read_checked(source: Files, manifest: Mapping[str, Any], name: str) -> bytes:
    listed = manifest["files"].get(name)
    data = b"" if listed is None else source.read(name, listed["bytes"])
    return check_file(manifest["files"], name, data)


def _read_scorecard(tree: Any) -> Scorecard:
    try:
        wrong = misshapen(tree)
        if wrong is None:
            return scorecard_from_dict(tree)
    except (InvalidScorecard, TypeError) as error:
        raise ArtifactCorrupt(f"{MANIFEST}: scorecard: {error}") from None
    except RecursionError:
        raise ArtifactCorrupt(f"{MANIFEST}: scorecard: nested too deeply") from None
    raise ArtifactCorrupt(f"{MANIFEST}: scorecard: {wrong} is missing or of another type")


def _wire_inputs(manifest: Mapping[str, Any], scorecard: Scorecard) -> tuple[Input, ...]:
    """Give the inputs in the stored order: the position of a number on the wire is its meaning."""
    stored = manifest["inputs"]
    known = [(column.to_dict(), column) for column in scorecard.inputs]
    same = isinstance(stored, list) and len(stored) == len(known)
    if not same or not all(entry in stored for entry, _ in known):
        raise ArtifactCorrupt(f"{MANIFEST}: inputs are not those of its scorecard")
    if manifest["outputs"] != [*scorecard.score_names, "last_modified"]:
        raise ArtifactCorrupt(f"{MANIFEST}: outputs are not those of its scorecard")
    return tuple(column for _, column in sorted(known, key=lambda pair: stored.index(pair[0])))


def write_artifact(folder: Path, files: Mapping[str, bytes], manifest: bytes) -> None:
    """Write an artifact directory whole or not at all, the manifest last.

    An older artifact at `folder` is replaced only when the new one is complete; anything else
    there is left alone.

    Raises
    ------
    ArtifactError
        If `folder` holds something that is not an artifact, or cannot be written.
    """
    try:
        _write(folder.resolve(), {**files, MANIFEST: manifest})
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be written: {error.strerror or error}") from None
    except RuntimeError as error:  # `resolve` says so of a link that leads to itself
        raise ArtifactError(f"{folder} cannot be written: {error}") from None


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    odd = [name for name in files if name != MANIFEST and not is_file_name(name)]
    if odd:
        raise ArtifactError(f"an artifact cannot have files of these names: {odd}")
    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise ArtifactError(f"{folder} is not empty and not an artifact; choose another place")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        partial.chmod(0o755)
        for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
            target = partial / name
            target.parent.mkdir(exist_ok=True)
            with target.open("wb") as file:
                file.write(files[name])
                file.flush()
                os.fsync(file.fileno())
        _swap(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _swap(new: Path, folder: Path) -> None:
    """Put `new` at `folder`; leaves the replaced directory at `new`."""
    if not folder.exists():
        new.rename(folder)
        return
    aside = new.with_name(new.name + ".old")
    folder.rename(aside)
    try:
        new.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    aside.rename(new)


def pack_artifact(path: Path) -> bytes:
    """Give an artifact directory as a reproducible ``model.tar.gz``; raises ArtifactError."""
    source = open_files(path)
    return pack(read_files(path), source.read(MANIFEST, MAX_MANIFEST_BYTES))
