"""Re-issue an artifact with other weights or another scale; the tables stay as they are."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.scoring import (
    ArtifactCorrupt,
    ArtifactError,
    InvalidInput,
    Scorer,
    UnsupportedFormat,
    load_scorer,
)
from serving.scoring.archive import open_files
from serving.scoring.artifact import read_files, write_artifact
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, from_json, read_manifest
from serving.scoring.scorecard import Scorecard
from training.assemble import assemble
from training.definition import Definition, EstimatorOptions, read_definition
from training.for_people import EVALUATION, PLOTS, write_cards

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NeedsFit(InvalidInput):
    """The scorecard asks for what only `train` can make."""


def build(scorecard: Path, source: Path | None, out: Path) -> Scorer:
    """Write the artifact of `scorecard` with the tables of the artifact `source`.

    Raises
    ------
    NeedsFit
        If the scorecard needs a fit that `source` does not hold; names what is missing.
    ArtifactError
        If `source` cannot be used or `out` cannot be written.
    """
    check_place(out)
    definition = read_definition(scorecard)
    if source is None:
        names = ", ".join(definition.metric_names)
        raise NeedsFit(
            f"these metrics are scored among peers and need a fit: {names}; give --from an "
            "artifact that has them, or use `scorecard train`"
        )
    old = load_scorer(source)
    training = old.artifact.manifest["training"]
    resolved = _resolve(definition, old, training)
    kept = old.peers.only(metric.name for metric in resolved.metrics)
    for_people = _for_people(read_files(source), resolved, training)
    files, manifest = assemble(
        resolved, kept, training=training, for_people=for_people, seed=training["seed"]
    )
    write_whole(out, files, manifest)
    return load_scorer(out)


def check_place(out: Path) -> None:
    """Check that an artifact may be written to `out`; asked before the work, not after it.

    A directory is replaced as a whole, so it must be empty or an artifact and nothing else.

    Raises
    ------
    ArtifactError
        Saying why not.
    """
    place = out.resolve()
    here = Path.cwd().resolve()
    if place == here or place in here.parents:
        raise ArtifactError(f"{out} is the current directory or holds it; choose another place")
    if not place.exists():
        nearest = next(path for path in place.parents if path.exists())
    elif not place.is_dir():
        raise ArtifactError(f"{out} is a file; an artifact is a directory: choose another place")
    else:
        _check_replaceable(out)
        nearest = place.parent
    if not nearest.is_dir():
        raise ArtifactError(f"{nearest} is a file; {out} cannot be made in it")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ArtifactError(f"{nearest} is read-only; {out} cannot be written there")


def _check_replaceable(folder: Path) -> None:
    files = open_files(folder)
    there = files.names()
    if MANIFEST not in there:
        if any(folder.iterdir()):
            raise ArtifactError(f"{folder} is not empty and not an artifact; choose another place")
        return
    try:
        listed = read_manifest(files.read(MANIFEST, MAX_MANIFEST_BYTES))["files"]
    except (ArtifactCorrupt, UnsupportedFormat) as error:
        raise ArtifactError(
            f"{folder} is not an artifact of this program ({error}); choose another place"
        ) from None
    if others := sorted(there - set(listed) - {MANIFEST}):
        raise ArtifactError(
            f"{folder} holds files that are not the artifact's: {', '.join(others)}; "
            "move them, or choose another place"
        )


def write_whole(out: Path, files: Mapping[str, bytes], manifest: bytes) -> None:
    """Write an artifact; a signal to stop waits until the old or the new one is in its place.

    Raises
    ------
    ArtifactError
        If it cannot be written.
    """
    try:
        with _undisturbed():
            # A link is followed, so that what it points to is replaced, not the link.
            write_artifact(out.resolve(), files, manifest)
    except OSError as error:
        raise ArtifactError(f"{out} cannot be written: {error.strerror or error}") from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and the like back until the block is done; only the main thread gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # One that is ignored, or ends the process without asking Python, stays as it is.
    before = {number: handler for number in _STOPS if callable(handler := signal.getsignal(number))}
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def nonzero_counts(descriptions: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Give, by metric, how many training values are not 0, from what was said of its fit."""
    return {name: fit["accounts"] - fit["zeros"] for name, fit in descriptions.items()}


def _resolve(definition: Definition, old: Scorer, training: Mapping[str, Any]) -> Scorecard:
    fitted = {column.name: column for column in old.scorecard.peer_dimensions}
    wanted = [(column.name, column.type) for column in definition.peer_dimension_inputs]
    if wanted != [(column.name, column.type) for column in fitted.values()]:
        raise NeedsFit(
            f"the tables compare accounts by {', '.join(fitted)}; other peer dimensions need a fit"
        )
    tables = old.peers.metrics
    if missing := sorted(set(definition.metric_names) - set(tables)):
        raise NeedsFit(f"the artifact has no tables for: {', '.join(missing)}")
    otherwise = [
        name
        for name in definition.metric_names
        if not _as_asked(training["metrics"][name], definition.estimator(name))
    ]
    if otherwise:
        raise NeedsFit(f"fitted with another estimator than asked for: {', '.join(otherwise)}")
    return definition.resolve(
        nonzero_counts=nonzero_counts(training["metrics"]),
        categories={name: column.categories for name, column in fitted.items()},
    )


def _as_asked(fitted: Mapping[str, Any], asked: EstimatorOptions | None) -> bool:
    """Say whether a fit is what a definition asks for; any estimator may fall back on marginal."""
    if asked is None or fitted["estimator"] == "marginal":
        return True
    wanted = {
        "estimator": asked.name,
        "family": asked.family,
        "loc": asked.loc,
        "scale": asked.scale,
    }
    return all(fitted.get(key) == value for key, value in wanted.items() if value is not None)


def _for_people(
    files: Mapping[str, bytes], scorecard: Scorecard, training: Mapping[str, Any]
) -> dict[str, bytes]:
    """Keep what stays true: the tables were not fitted again, so their evaluation holds."""
    kept = {
        name: data
        for name, data in files.items()
        if name == EVALUATION or name.startswith((PLOTS, "boosters/"))
    }
    if EVALUATION in kept:
        evaluation = from_json(kept[EVALUATION], EVALUATION)
        names = [metric.name for metric in scorecard.peer_metrics]
        evaluation["metrics"] = {name: evaluation["metrics"][name] for name in names}
        plots = {name: data for name, data in kept.items() if name.startswith(PLOTS)}
        kept |= write_cards(scorecard, training, evaluation, plots)
    return kept
