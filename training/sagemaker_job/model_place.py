"""What is in the folder of the model: only files that a model of ours lists are replaced."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from serving.scoring.archive import open_files
from serving.scoring.errors import ArtifactError
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, read_manifest

#: In a writer's scratch folder: the manifest of the model that is being replaced.
REPLACED = "replaced.json"
#: What `arriving_together` calls its scratch folders.
_PARTIAL = ".partial-"
_SHOWN = 3


def check_model_place(folder: Path) -> set[Path]:
    """Give the files of older models that are in the way; changes nothing, but makes the folder.

    A writer that was killed leaves a scratch folder, and perhaps a part of a model without its
    manifest; the scratch folder then holds the manifests of both models.

    Raises
    ------
    ArtifactError
        Naming files that no model of ours lists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there, older = set(_files(folder)), _listed(folder, (MANIFEST,))
    for partial in _partials(folder):
        own = {partial / MANIFEST, partial / REPLACED}
        names = _listed(partial, (MANIFEST, REPLACED))
        older |= own | names | {folder / path.relative_to(partial) for path in names - own}
    if strange := sorted(str(path.relative_to(folder)) for path in there - older):
        more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
        raise ArtifactError(
            f"{folder} holds {', '.join(strange[:_SHOWN])}{more}, of no model that this program "
            "wrote and can read; a model needs a folder of its own: move or remove what is there"
        )
    return there & older


def remove(older: AbstractSet[Path], folder: Path, kept: Path) -> None:
    """Remove what `check_model_place` found; killed at any moment, it finds the rest again.

    Parameters
    ----------
    kept : Path
        Where the manifest that is there goes, before anything else.
    """
    if folder / MANIFEST in older:
        (folder / MANIFEST).replace(kept)
    partials = {path for path in _partials(folder) if path != kept.parent}

    def told_last(path: Path) -> tuple[bool, bool]:
        return not partials.isdisjoint(path.parents), path.name in (MANIFEST, REPLACED)

    for path in sorted(older, key=told_last):
        path.unlink(missing_ok=True)
    for partial in partials:
        shutil.rmtree(partial)
    for parent in {path.parent for path in older} - {folder}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _listed(place: Path, manifests: tuple[str, ...]) -> set[Path]:
    """Give the files that the readable ones of these manifests list, and those themselves."""
    found: set[Path] = set()
    for name in manifests:
        try:
            listed = read_manifest(open_files(place).read(name, MAX_MANIFEST_BYTES))["files"]
        except ArtifactError:
            continue
        found |= {place / name, *(place / each for each in listed)}
    return found


def _partials(folder: Path) -> list[Path]:
    found = folder.glob(f"{_PARTIAL}*")
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def _files(folder: Path) -> Iterator[Path]:
    """List everything but folders; a link to one is not looked behind."""
    for place, folders, names in os.walk(folder, onerror=_raise):
        for name in (*folders, *names):
            path = Path(place) / name
            if path.is_symlink() or not path.is_dir():
                yield path


def _raise(error: OSError) -> None:
    raise error
