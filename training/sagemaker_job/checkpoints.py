"""Fitted metrics on the disk, so that a run that was stopped begins where it was.

A folder per run: named after all that a fit depends on, so that fits of other data are never met.
What comes out of a fit always went through its file's bytes: a resumed run is the run itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serving.scoring
import training
from training.fit import MetricFit, Remember
from training.sagemaker_job.stored_fit import pack_fit, unpack_fit

_ABOUT = "run.json"
_FOLDERS = "fits-"
_PARTIAL = ".partial-"
_DIGEST_BYTES = hashlib.sha256().digest_size

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoints:
    """The fits in a folder; call it with what a run's fits depend on."""

    folder: Path

    def __call__(self, depends_on: Mapping[str, Any]) -> Remember:
        """Find the fits of a run, and say which others there are and why they are not used."""
        about = {**depends_on, "code_sha256": _code_sha256()}
        text = json.dumps(about, indent=1, sort_keys=True)
        place = self.folder / (_FOLDERS + hashlib.sha256(text.encode()).hexdigest()[:16])
        self._tell_others(place, about)
        try:
            place.mkdir(exist_ok=True)
            # What a killed run left; SageMaker copies and restores these too.
            for partial in place.glob(f"{_PARTIAL}*"):
                partial.unlink()
            _write(place / _ABOUT, text.encode())
        except OSError as error:
            _log.warning("no checkpoints are kept: %s: %s", place, error.strerror)
        return _Fits(place).remember

    def _tell_others(self, place: Path, about: Mapping[str, Any]) -> None:
        for other in sorted(self.folder.glob(f"{_FOLDERS}*/{_ABOUT}")):
            if other.parent != place:
                _log.info("checkpoints in %s are not used: %s", other.parent, _other(other, about))


@dataclass(frozen=True)
class _Fits:
    """The fits of one run."""

    place: Path

    def remember(self, name: str, fit: Callable[[], MetricFit]) -> MetricFit:
        """Give a metric's fit from its file, or make it and write that."""
        # Its name as a number too: some disks take `Bots` and `bots` for the same.
        path = self.place / f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.fit"
        found = _read(path)
        if found is not None:
            _log.info("%s: taken from its checkpoint", name)
            return found
        data = pack_fit(fit())
        try:
            _write(path, hashlib.sha256(data).digest() + data)
        except OSError as error:
            # Without it a restart takes longer, and that is all.
            _log.warning("%s: no checkpoint: %s", name, error.strerror)
        return unpack_fit(data)


def _read(path: Path) -> MetricFit | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("%s cannot be read, the metric is fitted again: %s", path, error.strerror)
        return None
    digest, data = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() == digest:
        try:
            return unpack_fit(data)
        except ValueError:
            pass
    _log.warning("%s is damaged, the metric is fitted again", path)
    return None


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(prefix=_PARTIAL, dir=path.parent, delete=False) as file:
        partial = Path(file.name)
        try:
            file.write(data)
            file.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _other(path: Path, about: Mapping[str, Any]) -> str:
    try:
        told = json.loads(path.read_bytes())
        differing = sorted(key for key in {*told, *about} if told.get(key) != about.get(key))
    except (OSError, ValueError, TypeError):
        return f"{path.name} cannot be read"
    return f"{', '.join(differing)} differ{'s' if len(differing) == 1 else ''}"


def _code_sha256() -> str:
    """Give a hash of the code that fits: another image is another run."""
    digest = hashlib.sha256()
    for package in (training, serving.scoring):
        for folder in package.__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()
